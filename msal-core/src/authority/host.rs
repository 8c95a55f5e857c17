use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use url::Url;

/// A host name as typed, in lower case, and its port where that is not 443 (or, over plain http, 80).
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct Host {
    pub(crate) name: Arc<str>,
    pub(crate) port: Option<u16>,
}

impl Host {
    /// Reads `name[:port]`. A name is made of ASCII labels, A-labels among them, or is the literal of an address,
    /// spelled as it is normally written. Says why not.
    pub(crate) fn parse(text: &str, default_port: u16) -> Result<Self, &'static str> {
        let (name, port) = split_port(text)?;
        let name = name.to_ascii_lowercase();
        check_name(&name)?;
        Ok(Self {
            name: name.into(),
            port: port.filter(|port| *port != default_port),
        })
    }

    /// The host of a URL that was parsed already.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        Some(Self {
            name: url.host_str()?.into(),
            port: url.port(),
        })
    }

    /// Whether the host is this machine, whatever its resolver says: an address of 127.0.0.0/8, `::1`, or `localhost`.
    pub(crate) fn is_loopback(&self) -> bool {
        let address = self.name.trim_start_matches('[').trim_end_matches(']');
        &*self.name == "localhost"
            || address.parse().is_ok_and(|v4: Ipv4Addr| v4.is_loopback())
            || address.parse().is_ok_and(|v6: Ipv6Addr| v6.is_loopback())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    // The colons of an IPv6 address are inside its brackets.
    let (name, port) = match text.rsplit_once(']') {
        Some((_, "")) => (text, None),
        Some((inside, after)) => {
            let port = after
                .strip_prefix(':')
                .ok_or("the text after the IPv6 address is no port")?;
            let name = text
                .get(..=inside.len())
                .ok_or("the IPv6 address is malformed")?;
            (name, Some(port))
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let Some(port) = port else {
        return Ok((name, None));
    };
    let number = port.parse().ok().filter(|port| *port != 0);
    match number {
        Some(number) if port.bytes().all(|b| b.is_ascii_digit()) => Ok((name, Some(number))),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the host is missing");
    }
    if !name.is_ascii() {
        return Err(
            "the host contains a character that is not ASCII: write an international name as its `xn--` form",
        );
    }
    if name.starts_with('[') {
        return same_after_url(name, "the IPv6 address is malformed");
    }
    if name.len() > LONGEST_NAME {
        return Err("the host is longer than 253 characters");
    }
    if !name.split('.').all(is_label) {
        return Err(
            "the host is malformed: it is made of letters, digits and inner hyphens, in labels separated by single dots",
        );
    }
    same_after_url(
        name,
        "the host is not what it seems: its `xn--` form is invalid, or it is an address in an unusual spelling",
    )
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A URL parser would read some names as others: `0x7f.1` as `127.0.0.1`.
fn same_after_url(name: &str, otherwise: &'static str) -> Result<(), &'static str> {
    match Url::parse(&["https://", name].concat()) {
        Ok(url) if url.host_str() == Some(name) => Ok(()),
        _ => Err(otherwise),
    }
}

const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_with_its_port() {
        let host = |text| Host::parse(text, 443).unwrap().to_string();
        assert_eq!(host("Login.Contoso.COM"), "login.contoso.com");
        assert_eq!(host("a:443"), "a");
        assert_eq!(host("a:8443"), "a:8443");
        assert_eq!(host("[::1]:8443"), "[::1]:8443");
        assert_eq!(host("127.0.0.1"), "127.0.0.1");
        assert_eq!(host("xn--bcher-kva.example"), "xn--bcher-kva.example");
    }

    #[test]
    fn loopback_is_told_by_the_literal() {
        for (text, loopback) in [
            ("localhost", true),
            ("127.9.9.9:1", true),
            ("[::1]", true),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("128.0.0.1", false),
            ("[::2]", false),
            ("login.localhost", false),
        ] {
            assert_eq!(
                Host::parse(text, 443).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
    }
}
