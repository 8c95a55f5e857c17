use std::borrow::Cow;

/// Makes a text of the server's fit to be shown: control, bidi and zero-width characters gone, at most 1 KiB,
/// and whatever looks like a token masked.
///
/// Masked are JWT-like texts and runs of 32 or more base64url characters, but for GUIDs.
pub fn sanitized(text: &str) -> String {
    // First, since what is invisible could part a token in two that are not recognised.
    let text = visible(text);
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut rest = &*text;
    while let Some(start) = rest.find(is_token_char) {
        let (between, tail) = rest.split_at(start);
        out.push_str(between);
        let end = tail.find(|c| !is_token_char(c)).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(end);
        out.push_str(&masked(word));
        rest = tail;
        if out.len() >= LONGEST {
            break;
        }
    }
    out.push_str(rest);
    truncate(&mut out, LONGEST);
    out
}

fn masked(word: &str) -> Cow<'_, str> {
    let longest_run = word.split('.').map(str::len).max().unwrap_or_default();
    let jwt_like = word.starts_with("eyJ");
    if is_guid(word) || (longest_run < SHORTEST_SECRET && !jwt_like) {
        return Cow::Borrowed(word);
    }
    Cow::Borrowed("[masked]")
}

/// What base64, base64url and the dots of a JWT are made of.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=')
}

fn is_guid(word: &str) -> bool {
    word.len() == 36 && uuid::Uuid::try_parse(word).is_ok()
}

fn visible(text: &str) -> String {
    let spaced = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(|c| !is_invisible(*c)).collect()
}

/// C0 and C1 controls, zero-width characters, bidi controls, tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn truncate(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
    }
}

const LONGEST: usize = 1024;
const SHORTEST_SECRET: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_description_stays_as_it_is() {
        let text = "AADSTS7000215: Invalid client secret provided. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(sanitized(text), text);
    }

    #[test]
    fn tokens_are_masked() {
        assert_eq!(sanitized("got eyJhbGciOi.x.y here"), "got [masked] here");
        assert_eq!(
            sanitized("secret=abcdefghijklmnopqrstuvwxyz0123456789~"),
            "[masked]~"
        );
    }

    #[test]
    fn what_steers_a_terminal_or_hides_is_gone() {
        assert_eq!(
            sanitized("a\u{1b}[2Jb\u{202e}c\u{200b}d\r\ne"),
            "a[2Jbcd  e"
        );
    }

    #[test]
    fn a_token_is_masked_whatever_is_hidden_in_it() {
        for hidden in ["\u{200b}", "\0", "\u{1b}", "\u{202e}", "\u{ad}"] {
            let token = ["e", "yJhbGciOi", ".x.y"].join(hidden);
            assert_eq!(sanitized(&token), "[masked]", "{hidden:?}");
            let run = ["abcdefghijklmnop", "qrstuvwxyz0123456789"].join(hidden);
            assert_eq!(sanitized(&run), "[masked]", "{hidden:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let cut = sanitized(&"é ".repeat(1000));
        assert!(
            cut.len() <= LONGEST && cut.len() > LONGEST - 4,
            "{}",
            cut.len()
        );
    }
}
