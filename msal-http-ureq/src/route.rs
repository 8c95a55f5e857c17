//! The way to a server: straight, or through a proxy.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::proxy::ProxyUrl;

/// Where connections go first.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// Straight to the server.
    Direct,
    /// Where the environment says.
    Environment(Environment),
    /// To this proxy, whatever the server.
    Fixed(Proxy),
    /// To the proxy that the program's own client configuration names.
    Configured(ureq::Proxy),
}

impl Route {
    pub(crate) fn through(url: &ProxyUrl) -> Self {
        match Proxy::parse(url.as_url().as_str()) {
            Some(proxy) => Self::Fixed(proxy),
            None => Self::Direct,
        }
    }

    /// The proxy on the way to `target`.
    pub(crate) fn proxy_for(&self, target: &Uri) -> Option<Proxy> {
        match self {
            Self::Direct => None,
            Self::Environment(environment) => environment.proxy_for(target).cloned(),
            Self::Fixed(proxy) => Some(proxy.clone()),
            Self::Configured(proxy) if proxy.is_no_proxy(target) => None,
            Self::Configured(proxy) => Some(Proxy::from_configured(proxy)),
        }
    }
}

/// A proxy to ask for a tunnel.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Its scheme, host and port, no more.
    pub(crate) uri: Uri,
    /// The value of `Proxy-Authorization`.
    pub(crate) authorization: Option<Zeroizing<String>>,
}

impl Proxy {
    /// Reads a proxy as people write it into the environment: scheme, port and credentials may be missing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri = text.parse::<Uri>().ok()?;
        let scheme = uri.scheme_str().unwrap_or("http");
        if !matches!(
            scheme,
            "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h"
        ) {
            return None;
        }
        let authority = uri.authority()?;
        let credentials = authority.as_str().rsplit_once('@').map(|(userinfo, _)| {
            let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
            basic(&decoded(user), &decoded(password))
        });
        Self::new(scheme, authority.host(), authority.port_u16(), credentials)
    }

    fn from_configured(proxy: &ureq::Proxy) -> Self {
        let scheme = match proxy.protocol() {
            ureq::ProxyProtocol::Http => "http",
            ureq::ProxyProtocol::Https => "https",
            _ => "socks5",
        };
        let credentials = (proxy.username().is_some() || proxy.password().is_some()).then(|| {
            basic(
                proxy.username().unwrap_or_default(),
                proxy.password().unwrap_or_default(),
            )
        });
        Self {
            uri: proxy_uri(scheme, proxy.host(), Some(proxy.port())).unwrap_or_default(),
            authorization: credentials,
        }
    }

    fn new(
        scheme: &str,
        host: &str,
        port: Option<u16>,
        authorization: Option<Zeroizing<String>>,
    ) -> Option<Self> {
        Some(Self {
            uri: proxy_uri(scheme, host, port)?,
            authorization,
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.uri.to_string();
        f.write_str(text.trim_end_matches('/'))
    }
}

fn proxy_uri(scheme: &str, host: &str, port: Option<u16>) -> Option<Uri> {
    let port = port.unwrap_or(match scheme {
        "http" => 80,
        "https" => 443,
        _ => 1080,
    });
    Uri::builder()
        .scheme(scheme)
        .authority(format!("{host}:{port}"))
        .path_and_query("/")
        .build()
        .ok()
}

fn decoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

// RFC 7617 section 2.
fn basic(user: &str, password: &str) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_become_a_header_and_are_not_shown() {
        let proxy = Proxy::parse("http://Aladdin:open%20sesame@proxy.test:8080").unwrap();
        assert_eq!(
            proxy.authorization.as_ref().unwrap().as_str(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(format!("{proxy:?}"), "http://proxy.test:8080");
    }

    #[test]
    fn a_user_alone_has_an_empty_password() {
        let proxy = Proxy::parse("Aladdin@proxy.test").unwrap();
        assert_eq!(proxy.authorization.unwrap().as_str(), "Basic QWxhZGRpbjo=");
    }
}
