use std::fmt;

use super::{MAX_HEAD, Refusal};

/// The request line and headers, as far as a listener needs them.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Head<'a> {
    /// As sent: methods are case-sensitive, RFC 9110 section 9.1.
    pub method: &'a str,
    /// The request target, in whatever form; visible ASCII.
    pub target: &'a str,
    /// The only `Host`.
    pub host: &'a str,
    /// The media type, without parameters, as sent.
    pub media_type: Option<&'a str>,
    /// The length of the body in bytes, where one is announced.
    pub content_length: Option<u64>,
    /// The length of all this in bytes, the empty line included.
    pub len: usize,
}

impl<'a> Head<'a> {
    /// Reads the start of `bytes`; none when there is more to come.
    ///
    /// # Errors
    ///
    /// Whatever follows cannot mend it.
    pub fn read(bytes: &'a [u8]) -> Result<Option<Self>, Refusal> {
        let end = end_of_head(bytes)?;
        let Some(head) = end.and_then(|end| bytes.get(..end)) else {
            return match bytes.len() < MAX_HEAD {
                true => Ok(None),
                false => Err(Refusal::TooManyHeaders),
            };
        };
        if head.len() > MAX_HEAD {
            return Err(Refusal::TooManyHeaders);
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Ok(_) => return Err(Refusal::BadRequest),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooManyHeaders),
            Err(httparse::Error::Version) => return Err(Refusal::UnsupportedVersion),
            Err(_) => return Err(Refusal::BadRequest),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(Refusal::BadRequest);
        };
        // A fragment is never sent, RFC 9112 section 3.2.
        if !target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
        {
            return Err(Refusal::BadRequest);
        }
        Self::with_headers(method, target, request.headers, head.len()).map(Some)
    }

    fn with_headers(
        method: &'a str,
        target: &'a str,
        headers: &[httparse::Header<'a>],
        len: usize,
    ) -> Result<Self, Refusal> {
        let mut host = None;
        let mut media_type = None;
        let mut content_length = None;
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            // Who may be sent a request in two lengths can be made to see two requests, RFC 9112 section 11.2.
            if is("transfer-encoding") {
                return Err(Refusal::BadRequest);
            }
            let (is_again, is_known) = if is("host") {
                (host.replace(text(header.value)?).is_some(), true)
            } else if is("content-type") {
                (media_type.replace(text(header.value)?).is_some(), true)
            } else if is("content-length") {
                (
                    content_length.replace(length(header.value)?).is_some(),
                    true,
                )
            } else {
                (false, false)
            };
            if is_known && is_again {
                return Err(Refusal::BadRequest);
            }
        }
        Ok(Self {
            method,
            target,
            // RFC 9112 section 3.2 asks for exactly one; a browser that speaks HTTP/1.0 sends it too.
            host: host.ok_or(Refusal::BadRequest)?,
            media_type: media_type.map(without_parameters),
            content_length,
            len,
        })
    }
}

/// The target may carry an authorization code.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("content_length", &self.content_length)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Where the empty line ends, if it is there. Lines end in CR LF and in nothing else, none is folded, and no byte is
/// NUL.
fn end_of_head(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    let mut line = 0;
    let mut before = None;
    for (place, &byte) in bytes.iter().take(MAX_HEAD + 1).enumerate() {
        match (before, byte) {
            (Some(b'\r'), b'\n') if line == 0 => return Ok(Some(place + 1)),
            (Some(b'\r'), b'\n') => line = 0,
            (Some(b'\r'), _) | (_, b'\n' | 0) => return Err(Refusal::BadRequest),
            (Some(b'\n'), b' ' | b'\t') => return Err(Refusal::BadRequest),
            (_, b'\r') => {}
            _ => line += 1,
        }
        before = Some(byte);
    }
    Ok(None)
}

fn text(value: &[u8]) -> Result<&str, Refusal> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text),
        _ => Err(Refusal::BadRequest),
    }
}

/// Digits and nothing else: no sign, no list.
fn length(value: &[u8]) -> Result<u64, Refusal> {
    let digits = text(value)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::BadRequest);
    }
    digits.parse().map_err(|_| Refusal::BadRequest)
}

fn without_parameters(media_type: &str) -> &str {
    media_type
        .split_once(';')
        .map_or(media_type, |(essence, _)| essence)
        .trim()
}

/// A browser sends about fifteen.
const MAX_HEADERS: usize = 64;

#[cfg(test)]
mod tests;
