//! What the examples share: whom to ask, and how to show a result.

use std::env;
use std::error::Error;

use msal::AuthenticationResult;
use msal_testing::{LocalIdentityProvider, defaults};

/// An application's registration, at Microsoft Entra ID or at a local identity provider.
pub(crate) struct Registration {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    local: Option<LocalIdentityProvider>,
}

impl Registration {
    pub(crate) fn from_environment_or_local() -> Result<Self, Box<dyn Error>> {
        let given = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let given = (
            given("AZURE_TENANT_ID"),
            given("AZURE_CLIENT_ID"),
            given("AZURE_CLIENT_SECRET"),
        );
        if let (Some(tenant), Some(client_id), Some(client_secret)) = given {
            return Ok(Self {
                tenant,
                client_id,
                client_secret,
                local: None,
            });
        }
        Ok(Self {
            tenant: defaults::TENANT_ID.to_owned(),
            client_id: defaults::SECRET_CLIENT_ID.to_owned(),
            client_secret: defaults::CLIENT_SECRET.to_owned(),
            local: Some(LocalIdentityProvider::start()?),
        })
    }

    pub(crate) fn authority(&self) -> String {
        format!("https://login.microsoftonline.com/{}", self.tenant)
    }

    /// The local identity provider, where none other was named.
    pub(crate) fn local(&self) -> Option<&LocalIdentityProvider> {
        self.local.as_ref()
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what it got")]
pub(crate) fn describe(name: &str, result: &AuthenticationResult) {
    println!(
        "{name:>6}: from {}, expires on {}, correlation id {}, {} characters",
        result.token_source().name(),
        result.expires_on(),
        result.correlation_id(),
        result.access_token().expose().len(),
    );
}
