use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::ResponseMode;
use super::begun::Begun;
use crate::authority::Endpoints;
use crate::protocol::auth_code::AuthorizationResponse;
use crate::{Error, ErrorKind, PkceVerifier};

/// A sign-in that has begun in a browser: the URL to open, and what its response is checked against.
///
/// It belongs to one browser session and is used once. It holds secrets, and says where the code is sent to, so it can
/// only be kept by name: on the server, or in a cookie that is encrypted and authenticated.
pub struct AuthCodeFlow(pub(crate) Box<Parts>);

/// All of it, in the form that is kept.
#[derive(Deserialize, Serialize)]
pub(crate) struct Parts {
    #[serde(flatten)]
    pub(crate) begun: Begun,
    pub(crate) auth_uri: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) max_age: Option<u64>,
    pub(crate) login_hint: Option<String>,
    /// The endpoints as they were when the sign-in began: no response can change them.
    pub(crate) token_endpoint: Url,
    /// Where the keys of id tokens are; null where the authority names none.
    #[serde(deserialize_with = "Option::deserialize")]
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

    /// The whole as JSON, with its secrets: keep it on the server, or in a cookie that is
    /// encrypted and authenticated (by an AEAD).
    pub fn into_secret_json(self) -> Zeroizing<String> {
        // Strings, numbers and lists of them always make JSON.
        Zeroizing::new(serde_json::to_string(&self.0).unwrap_or_default())
    }

    /// What [`into_secret_json`](Self::into_secret_json) gave.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        let malformed = |why| Error::new(ErrorKind::InvalidArgument("auth code flow")).because(why);
        let parts: Parts = serde_json::from_str(json)
            .map_err(|_| malformed("it is not what `into_secret_json` gave"))?;
        parts.begun.check("auth code flow")?;
        // What is empty would be equal to a parameter that is empty.
        if [&parts.state, &parts.nonce, &parts.verifier]
            .iter()
            .any(|secret| secret.is_empty())
        {
            return Err(malformed("a secret of it is empty"));
        }
        let is_plain_http = parts.begun.authority().starts_with("http://");
        let is_safe = |url: &Url| match url.scheme() {
            "https" => true,
            scheme => scheme == "http" && is_plain_http,
        };
        if !is_safe(&parts.token_endpoint) {
            return Err(malformed("its token endpoint is no https address"));
        }
        if !parts.jwks.as_ref().is_none_or(is_safe) {
            return Err(malformed("its keys are at no https address"));
        }
        Ok(Self(Box::new(parts)))
    }

    pub(crate) fn verifier(&self) -> PkceVerifier {
        PkceVerifier::new(self.0.verifier.as_str())
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
            .field("authority", &self.0.begun.authority())
            .field("redirect_uri", &self.0.redirect_uri)
            .field("response_mode", &self.0.response_mode)
            .finish_non_exhaustive()
    }
}
