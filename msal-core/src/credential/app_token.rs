use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::CallbackError;
use crate::secret::Redacted;
use crate::{AccessToken, CorrelationId, Scopes};

/// Which token an [`AppTokenProvider`] is asked for.
#[derive(Clone)]
#[non_exhaustive]
pub struct AppTokenRequest {
    /// The scopes that the program asked for.
    pub scopes: Scopes,
    /// The tenant, a GUID or a domain name, where the authority has one.
    pub tenant: Option<String>,
    /// The `claims` that a request would carry, the text of a JSON object.
    pub claims: Option<String>,
    /// The id of the call.
    pub correlation_id: CorrelationId,
}

impl fmt::Debug for AppTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTokenRequest")
            .field("scopes", &self.scopes)
            .field("tenant", &self.tenant)
            .field("claims", &self.claims.as_ref().map(|_| Redacted))
            .field("correlation_id", &self.correlation_id)
            .finish()
    }
}

/// A token that an [`AppTokenProvider`] got from elsewhere.
#[derive(Clone, Debug)]
pub struct AppToken {
    access_token: AccessToken,
    expires_in: Duration,
    refresh_in: Option<Duration>,
}

impl AppToken {
    /// A token that is valid for `expires_in` from now on.
    pub fn new(access_token: impl Into<AccessToken>, expires_in: Duration) -> Self {
        Self {
            access_token: access_token.into(),
            expires_in,
            refresh_in: None,
        }
    }

    /// Says after what time a new token should be asked for, ahead of this one's end.
    #[must_use]
    pub fn refresh_in(mut self, time: Duration) -> Self {
        self.refresh_in = Some(time);
        self
    }

    pub(crate) fn into_parts(self) -> (AccessToken, Duration, Option<Duration>) {
        (self.access_token, self.expires_in, self.refresh_in)
    }

    pub(super) fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
}

/// Gets app tokens by other means than a request to the authority, on the caller's thread.
///
/// Its tokens are cached like any other. A closure is a provider too.
pub trait AppTokenProvider: Send + Sync {
    /// The token that `request` describes; never empty.
    fn app_token(&self, request: &AppTokenRequest) -> Result<AppToken, CallbackError>;
}

/// Gets app tokens by other means than a request to the authority, without holding up a thread.
///
/// Its tokens are cached like any other. Implemented with [`async_trait`](macro@async_trait). A closure is a provider too.
#[async_trait]
pub trait AsyncAppTokenProvider: Send + Sync {
    /// The token that `request` describes; never empty.
    async fn app_token(&self, request: AppTokenRequest) -> Result<AppToken, CallbackError>;
}

impl<F, E> AppTokenProvider for F
where
    F: Fn(&AppTokenRequest) -> Result<AppToken, E> + Send + Sync,
    E: Into<CallbackError>,
{
    fn app_token(&self, request: &AppTokenRequest) -> Result<AppToken, CallbackError> {
        self(request).map_err(Into::into)
    }
}

#[async_trait]
impl<F, R, E> AsyncAppTokenProvider for F
where
    F: Fn(AppTokenRequest) -> R + Send + Sync,
    R: Future<Output = Result<AppToken, E>> + Send,
    E: Into<CallbackError>,
{
    async fn app_token(&self, request: AppTokenRequest) -> Result<AppToken, CallbackError> {
        self(request).await.map_err(Into::into)
    }
}
