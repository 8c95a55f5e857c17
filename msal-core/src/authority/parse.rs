use std::sync::Arc;

use url::Url;

use super::cloud::Cloud;
use super::host::Host;
use super::{Authority, AuthorityKind, Inner};
use crate::model::Tenant;
use crate::model::tenant::CONSUMERS;
use crate::{Error, ErrorKind};

impl Authority {
    /// Reads an authority's URL, and tells its kind from host and path.
    ///
    /// | URL | kind |
    /// |---|---|
    /// | `https://{name}.ciamlogin.com`, with or without a tenant | [`Ciam`](AuthorityKind::Ciam) |
    /// | `https://{name}.b2clogin.com/{tenant}/{policy}` (`.cn`, `.us`, `.de`) | [`B2c`](AuthorityKind::B2c) |
    /// | `https://{host}/adfs` | [`Adfs`](AuthorityKind::Adfs) |
    /// | `https://{host}/dstsv2/{tenant}` | [`Dsts`](AuthorityKind::Dsts) |
    /// | `https://{host}/tfp/{tenant}/{policy}`, `https://{host}/{tenant}/b2c_{..}` | [`B2c`](AuthorityKind::B2c) |
    /// | any other `https://{host}/{tenant}` | [`EntraId`](AuthorityKind::EntraId) |
    ///
    /// A plain OpenID Connect issuer is never guessed: [`oidc`](Self::oidc) takes it. Well-formed segments after
    /// those of the table, such as `/v2.0` or `/oauth2/v2.0/token`, are dropped, as the other MSAL libraries do.
    ///
    /// Fails on everything by which a request could reach a host that is not the one written: see the messages. A
    /// port other than 443 is kept here where the host is not built in; the application's settings then decide.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let parts = Parts::split(url, Scheme::Https)?;
        parts.without_escapes()?.into_authority()
    }

    /// Reads the URL of a plain OpenID Connect issuer.
    pub fn oidc(issuer: &str) -> Result<Self, Error> {
        Parts::split(issuer, Scheme::Https)?.into_issuer()
    }

    /// Reads an authority's URL as [`parse`](Self::parse) does, but over plain http and on this machine only
    /// (127.0.0.0/8, `::1`, `localhost`): for tests, since nothing protects what is sent.
    pub fn danger_http_loopback(url: &str) -> Result<Self, Error> {
        let parts = Parts::split(url, Scheme::Http)?;
        if !parts.host.is_loopback() {
            return Err(malformed(
                "plain http is for test authorities on this machine only: use https",
            ));
        }
        parts.without_escapes()?.into_authority()
    }
}

impl Authority {
    /// Where the tokens of managed identities are kept in every library's cache. Nobody is asked there: it is no tenant's
    /// name, so that none can be taken for it.
    pub(crate) fn of_managed_identities() -> Result<Self, Error> {
        let authority = Self::parse("https://login.microsoftonline.com/common")?;
        Ok(retenanted(&authority, Tenant::of_managed_identities()))
    }
}

/// The same authority for another tenant: the one its path names is replaced.
pub(super) fn retenanted(authority: &Authority, tenant: Tenant) -> Authority {
    let inner = &authority.0;
    let mut path: Vec<&str> = inner.url.path().split('/').skip(1).collect();
    let tenant_at = match inner.kind {
        AuthorityKind::B2c => path.len().saturating_sub(2),
        _ => 0,
    };
    if let Some(segment) = path.get_mut(tenant_at) {
        *segment = tenant.as_str();
    }
    let mut url = inner.url.clone();
    url.set_path(&path.join("/"));
    Authority(Arc::new(Inner {
        kind: inner.kind,
        host: inner.host.clone(),
        realm: tenant.shared().clone(),
        tenant: Some(tenant),
        url,
        cloud: inner.cloud,
    }))
}

/// A URL taken apart by our own rules, so that no parser's leniency decides where requests go.
pub(super) struct Parts<'a> {
    scheme: Scheme,
    pub(super) host: Host,
    pub(super) path: Vec<&'a str>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl<'a> Parts<'a> {
    pub(super) fn split(url: &'a str, scheme: Scheme) -> Result<Self, Error> {
        check_characters(url)?;
        let Some((given, rest)) = url.split_once("://") else {
            return Err(malformed("it must be a URL that begins with https://"));
        };
        if !given.eq_ignore_ascii_case(scheme.name()) {
            return Err(malformed(match scheme {
                Scheme::Https => "its scheme must be https",
                Scheme::Http => "its scheme must be http here",
            }));
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = Host::parse(host, scheme.port()).map_err(malformed)?;
        let path: Vec<&str> = match path {
            "" => Vec::new(),
            path => path.strip_suffix('/').unwrap_or(path).split('/').collect(),
        };
        for segment in &path {
            check_segment(segment)?;
        }
        let parts = Self { scheme, host, path };
        if parts.host.port.is_some() && is_well_known(&parts.host) {
            return Err(malformed("this host is reached on port 443 only"));
        }
        Ok(parts)
    }

    /// None of the kinds with a fixed shape has a use for percent-encoding.
    fn without_escapes(self) -> Result<Self, Error> {
        if self.path.iter().any(|segment| segment.contains('%')) {
            return Err(malformed("its path must not be percent-encoded"));
        }
        Ok(self)
    }

    fn into_authority(self) -> Result<Authority, Error> {
        let segment = |index: usize| self.path.get(index).copied();
        let starts_with = |word: &str| segment(0).is_some_and(|s| s.eq_ignore_ascii_case(word));
        if self.host.name.ends_with(CIAM) {
            return self.into_ciam();
        }
        if starts_with("tfp") {
            return self.into_b2c(true);
        }
        if is_b2c(&self.host) {
            return self.into_b2c(false);
        }
        if starts_with("adfs") {
            return self.finish(AuthorityKind::Adfs, None, &["adfs"]);
        }
        if starts_with("dstsv2") {
            let tenant = tenant(segment(1), "its path must be /dstsv2/{tenant}")?;
            let path = ["dstsv2", tenant.as_str()];
            return self.finish(AuthorityKind::Dsts, Some(&tenant), &path);
        }
        if segment(1).is_some_and(is_policy) {
            return self.into_b2c(false);
        }
        let shape =
            "its path must name a tenant, as in https://login.microsoftonline.com/contoso.com";
        let tenant = tenant(segment(0), shape)?;
        self.finish(AuthorityKind::EntraId, Some(&tenant), &[tenant.as_str()])
    }

    /// `https://{name}.ciamlogin.com` alone stands for the tenant `{name}.onmicrosoft.com`.
    fn into_ciam(self) -> Result<Authority, Error> {
        let name = self.host.name.strip_suffix(CIAM).unwrap_or_default();
        let tenant = match self.path.first() {
            Some(segment) => single(Tenant::parse(segment)?)?,
            None if name.contains('.') => return Err(malformed("its path must name the tenant")),
            None => Tenant::parse(&[name, ".onmicrosoft.com"].concat())?,
        };
        self.finish(AuthorityKind::Ciam, Some(&tenant), &[tenant.as_str()])
    }

    /// `/{tenant}/{policy}`, after `/tfp` or not.
    fn into_b2c(self, after_tfp: bool) -> Result<Authority, Error> {
        let shape = "its path must be /{tenant}/{policy} or /tfp/{tenant}/{policy}";
        let mut rest = self.path.iter().skip(usize::from(after_tfp)).copied();
        let tenant = single(tenant(rest.next(), shape)?)?;
        let policy = rest.next().ok_or_else(|| malformed(shape))?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !policy.bytes().all(allowed) {
            return Err(malformed(
                "the policy may contain letters, digits, `_`, `-` and `.` only",
            ));
        }
        let policy = policy.to_ascii_lowercase();
        let path: &[&str] = match after_tfp {
            true => &["tfp", tenant.as_str(), &policy],
            false => &[tenant.as_str(), &policy],
        };
        self.finish(AuthorityKind::B2c, Some(&tenant), path)
    }

    fn into_issuer(self) -> Result<Authority, Error> {
        let path = self.path.clone();
        self.finish(AuthorityKind::Oidc, None, &path)
    }

    fn finish(
        self,
        kind: AuthorityKind,
        tenant: Option<&Tenant>,
        path: &[&str],
    ) -> Result<Authority, Error> {
        let mut text = String::from(self.scheme.name());
        text.push_str("://");
        text.push_str(&self.host.to_string());
        for segment in path {
            text.push('/');
            text.push_str(segment);
        }
        let url = Url::parse(&text).map_err(|_| malformed("it is not a URL"))?;
        // Whatever the rules above let through: where a request goes is what was written.
        if url.as_str().trim_end_matches('/') != text {
            return Err(malformed("it is written in an ambiguous way"));
        }
        let realm = match tenant {
            // What `consumers` stands for is one tenant: tokens are cached, and found, under its id.
            Some(tenant) if kind == AuthorityKind::EntraId && tenant.as_str() == CONSUMERS => {
                Tenant::PERSONAL_ACCOUNTS.into()
            }
            Some(tenant) => tenant.shared().clone(),
            None => path.join("/").into(),
        };
        Ok(Authority(Arc::new(Inner {
            kind,
            cloud: Cloud::of(&self.host.name),
            host: self.host,
            tenant: tenant.cloned(),
            url,
            realm,
        })))
    }
}

impl Scheme {
    pub(super) fn of(authority: &Authority) -> Self {
        match authority.is_plain_http() {
            true => Self::Http,
            false => Self::Https,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(super) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

fn check_characters(url: &str) -> Result<(), Error> {
    if url.len() > LONGEST {
        return Err(malformed("it is longer than 2048 characters"));
    }
    if !url.is_ascii() {
        return Err(malformed(
            "it contains a character that is not ASCII: write an international host name as its `xn--` form",
        ));
    }
    if url.bytes().any(|b| b.is_ascii_control() || b == b' ') {
        return Err(malformed("it contains white space or a control character"));
    }
    for (sign, why) in FORBIDDEN {
        if url.contains(sign) {
            return Err(malformed(why));
        }
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), Error> {
    if segment.is_empty() {
        return Err(malformed("its path contains two slashes in a row"));
    }
    if matches!(segment, "." | "..") {
        return Err(malformed("its path contains `.` or `..`"));
    }
    let mut escapes = segment.split('%');
    let _before = escapes.next();
    for escape in escapes {
        let digits = escape
            .get(..2)
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(b'/' | b'\\' | b'.' | b'%') | Some(..=0x20 | 0x7f) | None => {
                return Err(malformed(
                    "its path contains a malformed or ambiguous percent-encoding",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn tenant(segment: Option<&str>, shape: &'static str) -> Result<Tenant, Error> {
    Tenant::parse(segment.ok_or_else(|| malformed(shape))?)
}

fn single(tenant: Tenant) -> Result<Tenant, Error> {
    if tenant.is_single() {
        return Ok(tenant);
    }
    Err(malformed(
        "an authority of this kind needs one certain tenant, by its id or its domain name",
    ))
}

/// Whether the host is Microsoft's by its name alone.
pub(super) fn is_well_known(host: &Host) -> bool {
    Cloud::of(&host.name).is_some() || host.name.ends_with(CIAM) || is_b2c(host)
}

fn is_b2c(host: &Host) -> bool {
    B2C_HOSTS.iter().any(|suffix| host.name.ends_with(suffix))
}

fn is_policy(segment: &str) -> bool {
    segment
        .get(..POLICY.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(POLICY))
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("authority")).because(why)
}

const FORBIDDEN: [(char, &str); 4] = [
    (
        '?',
        "it contains a query: give extra parameters to the call instead",
    ),
    ('#', "it contains a fragment"),
    ('@', "it contains an `@`: user names have no place in it"),
    ('\\', "it contains a backslash"),
];
pub(super) const CIAM: &str = ".ciamlogin.com";
const B2C_HOSTS: [&str; 4] = [
    ".b2clogin.com",
    ".b2clogin.cn",
    ".b2clogin.us",
    ".b2clogin.de",
];
const POLICY: &str = "b2c_";
const LONGEST: usize = 2048;

#[cfg(test)]
pub(super) mod tests;
