use std::fmt;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use crate::env::IdSource;
use crate::store::AccessTokenEntry;
use crate::{AccessToken, CorrelationId, Error, Scopes, Timestamp};

/// A token, and what is known of it. Cheap to clone.
pub struct AuthenticationResult {
    token: Arc<AccessTokenEntry>,
    source: TokenSource,
    correlation_id: OnceLock<CorrelationId>,
    ids: IdSource,
    refresh_error: Option<Error>,
}

impl AuthenticationResult {
    pub(crate) fn from_cache(token: Arc<AccessTokenEntry>, ids: IdSource) -> Self {
        let correlation_id = OnceLock::new();
        Self {
            token,
            source: TokenSource::Cache,
            correlation_id,
            ids,
            refresh_error: None,
        }
    }

    pub(crate) fn from_identity_provider(token: Arc<AccessTokenEntry>, ids: IdSource) -> Self {
        Self {
            source: TokenSource::IdentityProvider,
            ..Self::from_cache(token, ids)
        }
    }

    pub(crate) fn with_correlation_id(self, id: CorrelationId) -> Self {
        Self {
            correlation_id: OnceLock::from(id),
            ..self
        }
    }

    pub(crate) fn with_refresh_error(self, error: Error) -> Self {
        Self {
            refresh_error: Some(error),
            ..self
        }
    }

    /// The token to present to the API.
    pub fn access_token(&self) -> &AccessToken {
        self.token.secret()
    }

    /// How to present it: `Bearer`, unless it is bound to a key.
    pub fn token_type(&self) -> &str {
        self.token
            .binding()
            .map_or("Bearer", |binding| binding.token_type)
    }

    /// The value of an `Authorization` header, marked as sensitive.
    ///
    /// Fails only for a token that came from a cache file and holds characters that no header may hold.
    pub fn authorization_header(&self) -> Result<HeaderValue, Error> {
        let text = format!("{} {}", self.token_type(), self.access_token().expose());
        let text = zeroize::Zeroizing::new(text);
        let mut header = HeaderValue::try_from(text.as_str()).map_err(|_| {
            Error::new(crate::ErrorKind::Cache)
                .because("the cached access token fits into no header")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// When the token stops working.
    pub fn expires_on(&self) -> Timestamp {
        self.token.expires_on()
    }

    /// From when it is renewed although it still works, where the identity provider said so.
    pub fn refresh_on(&self) -> Option<Timestamp> {
        self.token.refresh_on()
    }

    /// The scopes granted.
    pub fn scopes(&self) -> &Scopes {
        self.token.scopes()
    }

    /// The tenant that issued the token.
    pub fn tenant_id(&self) -> &str {
        self.token.realm()
    }

    /// Where the token came from.
    pub fn token_source(&self) -> TokenSource {
        self.source
    }

    /// The id of this call: of the requests it sent, if it sent any.
    pub fn correlation_id(&self) -> CorrelationId {
        *self
            .correlation_id
            .get_or_init(|| self.ids.correlation_id())
    }

    /// Why the token, which still works, was not renewed although it was time.
    pub fn refresh_error(&self) -> Option<&Error> {
        self.refresh_error.as_ref()
    }
}

impl Clone for AuthenticationResult {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            source: self.source,
            // Made now if it has not been yet, so that both have the same.
            correlation_id: OnceLock::from(self.correlation_id()),
            ids: self.ids,
            refresh_error: self.refresh_error.clone(),
        }
    }
}

impl fmt::Debug for AuthenticationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationResult")
            .field("access_token", self.access_token())
            .field("token_type", &self.token_type())
            .field("expires_on", &self.expires_on())
            .field("refresh_on", &self.refresh_on())
            .field("scopes", self.scopes())
            .field("token_source", &self.source)
            .field("correlation_id", &self.correlation_id())
            .field("refresh_error", &self.refresh_error)
            .finish_non_exhaustive()
    }
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenSource {
    /// The token cache.
    Cache,
    /// The identity provider, in this call.
    IdentityProvider,
}

impl TokenSource {
    /// The source as a stable word in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::IdentityProvider => "identity_provider",
        }
    }
}
