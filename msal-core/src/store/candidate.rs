use std::sync::Arc;

use super::AccessTokenEntry;

/// A cached access token beside a look-up that did not find it, see
/// [`TokenStore::candidates`](super::TokenStore::candidates).
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The token.
    pub token: Arc<AccessTokenEntry>,
    /// The parts of its key that are not what the look-up asks for; none where only its age speaks against it.
    pub differs: Vec<KeyPart>,
}

/// A part of what identifies an access token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyPart {
    /// The key that the token is bound to.
    Binding,
    /// The client.
    ClientId,
    /// The host of the authority, or the cloud that it belongs to.
    Environment,
    /// What else the token depends on: FMI path, client-originated claims and the like.
    Extended,
    /// For whom the token was issued.
    Owner,
    /// The tenant.
    Realm,
    /// The scopes.
    Scopes,
}

impl KeyPart {
    /// The part as a stable word in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binding => "binding",
            Self::ClientId => "client_id",
            Self::Environment => "environment",
            Self::Extended => "extended",
            Self::Owner => "owner",
            Self::Realm => "realm",
            Self::Scopes => "scopes",
        }
    }
}
