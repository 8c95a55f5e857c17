//! A proxy's URL. The two transport crates hold this file in the same words; a test compares them.

use std::fmt;

use url::Url;

use msal_core::{Error, ErrorKind};

/// The URL of an HTTP proxy, of which `Debug` shows nothing secret.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct ProxyUrl(Url);

impl ProxyUrl {
    /// Takes `http://` and `https://` URLs, with or without credentials, port and final slash.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text).map_err(|source| invalid("it is no URL").with_source(source))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("its scheme must be http or https"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("nothing may follow its host and port"));
        }
        Ok(Self(url))
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.0.scheme())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("proxy")).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "proxy",
            "proxy:8080",
            "//proxy",
            "http://",
            "http://:8080",
            "http://proxy:99999",
            "http://proxy/path",
            "http://proxy?query",
            "http://proxy#fragment",
            "ftp://proxy",
            "socks5://proxy:1080",
            "http://pro xy",
        ] {
            let error = ProxyUrl::parse(text).expect_err(text);
            assert_eq!(error.kind(), &ErrorKind::InvalidArgument("proxy"), "{text}");
        }
    }

    #[test]
    fn credentials_are_kept_but_not_shown() {
        let proxy = ProxyUrl::parse("http://user:hunter2@proxy.test:8080").unwrap();
        assert_eq!(proxy.as_url().password(), Some("hunter2"));
        assert_eq!(format!("{proxy:?}"), "http://proxy.test:8080");
        let error = ProxyUrl::parse("http://user:hunter2@proxy.test:99999").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
