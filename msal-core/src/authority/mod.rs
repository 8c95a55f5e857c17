//! Whom to ask for tokens: the authorities, what is known of them, and how the rest is found out.

pub mod cloud;
pub(crate) mod document;
mod endpoints;
pub(crate) mod host;
pub mod instance;
mod issuer;
#[cfg(feature = "certificate")]
mod keys;
mod kind;
mod memory;
pub mod openid;
mod parse;
pub mod region;
mod resolve;
mod settings;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use url::Url;

pub use endpoints::{Endpoints, Issuer};
pub use instance::InstanceMetadata;
pub use kind::AuthorityKind;
pub(crate) use resolve::Directory;
pub use settings::{AuthoritySettings, Trust};

use self::cloud::Cloud;
use self::host::Host;
use crate::model::Tenant;
use crate::{Error, ErrorKind, ScopeCase};

/// An identity provider and, where it has tenants, one of them. Cheap to clone.
///
/// Two authorities are equal when they are of one kind and have one URL. Host, tenant and policy are kept in lower
/// case; the path of a plain OpenID Connect issuer is kept as given.
///
/// ```
/// # use msal_core::Authority;
/// let authority = Authority::parse("https://login.microsoftonline.com/Contoso.onmicrosoft.com/")?;
/// assert_eq!(authority.to_string(), "https://login.microsoftonline.com/contoso.onmicrosoft.com");
/// assert_eq!(authority.tenant(), Some("contoso.onmicrosoft.com"));
///
/// let other = authority.with_tenant("fabrikam.com")?;
/// assert_eq!(other.to_string(), "https://login.microsoftonline.com/fabrikam.com");
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    kind: AuthorityKind,
    host: Host,
    tenant: Option<Tenant>,
    /// Without a final slash, but where there is no path at all.
    url: Url,
    realm: Arc<str>,
    cloud: Option<&'static Cloud>,
}

impl Authority {
    /// What sort of identity provider this is.
    pub fn kind(&self) -> AuthorityKind {
        self.0.kind
    }

    /// The host, in lower case. An IPv6 address has its brackets.
    pub fn host(&self) -> &str {
        &self.0.host.name
    }

    /// The port, where it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.0.host.port
    }

    /// The tenant, in lower case; AD FS and plain OpenID Connect issuers have none.
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant.as_ref().map(Tenant::as_str)
    }

    /// Whether tokens come from one certain tenant, as client credentials need: not from `common`, `organizations`
    /// or `consumers`.
    pub fn is_tenanted(&self) -> bool {
        self.0.tenant.as_ref().is_none_or(Tenant::is_single)
    }

    /// The same authority for another tenant.
    ///
    /// Fails for AD FS, dSTS, OpenID Connect issuers and `consumers`, which have one place for everybody, and for
    /// `common`, `organizations` and `consumers` as the tenant: they are no tenant.
    pub fn with_tenant(&self, tenant: &str) -> Result<Self, Error> {
        let tenant = Tenant::parse(tenant)?;
        let refused = |why| Err(Error::new(ErrorKind::InvalidArgument("tenant")).because(why));
        match self.kind() {
            AuthorityKind::Adfs | AuthorityKind::Dsts | AuthorityKind::Oidc => {
                return refused("an authority of this kind has no other tenants");
            }
            AuthorityKind::B2c | AuthorityKind::Ciam | AuthorityKind::EntraId => {}
        }
        if self.tenant() == Some(crate::model::tenant::CONSUMERS) {
            return refused(
                "the authority is for personal accounts: make the application with a tenant, `common` or `organizations`",
            );
        }
        if !tenant.is_single() {
            return refused("a call needs one certain tenant: its id or its domain name");
        }
        if self.0.tenant.as_ref() == Some(&tenant) {
            return Ok(self.clone());
        }
        Ok(parse::retenanted(self, tenant))
    }

    /// What a cache writes as the environment: the host without a port.
    pub fn environment(&self) -> &Arc<str> {
        &self.0.host.name
    }

    /// What a cache writes as the realm: the tenant, of personal accounts its id, for AD FS `adfs`, for an OpenID
    /// Connect issuer its path.
    pub fn realm(&self) -> &Arc<str> {
        &self.0.realm
    }

    /// The one name that all aliases of this authority's cloud share, see [`cloud::canonical`].
    pub fn cloud(&self) -> &str {
        match self.0.cloud.and_then(|cloud| cloud.aliases.first()) {
            Some(name) => name,
            None => self.host(),
        }
    }

    /// How scopes are compared here.
    pub fn scope_case(&self) -> ScopeCase {
        self.kind().scope_case()
    }

    /// Whether client assertions may be signed with PS256, see [`AuthorityKind::accepts_ps256`].
    pub fn accepts_ps256(&self) -> bool {
        self.kind().accepts_ps256()
    }

    /// Whether this authority is reached over plain http, on this machine.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.0.url.scheme() == "http"
    }

    pub(crate) fn built_in_cloud(&self) -> Option<&'static Cloud> {
        self.0.cloud
    }

    pub(crate) fn place(&self) -> &Host {
        &self.0.host
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }

    /// This authority's URL with more segments at the end of its path.
    pub(crate) fn endpoint(&self, segments: &[&str]) -> Url {
        let mut url = self.0.url.clone();
        // An https URL always has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({}, {self})", self.kind())
    }
}

impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.0.url == other.0.url
    }
}

impl Eq for Authority {}

impl Hash for Authority {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        self.0.url.as_str().hash(state);
    }
}
