//! Microsoft Graph, as a program calls it that has a token.

use std::error::Error;

use msal::AuthenticationResult;
use reqwest::header::AUTHORIZATION;
use reqwest::{Certificate, Client, Proxy};

use super::Registration;

/// Calls Microsoft Graph, or the local identity provider's copy of it.
#[derive(Clone)]
pub(crate) struct Graph(Client);

impl Graph {
    pub(crate) fn new(registration: &Registration) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder();
        if let Some(local) = registration.local() {
            let ca = Certificate::from_pem(local.ca_pem().as_bytes())?;
            client = client
                .proxy(Proxy::https(local.proxy_url())?)
                .tls_certs_only([ca]);
        }
        Ok(Self(client.build()?))
    }

    /// Who the token's user is: the JSON text of <https://learn.microsoft.com/graph/api/user-get>.
    pub(crate) async fn me(
        &self,
        token: &AuthenticationResult,
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        let response = self
            .0
            .get("https://graph.microsoft.com/v1.0/me")
            .header(AUTHORIZATION, token.authorization_header()?)
            .send()
            .await?;
        Ok(response.error_for_status()?.text().await?)
    }
}
