use std::path::Path;

use http::header::{HeaderValue, WWW_AUTHENTICATE};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Response};

/// The name of the file that Azure Arc's agent has left the key in: whoever can read it may have a token.
///
/// The server names it, so that it is believed nothing: the folder must be the agent's, and the name one that means
/// nothing but a file there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyName(String);

impl KeyName {
    /// Reads the challenge of a 401, `WWW-Authenticate: Basic realm=<path>`. `folder` is where keys may be.
    pub fn of(response: &Response, folder: &Path) -> Result<Self, Error> {
        let header = response.headers().get(WWW_AUTHENTICATE);
        let header = header.ok_or_else(|| refused("it has no `WWW-Authenticate` header"))?;
        let text = header.to_str().map_err(|_| refused("it is no text"))?;
        let path = realm(text).ok_or_else(|| refused("it is no `Basic realm=<path>`"))?;
        let folder = folder
            .to_str()
            .ok_or_else(|| refused("the keys' folder is not named in UTF-8"))?;
        let name = path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix(std::path::MAIN_SEPARATOR))
            .ok_or_else(|| refused("the file is not in the folder of the agent's keys"))?;
        let stem = name
            .strip_suffix(".key")
            .ok_or_else(|| refused("the file's name does not end in `.key`"))?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        match !stem.is_empty() && stem.bytes().all(fits) {
            true => Ok(Self(name.to_owned())),
            false => Err(refused("the file's name is not one that the agent makes")),
        }
    }

    /// The name, within the folder.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of the `Authorization` header, by what is in the file. A final line end does not count.
    pub fn authorization(content: &[u8]) -> Result<HeaderValue, Error> {
        let unusable =
            |why| Error::new(ErrorKind::InvalidResponse("key of Azure Arc's agent")).because(why);
        if content.len() > LARGEST {
            return Err(unusable("the file has more than 4,096 bytes"));
        }
        let key = content.strip_suffix(b"\n").unwrap_or(content);
        let key = key.strip_suffix(b"\r").unwrap_or(key);
        if key.is_empty() {
            return Err(unusable("the file is empty"));
        }
        let is_text = std::str::from_utf8(key).is_ok_and(|text| !text.contains(char::is_control));
        if !is_text {
            return Err(unusable("the file holds what no header may hold"));
        }
        let mut value = Zeroizing::new(Vec::with_capacity(key.len() + 6));
        value.extend_from_slice(b"Basic ");
        value.extend_from_slice(key);
        let mut value = HeaderValue::from_bytes(&value)
            .map_err(|_| unusable("the file holds what no header may hold"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// What follows `Basic realm=`, in quotes or not.
fn realm(text: &str) -> Option<&str> {
    let (scheme, rest) = text.trim().split_once(' ')?;
    let (name, value) = rest.trim_start().split_once('=')?;
    if !scheme.eq_ignore_ascii_case("basic") || !name.trim().eq_ignore_ascii_case("realm") {
        return None;
    }
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

fn refused(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("challenge of Azure Arc's agent")).because(why)
}

/// How large a key may be.
pub(crate) const LARGEST: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(header: &[u8], folder: &str) -> Option<String> {
        let response = http::Response::builder()
            .status(401)
            .header(WWW_AUTHENTICATE, header)
            .body(bytes::Bytes::new())
            .unwrap();
        let name = KeyName::of(&response, Path::new(folder)).ok()?;
        Some(name.as_str().to_owned())
    }

    #[test]
    fn a_name_is_what_follows_the_folder() {
        for header in [
            "Basic realm=/keys/a-B_9.key",
            "basic Realm=/keys/a-B_9.key",
            "  Basic   realm = \"/keys/a-B_9.key\"  ",
        ] {
            let found = name(header.as_bytes(), "/keys");
            assert_eq!(found.as_deref(), Some("a-B_9.key"), "{header}");
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        for header in [
            &b"Basic realm=/keys/../a.key"[..],
            b"Basic realm=/keys/a.key/b.key",
            b"Basic realm=/keys/.a.key",
            b"Basic realm=/keys//a.key",
            b"Basic realm=/keysa.key",
            b"Basic realm=keys/a.key",
            b"Basic realm=\"/keys/a.key",
            b"Basic realm=/keys/a.key\"",
            b"Basic realm=\"/keys/a.key\", charset=x",
            b"Basic realm=",
            b"Digest realm=/keys/a.key",
            b"Basic \xffrealm=/keys/a.key",
            b"",
        ] {
            assert_eq!(name(header, "/keys"), None, "{header:?}");
        }
        assert_eq!(name(b"Basic realm=/keys/a.key", "/key"), None);
        assert_eq!(name(b"Basic realm=/keys/a.key", ""), None);
    }

    #[test]
    fn a_header_is_made_of_what_a_header_may_hold() {
        let header = |content: &[u8]| KeyName::authorization(content).ok();
        let value = header(b"abc\r\n").unwrap();
        assert!(value.is_sensitive());
        assert_eq!(value.as_bytes(), b"Basic abc");
        assert!(header(&[b'k'; LARGEST]).is_some());
        for content in [
            &[b'k'; LARGEST + 1][..],
            b"",
            b"\n",
            b"a\nb",
            b"a\0",
            b"\xff",
        ] {
            assert!(header(content).is_none(), "{content:?}");
        }
    }
}
