//! What the tests of grants for users have in common.

use msal_testing::LocalIdentityProvider;
use msal_testing::defaults::{API_CLIENT, GRAPH, PASSWORD, PUBLIC_CLIENT_ID, TENANT_ID, USERNAME};
use serde_json::Value;

use crate::client::{Client, Response};

/// The fields of a token request, which a test can change.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    url: String,
    fields: Vec<(String, String)>,
}

impl Fields {
    pub(crate) fn new(fields: &[(&str, &str)]) -> Self {
        let this = Self {
            url: String::new(),
            fields: Vec::new(),
        };
        fields
            .iter()
            .fold(this.tenant(TENANT_ID), |this, (name, value)| {
                this.with(name, value)
            })
    }

    /// A password grant that succeeds.
    pub(crate) fn password() -> Self {
        Self::new(&[
            ("grant_type", "password"),
            ("client_id", PUBLIC_CLIENT_ID),
            ("username", USERNAME),
            ("password", PASSWORD),
            ("scope", "User.Read openid profile offline_access"),
            ("client_info", "1"),
        ])
    }

    pub(crate) fn tenant(self, tenant: &str) -> Self {
        self.at(&format!(
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        ))
    }

    pub(crate) fn at(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// Sets a field, or adds it.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn send(&self, provider: &LocalIdentityProvider) -> Response {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Client::of(provider).post(&self.url, &fields).unwrap()
    }

    /// Sends it, and reads the answer to a request that succeeds.
    pub(crate) fn succeed(&self, provider: &LocalIdentityProvider) -> Value {
        let response = self.send(provider);
        let body = response.json();
        assert_eq!(response.status, 200, "{body}");
        body
    }
}

/// A token for the web API, of that user.
pub(crate) fn api_token(provider: &LocalIdentityProvider, username: &str, tenant: &str) -> String {
    let fields = Fields::password()
        .tenant(tenant)
        .with("username", username)
        .with("scope", &format!("{API_CLIENT}/access_as_user"));
    let body = fields.succeed(provider);
    body["access_token"].as_str().unwrap().to_owned()
}

/// The claims of a JWT.
pub(crate) fn claims(token: &Value) -> Value {
    decode(token.as_str().unwrap().split('.').nth(1).unwrap())
}

/// A member of JSON in base64url.
pub(crate) fn decode(encoded: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(encoded);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

/// The number of an error.
pub(crate) fn code(response: &Response) -> Value {
    response.json()["error_codes"][0].clone()
}

pub(crate) fn graph_default() -> String {
    format!("{GRAPH}/.default openid profile offline_access")
}
