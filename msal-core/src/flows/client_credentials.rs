//! A token for the application itself.

use super::ask::Asking;
use super::cached::{Grant, Wanted};
use super::finish::{Issued, keep};
use super::stored;
use crate::app::App;
use crate::credential::{AppToken, AppTokenRequest, ClientAuthentication};
use crate::exchange::Asker;
use crate::flow::Io;
use crate::protocol::{client_credentials, token};
use crate::retry::RetryPolicy;
use crate::{AuthenticationResult, Error, ErrorKind};

/// The client credentials grant, RFC 6749 section 4.4.
pub(crate) struct ClientCredentials {
    pub(crate) fmi_path: Option<String>,
}

impl Grant for ClientCredentials {
    const FLOW: &'static str = "client credentials";
    const RENEWAL: &'static str = "client credentials renewal";

    async fn obtain(
        &self,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let Some(credential) = &app.credential else {
            return Err(Error::new(ErrorKind::Internal(Self::FLOW)));
        };
        let claims = wanted.merged_claims(app);
        let correlation_id = io.correlation_id();
        let request = || AppTokenRequest {
            scopes: wanted.scopes.clone(),
            tenant: wanted.authority.tenant().map(str::to_owned),
            claims: claims.clone(),
            correlation_id,
        };
        if wanted.call.scheme.is_bound() && credential.provides_app_tokens() {
            return Err(Error::new(ErrorKind::Unsupported("a bound token"))
                .because("the app token provider is not told of keys to bind tokens to"));
        }
        let issued = match credential.app_token(request, io).await {
            Some(token) => provided(token?, wanted),
            None => self.asked(claims.as_deref(), wanted, app, io).await?,
        };
        let token = keep(issued, wanted.key(app), app, io.now());
        let saved = stored::save(&wanted.partition(app), app, io).await;
        let result = AuthenticationResult::from_identity_provider(token, app.ids);
        Ok(result.with_persist_error(saved.err()))
    }
}

impl ClientCredentials {
    async fn asked(
        &self,
        claims: Option<&str>,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> Result<Issued, Error> {
        let asking = Asking {
            app,
            authority: &wanted.authority,
            claims,
            fmi_path: self.fmi_path.as_deref(),
            asker: Asker::App,
            retry: RetryPolicy::REPEATABLE,
            insist: wanted.policy.force_refresh,
        };
        let scheme = &wanted.call.scheme;
        let parameters = scheme.parameters(&wanted.call.parameters);
        let id = io.correlation_id();
        let (response, _) = asking
            .ask(
                None,
                |means| {
                    let grant = client_credentials::ClientCredentials {
                        client_id: &app.client_id,
                        authentication: authentication(means.authentication)?,
                        scopes: &wanted.scopes,
                        claims,
                        fmi_path: self.fmi_path.as_deref(),
                        parameters: &parameters,
                    };
                    client_credentials::request(&grant, &means.endpoints.token, id)
                },
                io,
            )
            .await?;
        let token = token::parse(&response, scheme.token_type())?;
        Ok(Issued::of(token, &wanted.scopes))
    }
}

fn authentication(given: Option<&ClientAuthentication>) -> Result<&ClientAuthentication, Error> {
    given.ok_or_else(|| Error::new(ErrorKind::Internal(ClientCredentials::FLOW)))
}

fn provided(token: AppToken, wanted: &Wanted) -> Issued {
    let (secret, expires_in, refresh_in) = token.into_parts();
    Issued {
        secret,
        scopes: wanted.scopes.clone(),
        expires_in,
        ext_expires_in: None,
        refresh_in,
    }
}
