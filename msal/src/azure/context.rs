use std::fmt;

use azure_core::credentials::TokenRequestOptions;

use crate::call::{AskFor, Call};

/// What a method of an Azure SDK client tells the credential, beyond what `azure_core` itself does.
///
/// ```
/// use azure_core::http::{ClientMethodOptions, Context};
/// use msal::azure::TokenContext;
///
/// # let challenge = String::from(r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#);
/// let options = ClientMethodOptions {
///     context: Context::new().with_value(TokenContext::new().tenant("fabrikam.com").claims(challenge)),
/// };
/// # let _ = options;
/// ```
#[derive(Clone, Default)]
pub struct TokenContext {
    tenant: Option<String>,
    claims: Option<String>,
}

impl TokenContext {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tenant to ask, by id or by domain name, instead of the application's. A managed identity has no choice: it
    /// fails.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self {
            tenant: Some(tenant.into()),
            ..self
        }
    }

    /// The claims that a service has challenged for, the text of a JSON object: goes past the cached token.
    #[must_use]
    pub fn claims(self, challenge: impl Into<String>) -> Self {
        Self {
            claims: Some(challenge.into()),
            ..self
        }
    }

    /// What the options hold, if they do.
    pub(super) fn of(options: Option<&TokenRequestOptions<'_>>) -> Self {
        let found: Option<&Self> =
            options.and_then(|options| options.method_options.context.value());
        found.cloned().unwrap_or_default()
    }

    pub(super) fn apply<'a, A, R: AskFor>(self, call: Call<'a, A, R>) -> Call<'a, A, R> {
        let call = match self.tenant {
            Some(tenant) => call.tenant(tenant),
            None => call,
        };
        match self.claims {
            Some(claims) => call.claims(claims),
            None => call,
        }
    }

    pub(super) fn with_claims_of(self, error: &msal_core::Error) -> Self {
        match error.claims() {
            Some(claims) => self.claims(claims),
            None => self,
        }
    }
}

impl fmt::Debug for TokenContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenContext")
            .field("tenant", &self.tenant)
            .field("has_claims", &self.claims.is_some())
            .finish()
    }
}
