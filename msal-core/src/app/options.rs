use std::time::Duration;

use crate::CorrelationId;

/// What any call can be given beside what it is about.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// The claims challenge of an API, the text of a JSON object, which goes past the cached access token.
    pub claims: Option<String>,
    /// The id of the call; a random one when none is given.
    pub correlation_id: Option<CorrelationId>,
    /// Further parameters of the token request's body, name and value.
    pub parameters: Vec<(String, String)>,
    /// Another tenant than the application's, by id or by domain name.
    pub tenant: Option<String>,
    /// How long the whole call may take; as configured in the application when none is given.
    pub timeout: Option<Duration>,
    /// Whether a token that still works is renewed in this call rather than beside it.
    pub wait_for_refresh: bool,
}

/// What a call for an app token can be given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientCredentialOptions {
    /// What any call can be given.
    pub call: CallOptions,
    /// Claims of the client's own, the text of a JSON object. Tokens obtained with them are cached under them.
    pub client_claims: Option<String>,
    /// The path of a federated managed identity. Tokens obtained with it are cached under it.
    pub fmi_path: Option<String>,
    /// Whether to go past the cached access token.
    pub force_refresh: bool,
}

impl ClientCredentialOptions {
    /// Whether the cached access token is passed over.
    pub(crate) fn goes_past_cache(&self) -> bool {
        self.force_refresh || self.call.claims.is_some()
    }
}
