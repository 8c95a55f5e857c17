//! The compact form of a signed JWT, RFC 7515 section 7.1.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::{Error, ErrorKind};

/// The text that a JWT's signature covers: header and payload in base64url, joined by a dot.
pub(crate) fn signing_input(
    header: &impl Serialize,
    payload: &impl Serialize,
) -> Result<String, Error> {
    let mut text = String::new();
    BASE64_URL_SAFE_NO_PAD.encode_string(json(header)?, &mut text);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(json(payload)?, &mut text);
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

fn json(part: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(part).map_err(|_| Error::new(ErrorKind::Internal("client assertion")))
}
