use std::fmt;
use std::time::Duration;

use crate::secret::Redacted;
use crate::{CorrelationId, TokenScheme};

/// What any call can be given beside what it is about.
///
/// `Debug` shows neither claims nor the values of parameters.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// The claims challenge of an API, the text of a JSON object, which goes past the cached access token.
    pub claims: Option<String>,
    /// Claims of the client's own, the text of a JSON object. Tokens obtained with them are cached under them.
    pub client_claims: Option<String>,
    /// The id of the call; a random one when none is given.
    pub correlation_id: Option<CorrelationId>,
    /// Further parameters of the token request's body, name and value.
    pub parameters: Vec<(String, String)>,
    /// How the token is to be presented: as a bearer token unless another scheme is given.
    pub scheme: TokenScheme,
    /// Another tenant than the application's, by id or by domain name.
    pub tenant: Option<String>,
    /// How long the whole call may take; as configured in the application when none is given.
    pub timeout: Option<Duration>,
    /// Whether a token that still works is renewed in this call rather than beside it.
    pub wait_for_refresh: bool,
}

/// What a call for an app token can be given.
///
/// `Debug` shows neither claims nor the values of parameters.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ClientCredentialOptions {
    /// What any call can be given.
    pub call: CallOptions,
    /// The path of a federated managed identity. Tokens obtained with it are cached under it.
    pub fmi_path: Option<String>,
    /// Whether to go past the cached access token.
    pub force_refresh: bool,
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        f.debug_struct("CallOptions")
            .field("claims", &self.claims.as_ref().map(|_| Redacted))
            .field(
                "client_claims",
                &self.client_claims.as_ref().map(|_| Redacted),
            )
            .field("correlation_id", &self.correlation_id)
            .field("parameters", &parameters.collect::<Vec<_>>())
            .field("scheme", &self.scheme)
            .field("tenant", &self.tenant)
            .field("timeout", &self.timeout)
            .field("wait_for_refresh", &self.wait_for_refresh)
            .finish()
    }
}

impl fmt::Debug for ClientCredentialOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentialOptions")
            .field("call", &self.call)
            .field("fmi_path", &self.fmi_path)
            .field("force_refresh", &self.force_refresh)
            .finish()
    }
}
