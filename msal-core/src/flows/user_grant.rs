//! A request for a user's tokens, from the question to the result: what is the same for every grant.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::ask::{Asking, Means};
use super::cached::Wanted;
use super::finish::{SignIn, Whose, receive};
use super::signature;
use crate::app::App;
use crate::authority::Endpoints;
use crate::exchange::Asker;
use crate::flow::Io;
use crate::protocol::{UserHint, UserRequest};
use crate::retry::RetryPolicy;
use crate::{AuthenticationResult, AuthorityKind, CorrelationId, Error, RefreshToken, Request};

/// What a grant says beside its own parameters.
#[derive(Clone, Copy)]
pub(crate) struct UserGrant<'a> {
    pub(crate) app: &'a App,
    pub(crate) wanted: &'a Wanted,
    /// Whom the answer must be about, and what becomes of it.
    pub(crate) whose: Whose<'a>,
    pub(crate) user: UserHint<'a>,
    pub(crate) asker: Asker,
    pub(crate) retry: RetryPolicy,
    /// Endpoints that were fixed when the sign-in began.
    pub(crate) endpoints: Option<&'a Arc<Endpoints>>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) max_age: Option<Duration>,
    /// What goes on working where the answer brings no other, RFC 6749 section 6.
    pub(crate) refresh_token: Option<&'a RefreshToken>,
}

impl<'a> UserGrant<'a> {
    /// The usual grant: somebody waits for it, and it may be made once more where the first never got through.
    pub(crate) fn new(whose: Whose<'a>, wanted: &'a Wanted, app: &'a App) -> Self {
        Self {
            app,
            wanted,
            whose,
            user: UserHint::None,
            asker: Asker::User,
            retry: RetryPolicy::UNLESS_SILENT,
            endpoints: None,
            nonce: None,
            max_age: None,
            refresh_token: None,
        }
    }

    /// Sends the request that `make` makes for the token endpoint, and makes a result of the answer.
    pub(crate) async fn redeem(
        &self,
        make: impl Fn(&UserRequest<'_>, &Url, CorrelationId) -> Result<Request, Error> + Send + Sync,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let Self { app, wanted, .. } = *self;
        io.span().record("authority_host", wanted.authority.host());
        let claims = wanted.merged_claims(app);
        let scheme = &wanted.call.scheme;
        let parameters = scheme.parameters(&wanted.call.parameters);
        let asking = Asking {
            app,
            authority: &wanted.authority,
            claims: claims.as_deref(),
            fmi_path: None,
            asker: self.asker,
            retry: self.retry,
            insist: wanted.policy.force_refresh,
        };
        let id = io.correlation_id();
        let request = |means: Means<'_>| {
            let user = UserRequest {
                client_id: &app.client_id,
                authentication: means.authentication,
                scopes: &wanted.scopes,
                claims: claims.as_deref(),
                user: match wanted.authority.kind() {
                    // Only Microsoft's routing knows what to do with it.
                    AuthorityKind::Oidc => UserHint::None,
                    _ => self.user,
                },
                parameters: &parameters,
            };
            make(&user, &means.endpoints.token, id)
        };
        if app.verifies_id_tokens {
            let endpoints = match self.endpoints {
                Some(fixed) => Arc::clone(fixed),
                None => asking.endpoints(io).await?,
            };
            signature::prepare(app, &endpoints, io).await?;
        }
        let (response, endpoints) = asking.ask(self.endpoints, request, io).await?;
        let sign_in = SignIn {
            app,
            authority: &wanted.authority,
            endpoints: &endpoints,
            scopes: &wanted.scopes,
            scheme,
            extended: wanted.extended.clone(),
            nonce: self.nonce,
            max_age: self.max_age,
            refresh_token: self.refresh_token,
            whose: self.whose,
        };
        let result = receive(&response, &sign_in, io).await?;
        Ok(result.with_correlation_id(id))
    }
}
