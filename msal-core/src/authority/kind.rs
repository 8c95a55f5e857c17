use std::fmt;

use crate::ScopeCase;

/// What sort of identity provider an authority is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AuthorityKind {
    /// Active Directory Federation Services: `https://{host}/adfs`.
    Adfs,
    /// Azure AD B2C: `https://{host}/tfp/{tenant}/{policy}` or `https://{name}.b2clogin.com/{tenant}/{policy}`.
    B2c,
    /// Microsoft Entra External ID for customers: `https://{name}.ciamlogin.com`.
    Ciam,
    /// The datacenter security token service: `https://{host}/dstsv2/{tenant}`.
    Dsts,
    /// Microsoft Entra ID: `https://{host}/{tenant}`.
    EntraId,
    /// Any other OpenID Connect issuer.
    Oidc,
}

impl AuthorityKind {
    /// How this kind compares scopes.
    pub fn scope_case(self) -> ScopeCase {
        match self {
            Self::B2c | Self::Ciam | Self::EntraId => ScopeCase::Ignored,
            Self::Adfs | Self::Dsts | Self::Oidc => ScopeCase::Kept,
        }
    }

    /// Whether this kind takes client assertions signed with PS256 and named by `x5t#S256`; the others want RS256
    /// and `x5t`.
    pub fn accepts_ps256(self) -> bool {
        matches!(self, Self::B2c | Self::Ciam | Self::EntraId)
    }
}

impl fmt::Display for AuthorityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adfs => "AD FS",
            Self::B2c => "Azure AD B2C",
            Self::Ciam => "Microsoft Entra External ID",
            Self::Dsts => "dSTS",
            Self::EntraId => "Microsoft Entra ID",
            Self::Oidc => "OpenID Connect",
        })
    }
}
