//! The compact form of a signed JWT, RFC 7515 section 7.1.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

/// The text that a JWT's signature covers: header and payload in base64url, joined by a dot.
///
/// It has room for the signature, since growing would leave copies behind of what may hold a token.
pub(crate) fn signing_input(
    header: &impl Serialize,
    payload: &impl Serialize,
) -> Result<String, Error> {
    let (header, payload) = (json(header)?, json(payload)?);
    let encoded = (header.len() + payload.len()) / 3 * 4 + 8;
    let mut text = String::with_capacity(encoded + LONGEST_SIGNATURE);
    BASE64_URL_SAFE_NO_PAD.encode_string(&*header, &mut text);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(&*payload, &mut text);
    Ok(text)
}

/// The whole JWT. Takes the buffer of `signing_input` over.
pub(crate) fn signed(signing_input: String, signature: &[u8]) -> String {
    let mut text = signing_input;
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    text
}

/// A binary value the way JOSE headers hold it, RFC 7515 section 2.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// JSON in a buffer of its length, which is wiped when it is dropped.
fn json(part: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |_| Error::new(ErrorKind::Internal("signed token"));
    let mut length = Length(0);
    serde_json::to_writer(&mut length, part).map_err(failed)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, part).map_err(failed)?;
    Ok(json)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// That of an RSA key of 8,192 bits, in base64url.
const LONGEST_SIGNATURE: usize = 1368;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_into_the_room_that_is_left() {
        for length in [0, 1, 2, 3, 100] {
            let input = signing_input(&"h".repeat(length), &"p".repeat(length * 2)).unwrap();
            let room = input.capacity();
            let signed = signed(input, &[7; 1024]);
            assert_eq!(signed.capacity(), room);
            assert_eq!(signed.split('.').count(), 3);
        }
    }
}
