use std::fmt;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use zeroize::Zeroizing;

use super::key::LENGTH;

/// What is wrong with a text that should be a key.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Mistake {
    Empty,
    Length(usize),
    Neither,
    TooLong,
}

/// The bytes that a text stands for. Copies are wiped.
pub(super) fn decoded(text: &str) -> Result<Zeroizing<[u8; LENGTH]>, Mistake> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Mistake::Empty);
    }
    if text.len() > LONGEST {
        return Err(Mistake::TooLong);
    }
    // 64 characters of base64 would be 48 bytes, so nothing can be meant as both.
    if text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hex(text).ok_or(Mistake::Neither);
    }
    let mut bytes = Zeroizing::new([0; LONGEST]);
    let read = [STANDARD_ENGINE, URL_ENGINE]
        .iter()
        .find_map(|engine| engine.decode_slice(text, &mut *bytes).ok());
    let read = read.ok_or(Mistake::Neither)?;
    let key = bytes.get(..read).unwrap_or_default();
    let key = <&[u8; LENGTH]>::try_from(key).map_err(|_| Mistake::Length(read))?;
    Ok(Zeroizing::new(*key))
}

/// A text that [`decoded`] reads.
pub(super) fn encoded(bytes: &[u8; LENGTH]) -> Zeroizing<String> {
    Zeroizing::new(general_purpose::STANDARD.encode(bytes))
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Length(bytes) => write!(f, "has {bytes} bytes, and must have {LENGTH}"),
            Self::Neither => write!(
                f,
                "is neither base64 nor hex: {LENGTH} random bytes are needed, such as `openssl rand -base64 {LENGTH}` prints"
            ),
            Self::TooLong => write!(f, "is too long for {LENGTH} bytes in base64 or hex"),
        }
    }
}

fn hex(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut key = Zeroizing::new([0; LENGTH]);
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

const STANDARD_ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

const URL_ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Longer than any key, so that other texts are told by how many bytes they have.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_key_is_read() {
        let key: [u8; LENGTH] = std::array::from_fn(|n| 0xf8 | n as u8);
        let standard = general_purpose::STANDARD.encode(key);
        let url = general_purpose::URL_SAFE_NO_PAD.encode(key);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(standard.contains('/') && url.contains('_'));
        let texts = [
            &standard,
            standard.trim_end_matches('='),
            &url,
            &format!("{url}="),
            &hex,
            &hex.to_uppercase(),
            &format!("  {hex}\r\n"),
            &encoded(&key),
        ];
        for text in texts {
            assert_eq!(*decoded(text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_its_text() {
        let cases = [
            ("", "is empty"),
            (" \n", "is empty"),
            ("c2VjcmV0", "has 6 bytes, and must have 32"),
            ("pass word", "is neither base64 nor hex"),
            ("+_+_", "is neither base64 nor hex"),
            (&"a".repeat(62), "has 46 bytes, and must have 32"),
            (&"z".repeat(300), "is too long"),
        ];
        for (text, told) in cases {
            let mistake = decoded(text).unwrap_err().to_string();
            assert!(mistake.starts_with(told), "{text}: {mistake}");
            assert!(text.trim().is_empty() || !mistake.contains(text));
        }
    }
}
