//! The client credentials grant, RFC 6749 section 4.4: an application asks for itself.

use std::fmt;

use url::Url;

use super::Post;
use crate::credential::ClientAuthentication;
use crate::secret::Redacted;
use crate::{CorrelationId, Error, Request, Scopes};

/// What the request says.
#[derive(Clone, Copy)]
pub struct ClientCredentials<'a> {
    /// The application.
    pub client_id: &'a str,
    /// How it proves who it is.
    pub authentication: &'a ClientAuthentication,
    /// What it asks for: mostly one resource's `/.default`. Sent as they are, without the scopes of a sign-in.
    pub scopes: &'a Scopes,
    /// The merged claims, the text of a JSON object.
    pub claims: Option<&'a str>,
    /// The path of a federated managed identity.
    pub fmi_path: Option<&'a str>,
    /// Further parameters.
    pub parameters: &'a [(String, String)],
}

impl fmt::Debug for ClientCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("scopes", &self.scopes)
            .field("claims", &self.claims.map(|_| Redacted))
            .field("fmi_path", &self.fmi_path)
            .field("parameters", &parameters.collect::<Vec<_>>())
            .finish()
    }
}

/// Builds the request.
pub fn request(
    grant: &ClientCredentials<'_>,
    token_endpoint: &Url,
    correlation_id: CorrelationId,
) -> Result<Request, Error> {
    Post::new()
        .with("client_id", grant.client_id)
        .with("grant_type", "client_credentials")
        .with("scope", grant.scopes.as_str())
        .with_all(grant.authentication.form_pairs())
        .with("claims", grant.claims.unwrap_or_default())
        .with("fmi_path", grant.fmi_path.unwrap_or_default())
        .with_all(grant.parameters.iter().map(|(name, value)| (name, value)))
        .to(token_endpoint, correlation_id)
}
