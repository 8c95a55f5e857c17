/// A domain whose users an AD FS signs in, which then vouches for them to Entra ID.
///
/// ```
/// use msal_testing::{FederatedDomain, LocalIdentityProvider, SamlVersion, WsTrustVersion};
///
/// let domain = FederatedDomain::new("corp.example", "sts.corp.example")
///     .ws_trust([WsTrustVersion::February2005])
///     .saml(SamlVersion::V2_0);
/// let provider = LocalIdentityProvider::builder()
///     .federated_domain(domain)
///     .start()?;
/// # drop(provider);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FederatedDomain {
    name: String,
    host: String,
    versions: Vec<WsTrustVersion>,
    saml: SamlVersion,
    metadata: bool,
    assertion_lifetime: i64,
}

/// The versions of WS-Trust that AD FS speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WsTrustVersion {
    /// The draft of February 2005.
    February2005,
    /// The OASIS standard 1.3.
    V1_3,
}

/// The versions of SAML that AD FS writes assertions in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamlVersion {
    /// SAML 1.1.
    V1_1,
    /// SAML 2.0.
    V2_0,
}

impl FederatedDomain {
    /// Makes a domain whose users sign in at an AD FS on that host. It offers both versions of WS-Trust,
    /// describes them, and writes assertions in SAML 1.1.
    #[must_use]
    pub fn new(name: &str, host: &str) -> Self {
        Self {
            name: name.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            versions: vec![WsTrustVersion::February2005, WsTrustVersion::V1_3],
            saml: SamlVersion::V1_1,
            metadata: true,
            assertion_lifetime: 3600,
        }
    }

    /// Sets the versions in which it takes a user name and a password. With none, its description has no
    /// endpoint for them.
    #[must_use]
    pub fn ws_trust(mut self, versions: impl IntoIterator<Item = WsTrustVersion>) -> Self {
        self.versions = versions.into_iter().collect();
        self
    }

    /// Sets the version of its assertions, for clients that ask for none.
    #[must_use]
    pub const fn saml(mut self, version: SamlVersion) -> Self {
        self.saml = version;
        self
    }

    /// Lets the user realm service name no description, only the endpoint itself (`federation_active_auth_url`).
    #[must_use]
    pub const fn without_metadata_url(mut self) -> Self {
        self.metadata = false;
        self
    }

    /// Sets the lifetime of assertions in seconds, in place of an hour.
    #[must_use]
    pub const fn assertion_lifetime(mut self, seconds: i64) -> Self {
        self.assertion_lifetime = seconds;
        self
    }

    /// The domain's name in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// AD FS's host in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where AD FS describes its endpoints.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        format!("{}mex", self.trust_url())
    }

    /// Where AD FS takes a user name and a password in that version.
    #[must_use]
    pub fn endpoint(&self, version: WsTrustVersion) -> String {
        format!("{}{}/usernamemixed", self.trust_url(), version.segment())
    }

    /// The issuer of its assertions.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}/adfs/services/trust", self.host)
    }

    pub(crate) fn offers(&self, version: WsTrustVersion) -> bool {
        self.versions.contains(&version)
    }

    pub(crate) const fn saml_version(&self) -> SamlVersion {
        self.saml
    }

    pub(crate) const fn has_metadata_url(&self) -> bool {
        self.metadata
    }

    pub(crate) const fn lifetime(&self) -> i64 {
        self.assertion_lifetime
    }

    /// What the realm service names as endpoint: the older version where it is offered, as Entra ID does.
    pub(crate) fn active_url(&self) -> String {
        let is_new =
            self.offers(WsTrustVersion::V1_3) && !self.offers(WsTrustVersion::February2005);
        self.endpoint(if is_new {
            WsTrustVersion::V1_3
        } else {
            WsTrustVersion::February2005
        })
    }

    /// The base of its WS-Trust endpoints' URLs.
    pub(crate) fn trust_url(&self) -> String {
        format!("https://{}/adfs/services/trust/", self.host)
    }
}

impl WsTrustVersion {
    /// The version in a URL's path.
    pub(crate) const fn segment(self) -> &'static str {
        match self {
            Self::February2005 => "2005",
            Self::V1_3 => "13",
        }
    }

    /// Finds the version that a URL's path names.
    pub(crate) fn from_segment(segment: &str) -> Option<Self> {
        [Self::February2005, Self::V1_3]
            .into_iter()
            .find(|version| version.segment() == segment)
    }
}
