use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CallOptions;
use crate::secret::Redacted;
use crate::{Account, CorrelationId, Error, ErrorKind};

/// What a sign-in in a browser can be given. `Debug` does not show whose it is.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AuthCodeOptions {
    /// What any call can be given. Parameters go into the URL and into the token request.
    pub call: CallOptions,
    /// The tenant's domain, so that its users skip the page that asks for it.
    pub domain_hint: Option<String>,
    /// Scopes of other resources to consent to in the same sign-in.
    pub extra_scopes_to_consent: Vec<String>,
    /// Whether the user may turn out to be of another of Microsoft's clouds, where the code is redeemed then.
    pub instance_aware: bool,
    /// The name that the user probably signs in with.
    pub login_hint: Option<String>,
    /// How long ago the user may have typed their password.
    pub max_age: Option<Duration>,
    /// What the identity provider asks the user.
    pub prompt: Option<Prompt>,
    /// How the response comes back.
    pub response_mode: ResponseMode,
    /// Whether a code for the application's page in the browser is wanted too.
    pub spa_code: bool,
}

/// What an identity provider asks a user, OpenID Connect Core section 3.1.2.1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Prompt {
    /// To consent to the scopes, even where they have before.
    Consent,
    /// To make an account.
    Create,
    /// For their password, even where they are signed in.
    Login,
    /// Nothing: where that is not enough the sign-in ends in an error.
    None,
    /// Which of their accounts to use.
    SelectAccount,
}

impl Prompt {
    /// The prompt as the protocol spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Create => "create",
            Self::Login => "login",
            Self::None => "none",
            Self::SelectAccount => "select_account",
        }
    }
}

impl std::str::FromStr for Prompt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = [
            Self::Consent,
            Self::Create,
            Self::Login,
            Self::None,
            Self::SelectAccount,
        ];
        let found = known.into_iter().find(|prompt| prompt.as_str() == text);
        found.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument("prompt"))
                .because("it is consent, create, login, none or select_account")
        })
    }
}

/// How the response of a sign-in comes back.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMode {
    /// In the body of a POST, where neither a history nor a log keeps the code.
    #[default]
    FormPost,
    /// In the query of a GET.
    Query,
}

impl ResponseMode {
    /// The mode as the protocol spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::Query => "query",
        }
    }
}

impl std::str::FromStr for ResponseMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut known = [Self::FormPost, Self::Query].into_iter();
        let found = known.find(|mode| mode.as_str() == text);
        found.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument("response mode"))
                .because("it is form_post or query")
        })
    }
}

/// What a call in silence can be given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SilentOptions {
    /// What any call can be given.
    pub call: CallOptions,
    /// Whether nothing but the cache may be asked.
    pub cache_only: bool,
    /// Whether to go past the cached access token.
    pub force_refresh: bool,
}

/// What signing out of the browser can be given.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct LogoutOptions {
    /// The user, so that the identity provider need not ask who it is.
    pub account: Option<Account>,
    /// The id of the call; a random one when none is given.
    pub correlation_id: Option<CorrelationId>,
    /// Where the browser goes afterwards: one of the application's registered URIs.
    pub post_logout_redirect_uri: Option<String>,
    /// What comes back with that, unchanged.
    pub state: Option<String>,
}

impl fmt::Debug for AuthCodeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCodeOptions")
            .field("call", &self.call)
            .field("domain_hint", &self.domain_hint)
            .field("login_hint", &self.login_hint.as_ref().map(|_| Redacted))
            .field("prompt", &self.prompt)
            .field("response_mode", &self.response_mode)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LogoutOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutOptions")
            .field("account", &self.account)
            .field("post_logout_redirect_uri", &self.post_logout_redirect_uri)
            .finish_non_exhaustive()
    }
}

/// What a call on behalf of a user can be given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OnBehalfOfOptions {
    /// What any call can be given.
    pub call: CallOptions,
    /// Whether to go past the cached access token.
    pub force_refresh: bool,
}
