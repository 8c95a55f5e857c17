#![warn(clippy::arithmetic_side_effects)]

/// Whether JSON is nested deeper than `limit`, found without recursion and before anything is parsed.
pub(super) fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
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
    }
}
