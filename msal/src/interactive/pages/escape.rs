use std::fmt::Write as _;

/// Appends a value from outside so that it stays text, in an element as in an attribute, quoted or not: letters,
/// digits and some punctuation as they are, other ASCII as a character reference, and what is not to be seen (line
/// breaks, controls, changes of direction) as a space.
pub(super) fn escape_into(page: &mut String, value: &str) {
    for letter in value.chars().take(MAX_LEN) {
        match letter {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | ' '
            | '.'
            | ','
            | ':'
            | ';'
            | '-'
            | '_'
            | '('
            | ')' => {
                page.push(letter);
            }
            _ if is_unseen(letter) => page.push(' '),
            _ if letter.is_ascii() => {
                // Writing to a string cannot fail.
                let _ = write!(page, "&#{};", u32::from(letter));
            }
            _ => page.push(letter),
        }
    }
    if value.chars().nth(MAX_LEN).is_some() {
        page.push('…');
    }
}

fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// In characters; what identity providers write is shorter.
const MAX_LEN: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_html_understands_is_left() {
        let mut page = String::new();
        escape_into(&mut page, "a<b>&\"'`=/\r\n\0\u{202e}ä{}");
        assert_eq!(
            page,
            "a&#60;b&#62;&#38;&#34;&#39;&#96;&#61;&#47;    ä&#123;&#125;"
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let mut page = String::new();
        escape_into(&mut page, &"ä".repeat(MAX_LEN));
        assert!(page.ends_with('ä'));
        escape_into(&mut page, &"ä".repeat(MAX_LEN + 1));
        assert!(page.ends_with("ä…"));
    }
}
