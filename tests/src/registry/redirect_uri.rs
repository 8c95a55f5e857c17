use url::{Host, Url};

/// A redirect URI of an app registration, and the platform that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct RedirectUri {
    pub(crate) text: String,
    pub(crate) single_page: bool,
}

impl RedirectUri {
    /// Whether a request may name this URI: the same text, but that the port of a loopback URI does not count.
    pub(crate) fn matches(&self, wanted: &str) -> bool {
        if self.text == wanted {
            return true;
        }
        let (Ok(registered), Ok(wanted)) = (Url::parse(&self.text), Url::parse(wanted)) else {
            return false;
        };
        is_loopback(&registered)
            && registered.scheme() == wanted.scheme()
            && registered.host() == wanted.host()
            && registered.path() == wanted.path()
            && registered.query() == wanted.query()
            && wanted.fragment().is_none()
            && wanted.username().is_empty()
            && wanted.password().is_none()
    }
}

/// RFC 8252 section 7.3.
fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_uri_does_not_count() {
        let registered = |text: &str| RedirectUri {
            text: text.to_owned(),
            single_page: false,
        };
        let desktop = registered("http://localhost");
        assert!(desktop.matches("http://localhost:49152"));
        assert!(desktop.matches("http://localhost:49152/"));
        assert!(!desktop.matches("http://localhost:49152/other"));
        assert!(!desktop.matches("https://localhost"));
        assert!(!desktop.matches("http://127.0.0.1:49152"));
        assert!(!desktop.matches("http://localhost.evil.example"));
        assert!(!desktop.matches("http://user@localhost:1"));
        let web = registered("https://web.example/auth");
        assert!(web.matches("https://web.example/auth"));
        assert!(!web.matches("https://web.example:444/auth"));
        assert!(!web.matches("https://web.example/auth/"));
        assert!(!web.matches("https://web.example/Auth"));
    }
}
