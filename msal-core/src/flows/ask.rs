//! A request to the token endpoint, with all that is the same for every grant.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::authority::Endpoints;
use crate::credential::{ClientAuthentication, CredentialContext, SigningAlgorithm};
use crate::exchange::{Asker, Exchange, Terms, Throttling};
use crate::flow::Io;
use crate::protocol::device_code;
use crate::retry::RetryPolicy;
use crate::{Authority, Error, Request, Response};

/// How the token endpoint is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) app: &'a App,
    pub(crate) authority: &'a Authority,
    /// The request's `claims` parameter.
    pub(crate) claims: Option<&'a str>,
    pub(crate) fmi_path: Option<&'a str>,
    /// Who asks: the application for itself, a user who waits, or somebody in silence.
    pub(crate) asker: Asker,
    pub(crate) retry: RetryPolicy,
    /// Whether a refusal of this very request, which stands for a while, is passed over.
    pub(crate) insist: bool,
}

/// What a request is made of that this module supplies.
pub(crate) struct Means<'a> {
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) authentication: Option<&'a ClientAuthentication>,
}

impl Asking<'_> {
    /// Where this authority takes which request.
    pub(crate) async fn endpoints(&self, io: &mut Io) -> Result<Arc<Endpoints>, Error> {
        let directory = &self.app.directory;
        match self.asker {
            Asker::App => directory.resolve_for_app(self.authority, io).await,
            _ => directory.resolve(self.authority, io).await,
        }
    }

    /// Sends the request that `make` makes, anew for each attempt, since an assertion is used once only. Gives the
    /// answer, if it is no refusal, and the endpoints, which may have been fixed before.
    pub(crate) async fn ask(
        &self,
        fixed: Option<&Arc<Endpoints>>,
        make: impl Fn(Means<'_>) -> Result<Request, Error> + Send + Sync,
        io: &mut Io,
    ) -> Result<(Response, Arc<Endpoints>), Error> {
        let app = self.app;
        let throttling = Throttling {
            memory: &app.throttle,
            pause: match app.credential {
                Some(_) => CONFIDENTIAL_PAUSE,
                None => PUBLIC_PAUSE,
            },
            credential: app
                .credential
                .as_ref()
                .map_or(&[0; 32], |own| own.fingerprint()),
            insist: self.insist,
        };
        let mut exchange = Exchange::new(Terms {
            retry: self.retry,
            throttle: Some(throttling),
            asker: self.asker,
        });
        let endpoints = match fixed {
            Some(fixed) => Arc::clone(fixed),
            None => self.endpoints(io).await?,
        };
        loop {
            let authentication = self.authenticate(&endpoints, io).await?;
            let request = make(Means {
                endpoints: &endpoints,
                authentication: authentication.as_ref(),
            })?;
            if let Some(response) = exchange.attempt(request, io).await? {
                // Some services tell a device that it must wait with the status of a success.
                let is_refusal = !response.status().is_success()
                    || (self.asker == Asker::Waiting && device_code::is_refusal(&response));
                return match is_refusal {
                    true => Err(exchange.refusal(&response, io)),
                    false => Ok((response, endpoints)),
                };
            }
        }
    }

    async fn authenticate(
        &self,
        endpoints: &Endpoints,
        io: &mut Io,
    ) -> Result<Option<ClientAuthentication>, Error> {
        let Some(credential) = &self.app.credential else {
            return Ok(None);
        };
        let context = CredentialContext {
            client_id: &self.app.client_id,
            token_endpoint: endpoints.token.as_str(),
            authority: self.authority,
            tenant: self.authority.tenant(),
            correlation_id: io.correlation_id(),
            claims: self.claims,
            fmi_path: self.fmi_path,
            algorithm: match self.authority.accepts_ps256() {
                true => SigningAlgorithm::Ps256,
                false => SigningAlgorithm::Rs256,
            },
        };
        credential.authenticate(&context, io).await.map(Some)
    }
}

/// How long a 429 or 5xx without `Retry-After` stands for a confidential client, which serves many.
const CONFIDENTIAL_PAUSE: Duration = Duration::from_secs(5);
/// The same for a public client, as the other MSAL libraries have it.
const PUBLIC_PAUSE: Duration = Duration::from_secs(60);
