use std::net::Ipv4Addr;

use url::Url;

use crate::authority::host::Host;
use crate::{Error, ErrorKind};

/// How far plain http may go. Whoever can set an environment variable of the program must not be able to have its
/// secrets sent in the clear across a network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PlainHttp {
    /// Nowhere.
    Never,
    /// To this machine.
    Loopback,
    /// To this machine and its link-local network.
    Link,
    /// There, and to private addresses (RFC 1918) that are spelled out.
    Private,
}

/// Reads the address of a token service from the environment variable `variable`.
pub(crate) fn parse(text: &str, variable: &'static str, plain: PlainHttp) -> Result<Url, Error> {
    let malformed =
        |why: &'static str| Error::new(ErrorKind::InvalidArgument(variable)).because(why);
    let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'@' | b'#');
    if !text.bytes().all(fits) {
        return Err(malformed(
            "it must be a plain URL, without user name or fragment",
        ));
    }
    let (is_secure, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        _ => return Err(malformed("it must begin with http:// or https://")),
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = Host::parse(host, if is_secure { 443 } else { 80 }).map_err(malformed)?;
    if !is_secure && !plain.reaches(&host) {
        return Err(malformed(match plain {
            PlainHttp::Never => "it must begin with https://",
            PlainHttp::Loopback => "plain http is for this machine only: use https",
            PlainHttp::Link => {
                "plain http is for this machine and link-local addresses only: use https"
            }
            PlainHttp::Private => {
                "plain http is for this machine, link-local and private addresses only: use https"
            }
        }));
    }
    let url = Url::parse(text).map_err(|_| malformed("it is no well-formed URL"))?;
    match Host::of(&url) {
        Some(read) if read == host => Ok(url),
        _ => Err(malformed("it is written in an ambiguous way")),
    }
}

impl PlainHttp {
    fn reaches(self, host: &Host) -> bool {
        if self == Self::Never {
            return false;
        }
        let address: Option<Ipv4Addr> = host.name.parse().ok();
        let is_link = address.is_some_and(|address| address.is_link_local());
        let is_private = address.is_some_and(|address| address.is_private());
        host.is_loopback()
            || (is_link && self != Self::Loopback)
            || (is_private && self == Self::Private)
    }
}
