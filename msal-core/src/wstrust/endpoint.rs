use std::fmt;

use url::Url;

use crate::{Error, ErrorKind};

/// Where a federation server takes a user name and a password, always over https, and in which dialect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    url: Url,
    version: Version,
}

impl Endpoint {
    /// An endpoint that speaks this version. Fails on a URL that is not https, or that has a user name in it.
    pub fn new(url: &str, version: Version) -> Result<Self, Error> {
        let url = secure_url(url).map_err(|why| {
            Error::new(ErrorKind::InvalidArgument("WS-Trust endpoint")).because(why)
        })?;
        Ok(Self { url, version })
    }

    /// The endpoint that a realm names without metadata: its path tells the version.
    ///
    /// None where the path is not one that AD FS uses for user names.
    pub fn of_active_url(url: &Url) -> Option<Self> {
        let path = url.path().trim_end_matches('/').to_ascii_lowercase();
        let version = Version::ALL
            .into_iter()
            .find(|version| path.ends_with(version.usual_path()))?;
        Self::new(url.as_str(), version).ok()
    }

    /// Where the request goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The dialect.
    pub fn version(&self) -> Version {
        self.version
    }
}

/// A version of WS-Trust, in the order of preference.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// The draft of February 2005.
    V2005,
    /// WS-Trust 1.3, an OASIS standard.
    V13,
}

impl Version {
    pub(super) const ALL: [Self; 2] = [Self::V2005, Self::V13];

    /// The version whose request for a token has this SOAP action.
    pub(super) fn of_action(action: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.action() == action)
    }

    pub(super) fn action(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
        }
    }

    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
        }
    }

    /// A token that is good for whoever bears it.
    pub(super) fn key_type(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        }
    }

    pub(super) fn request_type(self) -> &'static str {
        match self {
            Self::V2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue",
        }
    }

    /// How the id of a user name token begins.
    pub(super) fn token_id(self) -> &'static str {
        match self {
            Self::V2005 => "UnPwSecTok2005-",
            Self::V13 => "UnPwSecTok13-",
        }
    }

    fn usual_path(self) -> &'static str {
        match self {
            Self::V2005 => "/trust/2005/usernamemixed",
            Self::V13 => "/trust/13/usernamemixed",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2005 => "WS-Trust 2005",
            Self::V13 => "WS-Trust 1.3",
        })
    }
}

/// Reads a URL from outside that may be sent a password: https, without a user name, and with nothing in it that two
/// parsers could read differently. Says why not.
pub(crate) fn secure_url(text: &str) -> Result<Url, &'static str> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#');
    if text.len() > LONGEST || !text.bytes().all(plain) {
        return Err("it is no well-formed URL");
    }
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            if host.contains('@') {
                return Err("it contains a user name");
            }
            if host.is_empty() {
                return Err("its host is missing");
            }
        }
        _ => return Err("it is not https"),
    }
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.as_str().parse::<http::Uri>().is_ok() => Ok(url),
        _ => Err("it is no well-formed URL"),
    }
}

const LONGEST: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_a_user_name_may_be_sent_a_password() {
        assert!(secure_url("HTTPS://adfs.contoso.example/adfs/services/trust/mex?a=b").is_ok());
        for (url, why) in [
            ("http://adfs.contoso.example/", "it is not https"),
            ("file:///etc/passwd", "it is not https"),
            ("//adfs.contoso.example", "it is not https"),
            ("https:adfs.contoso.example", "it is not https"),
            ("", "it is not https"),
            (
                "https://user@adfs.contoso.example/",
                "it contains a user name",
            ),
            ("https:///adfs", "its host is missing"),
            ("https://?x", "its host is missing"),
            (
                "https://adfs.contoso.example\\@evil.example/",
                "it is no well-formed URL",
            ),
            (
                "https://adfs.contoso.example/#x",
                "it is no well-formed URL",
            ),
            ("https://adfs contoso.example/", "it is no well-formed URL"),
            (
                "https://adfs.contoso.example/\r\n",
                "it is no well-formed URL",
            ),
            ("https://[::1/", "it is no well-formed URL"),
        ] {
            assert_eq!(secure_url(url), Err(why), "{url}");
        }
        assert!(secure_url(&["https://a.example/", &"x".repeat(3000)].concat()).is_err());
    }

    #[test]
    fn the_path_of_an_active_url_tells_the_version() {
        let version = |path: &str| {
            let url = Url::parse(&["https://adfs.contoso.example", path].concat()).unwrap();
            Endpoint::of_active_url(&url).map(|endpoint| endpoint.version())
        };
        assert_eq!(
            version("/adfs/services/trust/2005/usernamemixed"),
            Some(Version::V2005)
        );
        assert_eq!(
            version("/adfs/services/trust/13/UsernameMixed/"),
            Some(Version::V13)
        );
        assert_eq!(version("/adfs/services/trust/13/windowstransport"), None);
        assert_eq!(version("/adfs/ls"), None);
        let plain =
            Url::parse("http://adfs.contoso.example/adfs/services/trust/13/usernamemixed").unwrap();
        assert_eq!(Endpoint::of_active_url(&plain), None);
    }
}
