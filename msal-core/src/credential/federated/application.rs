use std::fmt;
use std::pin::Pin;

use super::AUDIENCE;
use crate::app::ClientCredentialOptions;
use crate::flow::Io;
use crate::{ClientAssertion, ConfidentialClientApplication, Error};

/// Tokens of another application as assertions: of the blueprint that an agent identity was made from, for that identity.
///
/// The other application's own cache serves them, and one request serves all who need one at a time. It is sent by
/// whatever carries the requests of the application that proves itself.
/// Source: <https://learn.microsoft.com/entra/agent-id/identity-platform/agent-autonomous-app-oauth-flow>.
#[derive(Clone)]
pub struct ApplicationAssertion {
    application: ConfidentialClientApplication,
    fmi_path: Option<String>,
    audience: String,
}

impl ApplicationAssertion {
    pub(super) const NAME: &str = "application";

    /// Assertions of `blueprint` for the agent identity of this client id.
    pub fn of_agent(
        blueprint: ConfidentialClientApplication,
        agent_client_id: impl Into<String>,
    ) -> Self {
        Self {
            application: blueprint,
            fmi_path: Some(agent_client_id.into()),
            audience: AUDIENCE.to_owned(),
        }
    }

    /// Whom the tokens are for, where it is another than `api://AzureADTokenExchange`, as in other clouds.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self {
            audience: audience.into(),
            ..self
        }
    }

    /// A token, which the application may need an assertion for itself: hence the box.
    pub(super) fn assertion<'a>(
        &'a self,
        io: &'a mut Io,
    ) -> Pin<Box<dyn Future<Output = Result<ClientAssertion, Error>> + Send + 'a>> {
        let options = ClientCredentialOptions {
            fmi_path: self.fmi_path.clone(),
            ..ClientCredentialOptions::default()
        };
        let scope = [&self.audience, "/.default"].concat();
        Box::pin(async move {
            let token = self.application.acquire_within(&scope, options, io).await?;
            Ok(ClientAssertion::new(token.access_token().expose()))
        })
    }

    pub(super) fn needs_async(&self) -> bool {
        self.application.needs_async()
    }
}

impl fmt::Debug for ApplicationAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationAssertion")
            .field("fmi_path", &self.fmi_path)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
