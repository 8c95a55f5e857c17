use std::collections::HashMap;
use std::fmt;

use http::Method;
use sha2::{Digest, Sha256};
use url::Url;

use crate::jwt::base64url;
use crate::{Error, ErrorKind};

/// What of an HTTP request is signed along with its token: method, host, path and query.
///
/// ```
/// # use msal_core::PopRequest;
/// let request = PopRequest::new("GET", "https://api.contoso.com/orders?top=3")?;
/// // What the API asked for in a `WWW-Authenticate` header.
/// let request = request.nonce("eyJhbGciOi")?;
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone)]
pub struct PopRequest {
    method: String,
    host: String,
    path: String,
    query: Option<String>,
    nonce: Option<String>,
}

impl PopRequest {
    /// A request of this method to this URL, just as it will be sent.
    ///
    /// Fails for what is no HTTP method, and for a URL that is neither http nor https or that holds a user name.
    pub fn new(method: impl AsRef<str>, url: impl AsRef<str>) -> Result<Self, Error> {
        let refused =
            |why| Err(Error::new(ErrorKind::InvalidArgument("request to sign")).because(why));
        let Ok(method) = Method::from_bytes(method.as_ref().as_bytes()) else {
            return refused("its method is no HTTP method");
        };
        let Ok(url) = Url::parse(url.as_ref()) else {
            return refused("its URL is malformed");
        };
        let Some(host) = url
            .host_str()
            .filter(|_| matches!(url.scheme(), "http" | "https"))
        else {
            return refused("its URL is neither https nor http");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("its URL holds a user name");
        }
        Ok(Self {
            method: method.as_str().to_ascii_uppercase(),
            host: match url.port() {
                Some(port) => [host, ":", &port.to_string()].concat(),
                None => host.to_owned(),
            },
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            nonce: None,
        })
    }

    /// The nonce that the API handed out, so that a signature serves once; a random one where none is given.
    ///
    /// Fails for an empty one, and for one longer than 2 KiB.
    pub fn nonce(self, nonce: impl Into<String>) -> Result<Self, Error> {
        let nonce = nonce.into();
        if nonce.is_empty() || nonce.len() > LONGEST_NONCE {
            return Err(Error::new(ErrorKind::InvalidArgument("nonce"))
                .because("it has 1 to 2,048 characters"));
        }
        Ok(Self {
            nonce: Some(nonce),
            ..self
        })
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn given_nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// The names of the query's parameters, and the hash of them all, draft section 3.2: repeated ones are left out
    /// (section 7.5), as are those without a name or a value.
    pub(super) fn signed_query(&self) -> (Vec<&str>, String) {
        let query = self.query.as_deref().unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<_> = pairs.filter(|(_, value)| !value.contains('=')).collect();
        let mut times = HashMap::<&str, usize>::new();
        for (name, _) in &pairs {
            *times.entry(name).or_default() += 1;
        }
        let mut names = Vec::new();
        let mut hash = Sha256::new();
        for (name, value) in pairs {
            if name.is_empty() || value.is_empty() || times.get(name) != Some(&1) {
                continue;
            }
            if !names.is_empty() {
                hash.update("&");
            }
            for piece in [name, "=", value] {
                hash.update(piece);
            }
            names.push(name);
        }
        (names, base64url(&hash.finalize()))
    }
}

impl fmt::Debug for PopRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PopRequest")
            .field("method", &self.method)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

const LONGEST_NONCE: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn query(url: &str) -> (Vec<String>, String) {
        let request = PopRequest::new("GET", url).unwrap();
        let (names, hash) = request.signed_query();
        (names.into_iter().map(str::to_owned).collect(), hash)
    }

    #[test]
    fn the_query_is_hashed_as_the_draft_has_it() {
        // Draft section 3.2: b=bar, a=foo, c=duck.
        let (names, hash) = query("https://a.example/p?b=bar&a=foo&c=duck");
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(hash, "u4LgkGUWhP9MsKrEjA4dizIllDXluDku6ZqCeyuR-JY");
    }

    #[test]
    fn what_the_other_side_could_read_otherwise_is_not_covered() {
        let same = query("https://a.example/p?a=1");
        for text in [
            "a=1&b=2&b=3",
            "b=&a=1",
            "a=1&=2",
            "a=1&c",
            "a=1&d=2=3",
            "&a=1&",
        ] {
            assert_eq!(
                query(&["https://a.example/p?", text].concat()),
                same,
                "{text}"
            );
        }
        let none = query("https://a.example/p");
        assert_eq!(none, query("https://a.example/p?"));
        assert_eq!(none, (vec![], base64url(&Sha256::digest(""))));
    }

    #[test]
    fn parts_are_those_that_are_sent() {
        let request = PopRequest::new("get", "HTTPS://API.Example:443/a%20b/../C?x#y").unwrap();
        assert_eq!(request.method(), "GET");
        assert_eq!(request.host(), "api.example");
        assert_eq!(request.path(), "/C");
        let request = PopRequest::new(Method::POST, "http://[::1]:8080").unwrap();
        assert_eq!((request.host(), request.path()), ("[::1]:8080", "/"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (method, url) in [
            ("", "https://a.example"),
            ("GE T", "https://a.example"),
            ("GET\r\n", "https://a.example"),
            ("GET", "/path"),
            ("GET", "ftp://a.example"),
            ("GET", "data:text/plain,a"),
            ("GET", "https://u@a.example"),
            ("GET", "https://:p@a.example"),
        ] {
            let error = PopRequest::new(method, url).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::InvalidArgument("request to sign"),
                "{method} {url}"
            );
        }
        let request = PopRequest::new("GET", "https://a.example").unwrap();
        assert!(request.clone().nonce("").is_err());
        assert!(request.nonce("n".repeat(2049)).is_err());
    }
}
