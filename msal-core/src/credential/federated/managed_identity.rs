use std::fmt;

use super::AUDIENCE;
use crate::flow::Io;
use crate::{ClientAssertion, Error, ManagedIdentityApplication};

/// Tokens of a managed identity as assertions, so that an application of any tenant needs no secret on Azure's machines.
///
/// The identity's own cache serves them, and one request serves all who need one at a time. It is sent by whatever
/// carries the requests of the application that proves itself.
/// Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity>.
#[derive(Clone)]
pub struct ManagedIdentityAssertion {
    identity: ManagedIdentityApplication,
    audience: String,
}

impl ManagedIdentityAssertion {
    pub(super) const NAME: &str = "managed identity";

    /// Assertions of this identity.
    pub fn new(identity: ManagedIdentityApplication) -> Self {
        Self {
            identity,
            audience: AUDIENCE.to_owned(),
        }
    }

    /// Whom the tokens are for, where the application's registration names another than `api://AzureADTokenExchange`, as
    /// in other clouds.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self {
            audience: audience.into(),
            ..self
        }
    }

    pub(super) async fn assertion(&self, io: &mut Io) -> Result<ClientAssertion, Error> {
        let token = self.identity.acquire_within(&self.audience, io).await?;
        Ok(ClientAssertion::new(token.access_token().expose()))
    }

    pub(super) fn needs_async(&self) -> bool {
        self.identity.needs_async()
    }
}

impl fmt::Debug for ManagedIdentityAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityAssertion")
            .field("identity", &self.identity)
            .field("audience", &self.audience)
            .finish()
    }
}
