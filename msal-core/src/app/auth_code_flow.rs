use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::ResponseMode;
use crate::authority::Endpoints;
use crate::protocol::auth_code::AuthorizationResponse;
use crate::scheme::SchemeParts;
use crate::{CorrelationId, Error, ErrorKind, PkceVerifier, Scopes};

/// A sign-in that has begun in a browser: the URL to open, and what its response is checked against.
///
/// It belongs to one browser session and is used once. It holds secrets, so it can only be kept by name: on the
/// server, or encrypted in a cookie.
pub struct AuthCodeFlow(pub(crate) Box<Parts>);

/// All of it, in the form that is kept.
#[derive(Deserialize, Serialize)]
pub(crate) struct Parts {
    pub(crate) version: u8,
    pub(crate) client_id: String,
    /// The authority's URL, and the tenant where the call gave one.
    pub(crate) authority: String,
    pub(crate) tenant: Option<String>,
    pub(crate) auth_uri: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) scopes: Vec<String>,
    pub(crate) claims: Option<String>,
    pub(crate) client_claims: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) scheme: Option<SchemeParts>,
    pub(crate) max_age: Option<u64>,
    pub(crate) login_hint: Option<String>,
    pub(crate) correlation_id: Option<String>,
    /// The endpoints as they were when the sign-in began: no response can change them.
    pub(crate) token_endpoint: Url,
    pub(crate) jwks: Option<Url>,
    pub(crate) issuer: String,
    pub(crate) names_issuer: bool,
    /// Whether a code for the application's page in the browser is wanted too.
    pub(crate) spa_code: bool,
    /// Whether the response may name another host of Microsoft's to redeem the code at.
    pub(crate) instance_aware: bool,
}

impl AuthCodeFlow {
    /// Where to send the browser.
    pub fn auth_uri(&self) -> &Url {
        &self.0.auth_uri
    }

    /// Where the browser will come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.0.redirect_uri
    }

    /// How the response will come back.
    pub fn response_mode(&self) -> ResponseMode {
        self.0.response_mode
    }

    /// Whether a query or form body is the response to this sign-in: whether it holds exactly one `state`, and that is
    /// this one's. Everything else can be answered and forgotten.
    pub fn recognizes(&self, response: &str) -> bool {
        self.recognizer()(response)
    }

    /// [`recognizes`](Self::recognizes) as a function of its own, for a listener on other threads.
    pub fn recognizer(&self) -> impl Fn(&str) -> bool + Send + Sync + use<> {
        let state = Zeroizing::new(self.0.state.clone());
        move |response| {
            let response = AuthorizationResponse::parse(response);
            response.is_ok_and(|response| response.has_state(&state))
        }
    }

    /// The whole as JSON, with its secrets: keep it on the server, or encrypted in a cookie.
    pub fn into_secret_json(self) -> Zeroizing<String> {
        // Strings, numbers and lists of them always make JSON.
        Zeroizing::new(serde_json::to_string(&self.0).unwrap_or_default())
    }

    /// What [`into_secret_json`](Self::into_secret_json) gave.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        let malformed = |why| Error::new(ErrorKind::InvalidArgument("auth code flow")).because(why);
        let parts: Parts = serde_json::from_str(json)
            .map_err(|_| malformed("it is not what `into_secret_json` gave"))?;
        if parts.version != VERSION {
            return Err(malformed("another version of this library made it"));
        }
        // What is empty would be equal to a parameter that is empty.
        if [&parts.state, &parts.nonce, &parts.verifier]
            .iter()
            .any(|secret| secret.is_empty())
        {
            return Err(malformed("a secret of it is empty"));
        }
        let is_plain_http = parts.authority.starts_with("http://");
        let is_safe =
            |url: &Url| url.scheme() == "https" || (is_plain_http && url.scheme() == "http");
        match is_safe(&parts.token_endpoint) && parts.jwks.as_ref().is_none_or(is_safe) {
            true => Ok(Self(Box::new(parts))),
            false => Err(malformed("an endpoint of it is no https address")),
        }
    }

    pub(crate) fn verifier(&self) -> PkceVerifier {
        PkceVerifier::new(self.0.verifier.as_str())
    }

    pub(crate) fn scopes(&self) -> Result<Scopes, Error> {
        Scopes::parse(&self.0.scopes)
    }

    pub(crate) fn correlation_id(&self) -> Option<CorrelationId> {
        self.0.correlation_id.as_ref()?.parse().ok()
    }

    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.0.max_age.map(Duration::from_secs)
    }

    /// The endpoints that the code is redeemed at.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let parts = &*self.0;
        Endpoints::fixed(
            &parts.token_endpoint,
            &parts.auth_uri,
            parts.jwks.as_ref(),
            &parts.issuer,
            parts.names_issuer,
        )
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.verifier.zeroize();
        self.state.zeroize();
        self.nonce.zeroize();
    }
}

impl fmt::Debug for AuthCodeFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCodeFlow")
            .field("authority", &self.0.authority)
            .field("redirect_uri", &self.0.redirect_uri)
            .field("response_mode", &self.0.response_mode)
            .finish_non_exhaustive()
    }
}

/// Of the form that is kept.
pub(crate) const VERSION: u8 = 1;
