#![warn(clippy::arithmetic_side_effects)]

use memchr::memchr2;

/// Whether JSON is nested deeper than `limit`, found without recursion and before anything is parsed.
pub(super) fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_text(after),
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What follows the text that this is the inside of.
fn after_text(json: &[u8]) -> &[u8] {
    let mut rest = json;
    while let Some(at) = memchr2(b'"', b'\\', rest) {
        let (_, from) = rest.split_at_checked(at).unwrap_or_default();
        match from {
            [b'"', after @ ..] => return after,
            // What is escaped.
            [_, _, after @ ..] => rest = after,
            _ => return &[],
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_strings_only() {
        assert!(!is_deeper_than(2, br#"{"a":[],"b":[]}"#));
        assert!(is_deeper_than(2, br#"{"a":[[]]}"#));
        assert!(!is_deeper_than(1, br#"{"a":"[[{\"[["}"#));
        assert!(is_deeper_than(1, br#"{"a\\":[]}"#));
        assert!(is_deeper_than(64, &[b'['; 1_000_000]));
        // What ends within a text, or after half an escape.
        assert!(!is_deeper_than(1, br#"{"a[[["#));
        assert!(!is_deeper_than(1, br#"{"a[[\"#));
    }
}
