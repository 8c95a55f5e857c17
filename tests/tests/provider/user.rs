//! What the tests of users share: an app's part of a sign-in.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use msal_testing::defaults::{NATIVE_REDIRECT_URI, PASSWORD, PUBLIC_CLIENT_ID, TENANT_ID};
use msal_testing::{AuthorizationAnswer, LocalIdentityProvider};
use serde_json::Value;

use crate::client::{Client, Response};

pub(crate) const SCOPE: &str = "User.Read openid profile offline_access";

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Names and values of parameters.
pub(crate) type Fields<'text> = &'text [(&'text str, &'text str)];

/// An app at an authority, with what it asks for.
pub(crate) struct App<'test> {
    pub(crate) provider: &'test LocalIdentityProvider,
    pub(crate) authority: String,
    pub(crate) client_id: &'test str,
    pub(crate) secret: Option<&'test str>,
    pub(crate) redirect_uri: &'test str,
    pub(crate) scope: &'test str,
}

impl<'test> App<'test> {
    /// The desktop app in the default tenant.
    pub(crate) fn desktop(provider: &'test LocalIdentityProvider) -> Self {
        Self {
            provider,
            authority: format!("https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0"),
            client_id: PUBLIC_CLIENT_ID,
            secret: None,
            redirect_uri: NATIVE_REDIRECT_URI,
            scope: SCOPE,
        }
    }

    pub(crate) fn tenant(mut self, tenant: &str) -> Self {
        self.authority = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0");
        self
    }

    pub(crate) fn scope(mut self, scope: &'test str) -> Self {
        self.scope = scope;
        self
    }

    pub(crate) fn client(mut self, client_id: &'test str, redirect_uri: &'test str) -> Self {
        self.client_id = client_id;
        self.redirect_uri = redirect_uri;
        self
    }

    pub(crate) fn secret(mut self, secret: &'test str) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(crate) fn authorize_url(&self, more: &[(&str, &str)]) -> String {
        let fields = [
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("response_type", "code"),
            ("scope", self.scope),
            ("state", "the-state"),
        ];
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                fields
                    .iter()
                    .filter(|(name, _)| more.iter().all(|(other, _)| other != name)),
            )
            .extend_pairs(more.iter().filter(|(_, value)| !value.is_empty()))
            .finish();
        format!("{}/authorize?{query}", self.authority)
    }

    pub(crate) fn sign_in(&self, username: &str, more: &[(&str, &str)]) -> AuthorizationAnswer {
        self.provider
            .sign_in(&self.authorize_url(more), username, PASSWORD)
            .unwrap()
    }

    pub(crate) fn code(&self, username: &str) -> String {
        self.sign_in(username, &[]).get("code").unwrap().to_owned()
    }

    /// Sends a token request; a field in `more` takes the place of one of the app's, and an empty one leaves it out.
    pub(crate) fn token(&self, grant_type: &str, more: &[(&str, &str)]) -> Response {
        self.token_with_headers(grant_type, more, &[])
    }

    pub(crate) fn token_with_headers(
        &self,
        grant_type: &str,
        more: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Response {
        let mut fields = vec![
            ("grant_type", grant_type),
            ("client_id", self.client_id),
            ("scope", self.scope),
            ("client_info", "1"),
        ];
        fields.extend(self.secret.map(|secret| ("client_secret", secret)));
        fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        Client::of(self.provider)
            .send("POST", &format!("{}/token", self.authority), &all, &body)
            .unwrap()
    }

    pub(crate) fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Response {
        let mut fields = vec![("code", code), ("redirect_uri", self.redirect_uri)];
        fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        fields.extend(more);
        self.token("authorization_code", &fields)
    }

    pub(crate) fn refresh(&self, refresh_token: &str, more: &[(&str, &str)]) -> Response {
        let mut fields = vec![("refresh_token", refresh_token)];
        fields.extend(more);
        self.token("refresh_token", &fields)
    }

    /// Signs a user in, and gives the tokens.
    pub(crate) fn tokens(&self, username: &str) -> Value {
        let response = self.redeem(&self.code(username), &[]);
        assert_eq!(response.status, 200, "{}", response.json());
        response.json()
    }
}

/// The claims of a token that one of the published keys has signed, and the claims of its header.
pub(crate) fn verified(provider: &LocalIdentityProvider, keys_url: &str, token: &Value) -> Value {
    let keys = Client::of(provider).get(keys_url).unwrap().json();
    let key: Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let token = token.as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.kid, key.common.key_id);
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&key).unwrap(), &validation)
        .unwrap()
        .claims
}

/// The same with the keys of the default tenant.
pub(crate) fn claims(provider: &LocalIdentityProvider, token: &Value) -> Value {
    let url = format!("https://login.microsoftonline.com/{TENANT_ID}/discovery/v2.0/keys");
    verified(provider, &url, token)
}

/// What `client_info` says.
pub(crate) fn client_info(text: &str) -> Value {
    use base64::Engine as _;
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap();
    serde_json::from_slice(&json).unwrap()
}
