use std::fmt;

/// The kinds of request that the provider tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The authorization endpoint.
    Authorize,
    /// A client asked the provider to be its proxy (the `CONNECT` method).
    Connect,
    /// The provider's own surface for tests in other languages.
    Control,
    /// The device authorization endpoint, where a device gets its codes.
    DeviceAuthorization,
    /// The page where people type the code that a device shows.
    DevicePage,
    /// Sign-out.
    EndSession,
    /// AD FS's description of its WS-Trust endpoints (MEX).
    FederationMetadata,
    /// Microsoft Graph.
    Graph,
    /// Instance discovery: which hosts belong to which cloud.
    InstanceDiscovery,
    /// The instance metadata service of a virtual machine.
    InstanceMetadata,
    /// Azure Key Vault.
    KeyVault,
    /// The keys that tokens are signed with.
    Keys,
    /// The pages that people sign in on.
    Login,
    /// The token service of a machine, for the identity that it has.
    ManagedIdentity,
    /// The OpenID configuration of a tenant or issuer.
    OpenIdConfiguration,
    /// The token endpoint.
    Token,
    /// Nothing the provider knows.
    Unknown,
    /// The user realm service: who signs in the users of a domain.
    UserRealm,
    /// AD FS's WebFinger, by which a client checks that a host is who it says.
    WebFinger,
    /// An issuer of tokens for programs that run elsewhere: GitHub Actions, Azure Pipelines.
    WorkloadIssuer,
    /// AD FS's WS-Trust endpoints, which give SAML assertions.
    WsTrust,
}

impl Endpoint {
    /// All kinds, in the order of their names.
    pub const ALL: [Self; 21] = [
        Self::Authorize,
        Self::Connect,
        Self::Control,
        Self::DeviceAuthorization,
        Self::DevicePage,
        Self::EndSession,
        Self::FederationMetadata,
        Self::Graph,
        Self::InstanceDiscovery,
        Self::InstanceMetadata,
        Self::KeyVault,
        Self::Keys,
        Self::Login,
        Self::ManagedIdentity,
        Self::OpenIdConfiguration,
        Self::Token,
        Self::Unknown,
        Self::UserRealm,
        Self::WebFinger,
        Self::WorkloadIssuer,
        Self::WsTrust,
    ];

    /// The name used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Connect => "connect",
            Self::Control => "control",
            Self::DeviceAuthorization => "device_authorization",
            Self::DevicePage => "device_page",
            Self::EndSession => "end_session",
            Self::FederationMetadata => "federation_metadata",
            Self::Graph => "graph",
            Self::InstanceDiscovery => "instance_discovery",
            Self::InstanceMetadata => "instance_metadata",
            Self::KeyVault => "key_vault",
            Self::Keys => "keys",
            Self::Login => "login",
            Self::ManagedIdentity => "managed_identity",
            Self::OpenIdConfiguration => "openid_configuration",
            Self::Token => "token",
            Self::Unknown => "unknown",
            Self::UserRealm => "user_realm",
            Self::WebFinger => "webfinger",
            Self::WorkloadIssuer => "workload_issuer",
            Self::WsTrust => "ws_trust",
        }
    }

    /// Finds the kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_place_and_its_name() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, index, "counts are kept by this index");
            assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
        }
        assert_eq!(Endpoint::from_name("nonsense"), None);
    }
}
