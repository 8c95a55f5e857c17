//! A token for the application itself: from the cache, or from the identity provider.

use std::sync::Arc;
use std::time::Duration;

use super::claim::{Claim, claim, settle};
use super::finish::{Issued, keep};
use crate::app::{App, ClientCredentialOptions, Explanation};
use crate::credential::{AppToken, AppTokenRequest, CredentialContext, SigningAlgorithm};
use crate::exchange::{Exchange, Terms, Throttling, refusal};
use crate::flights::{Flight, FlightKey, TokenFlight, Turn};
use crate::flow::{CallContext, Flow, Io};
use crate::freshness::Freshness;
use crate::protocol::{client_credentials, token};
use crate::retry::RetryPolicy;
use crate::store::{AccessTokenEntry, AccessTokenLookup, ExtendedKey, Owner, OwnerRef, TokenKey};
use crate::throttle::Fingerprint;
use crate::{
    AuthenticationResult, Authority, Claims, Error, Request, Scopes, Timestamp, merged_claims,
};

/// One token that is wanted, with all that decides how it is got.
#[derive(Clone)]
pub(crate) struct Job(Arc<Inner>);

struct Inner {
    app: App,
    wanted: Wanted,
    flight: Arc<TokenFlight>,
}

/// What a program asks for, read and checked.
pub(crate) struct Wanted {
    pub(crate) authority: Authority,
    pub(crate) scopes: Scopes,
    pub(crate) claims: Option<Claims>,
    pub(crate) client_claims: Option<Claims>,
    pub(crate) extended: Option<Arc<ExtendedKey>>,
    pub(crate) options: ClientCredentialOptions,
}

/// What the cache holds for these scopes, without any work.
pub(crate) fn look(
    app: &App,
    authority: &Authority,
    extended: Option<&ExtendedKey>,
    scopes: &[&str],
    now: Timestamp,
) -> Option<Arc<AccessTokenEntry>> {
    let lookup = lookup(app, authority, extended, scopes);
    app.store.access_token(&lookup, now)
}

fn lookup<'a>(
    app: &'a App,
    authority: &'a Authority,
    extended: Option<&'a ExtendedKey>,
    scopes: &'a [&'a str],
) -> AccessTokenLookup<'a> {
    AccessTokenLookup {
        cloud: authority.cloud(),
        realm: authority.realm(),
        client_id: &app.client_id,
        owner: OwnerRef::App,
        binding: None,
        extended,
        scopes,
        scope_case: authority.scope_case(),
    }
}

impl Job {
    pub(crate) fn new(app: &App, wanted: Wanted) -> Self {
        let key = TokenKey {
            environment: wanted.authority.environment().clone(),
            realm: wanted.authority.realm().clone(),
            client_id: app.client_id.clone(),
            owner: Owner::App,
            binding: None,
            extended: wanted.extended.clone(),
        };
        let flight = Arc::new(TokenFlight {
            key,
            scopes: wanted.scopes.clone(),
            past_cache: wanted.options.goes_past_cache(),
            claims: wanted.claims.clone(),
        });
        Self(Arc::new(Inner {
            app: app.clone(),
            wanted,
            flight,
        }))
    }

    /// What the cache says to this, without asking anybody.
    pub(crate) fn explain(&self) -> Explanation {
        let Inner { app, wanted, .. } = &*self.0;
        let scopes: Vec<&str> = wanted.scopes.iter().collect();
        let lookup = lookup(app, &wanted.authority, wanted.extended.as_deref(), &scopes);
        let goes_past_cache = wanted.options.goes_past_cache();
        Explanation::new(&*app.store, &lookup, goes_past_cache, app.env.now())
    }

    /// What can be handed out without any work.
    pub(crate) fn at_hand(
        &self,
        call: &CallContext,
        now: Timestamp,
    ) -> Option<AuthenticationResult> {
        let (Freshness::Fresh, Some(token)) = self.held(now) else {
            return None;
        };
        tracing::debug!(
            target: "msal",
            flow = call.flow,
            correlation_id = %call.correlation_id,
            authority_host = self.0.wanted.authority.host(),
            cache = Freshness::Fresh.name(),
            "found"
        );
        let result = AuthenticationResult::from_cache(token, self.0.app.ids);
        Some(result.with_correlation_id(call.correlation_id))
    }

    /// The whole way: cache, whoever is at work on it already, identity provider.
    pub(crate) async fn acquire(self, io: &mut Io) -> Result<AuthenticationResult, Error> {
        io.span()
            .record("authority_host", self.0.wanted.authority.host());
        let held = self.held(io.now());
        io.span().record("cache", held.0.name());
        if let (freshness, Some(token)) = &held {
            let is_settled = match freshness {
                Freshness::Fresh => true,
                Freshness::Stale => self.renews_beside(io).await,
                _ => false,
            };
            if is_settled {
                return Ok(self.cached(token.clone(), io));
            }
        }
        match self.renew(io).await {
            Ok(result) => Ok(result),
            Err(error) => self.fall_back(held, error, io),
        }
    }

    /// Obtains a token, or takes the one that somebody else just obtained.
    async fn renew(&self, io: &mut Io) -> Result<AuthenticationResult, Error> {
        let key = FlightKey::Token(self.0.flight.clone());
        let fresh = |io: &Io| match self.held(io.now()) {
            (Freshness::Fresh, token) => token,
            _ => None,
        };
        let flight = match claim(&key, &self.0.app.flights, fresh, io).await? {
            Claim::Answer(token) => return Ok(self.cached(token, io)),
            Claim::Landed => None,
            Claim::Lead(flight) => flight,
        };
        self.lead(flight, io).await
    }

    async fn lead(
        &self,
        flight: Option<Flight>,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let outcome = self.obtain(io).await;
        settle(flight, outcome.as_ref().map(Some), io);
        let result = AuthenticationResult::from_identity_provider(outcome?, self.0.app.ids);
        Ok(result.with_correlation_id(io.correlation_id()))
    }

    /// Has the token renewed beside this call. False when this call must do it.
    async fn renews_beside(&self, io: &mut Io) -> bool {
        if self.0.wanted.options.call.wait_for_refresh {
            return false;
        }
        let app = &self.0.app;
        let uptime = io.env().uptime();
        if app
            .renewals
            .standing(&Fingerprint::renewal(&self.0.flight), uptime)
            .is_some()
        {
            return true;
        }
        let flight = match app
            .flights
            .enter(&FlightKey::Token(self.0.flight.clone()), uptime)
        {
            Turn::Lead(flight) => flight,
            Turn::Follow(..) => return true,
        };
        let job = self.clone();
        let call = app.call(
            "client credentials renewal",
            Some(io.correlation_id()),
            None,
        );
        let renewal = Flow::new(call, app.env.clone(), |mut io| async move {
            job.renew_in_background(flight, &mut io).await
        });
        io.background(renewal).await.is_ok()
    }

    async fn renew_in_background(self, flight: Flight, io: &mut Io) -> Result<(), Error> {
        io.leads(&flight);
        let outcome = self.lead(Some(flight), io).await;
        if let Err(error) = &outcome {
            tracing::warn!(target: "msal", %error, "a token that still works could not be renewed");
            let until = io.env().uptime() + RENEWAL_PAUSE;
            let renewal = Fingerprint::renewal(&self.0.flight);
            self.0.app.renewals.remember(renewal, error.clone(), until);
        }
        outcome.map(drop)
    }

    async fn obtain(&self, io: &mut Io) -> Result<Arc<AccessTokenEntry>, Error> {
        let Inner { app, wanted, .. } = &*self.0;
        let claims = merged_claims(
            wanted.claims.as_ref(),
            wanted.client_claims.as_ref(),
            &app.capabilities,
        );
        let correlation_id = io.correlation_id();
        let request = || AppTokenRequest {
            scopes: wanted.scopes.clone(),
            tenant: wanted.authority.tenant().map(str::to_owned),
            claims: claims.clone(),
            correlation_id,
        };
        let issued = match app.credential.app_token(request, io).await {
            Some(token) => self.provided(token?),
            None => self.asked(claims.as_deref(), io).await?,
        };
        Ok(keep(issued, self.0.flight.key.clone(), app, io.now()))
    }

    fn provided(&self, token: AppToken) -> Issued {
        let (secret, expires_in, refresh_in) = token.into_parts();
        Issued {
            secret,
            scopes: self.0.wanted.scopes.clone(),
            expires_in,
            ext_expires_in: None,
            refresh_in,
        }
    }

    async fn asked(&self, claims: Option<&str>, io: &mut Io) -> Result<Issued, Error> {
        let app = &self.0.app;
        let throttling = Throttling {
            memory: &app.throttle,
            pause: CONFIDENTIAL_PAUSE,
            credential: app.credential.fingerprint(),
            insist: self.0.wanted.options.force_refresh,
        };
        let terms = Terms {
            retry: RetryPolicy::REPEATABLE,
            throttle: Some(throttling),
        };
        let mut exchange = Exchange::new(terms);
        // Made anew each time: an assertion is used once only.
        let response = loop {
            let request = self.request(claims, io).await?;
            if let Some(response) = exchange.attempt(request, io).await? {
                break response;
            }
        };
        if !response.status().is_success() {
            return Err(refusal(&response, io));
        }
        let token = token::parse(&response, "Bearer")?;
        Ok(Issued {
            secret: token.access_token,
            scopes: token.scopes.unwrap_or_else(|| self.0.wanted.scopes.clone()),
            expires_in: token.expires_in,
            ext_expires_in: token.ext_expires_in,
            refresh_in: token.refresh_in,
        })
    }

    async fn request(&self, claims: Option<&str>, io: &mut Io) -> Result<Request, Error> {
        let Inner { app, wanted, .. } = &*self.0;
        let Wanted {
            authority,
            scopes,
            options,
            ..
        } = wanted;
        let endpoints = app.directory.resolve_for_app(authority, io).await?;
        let context = CredentialContext {
            client_id: &app.client_id,
            token_endpoint: endpoints.token.as_str(),
            authority,
            tenant: authority.tenant(),
            correlation_id: io.correlation_id(),
            claims,
            fmi_path: options.fmi_path.as_deref(),
            algorithm: algorithm(authority),
        };
        let authentication = app.credential.authenticate(&context, io).await?;
        let grant = client_credentials::ClientCredentials {
            client_id: &app.client_id,
            authentication: &authentication,
            scopes,
            claims,
            fmi_path: options.fmi_path.as_deref(),
            parameters: &options.call.parameters,
        };
        client_credentials::request(&grant, &endpoints.token, io.correlation_id())
    }

    /// What the cache holds, and how good it is. Nothing where this call goes past the cache.
    fn held(&self, now: Timestamp) -> (Freshness, Option<Arc<AccessTokenEntry>>) {
        if self.0.wanted.options.goes_past_cache() {
            return (Freshness::Missing, None);
        }
        let Inner { app, wanted, .. } = &*self.0;
        let scopes: Vec<&str> = wanted.scopes.iter().collect();
        let extended = wanted.extended.as_deref();
        let token = look(app, &wanted.authority, extended, &scopes, now);
        Freshness::sorted(token, now)
    }

    /// A token that still works outranks an error that may be over soon; one that need not be renewed yet, any error.
    fn fall_back(
        &self,
        (freshness, kept): (Freshness, Option<Arc<AccessTokenEntry>>),
        error: Error,
        io: &Io,
    ) -> Result<AuthenticationResult, Error> {
        let is_outranked = freshness == Freshness::Stale || error.is_retryable();
        match kept {
            Some(token) if is_outranked && token.expires_on() > io.now() => {
                Ok(self.cached(token, io).with_refresh_error(error))
            }
            _ => Err(error),
        }
    }

    fn cached(&self, token: Arc<AccessTokenEntry>, io: &Io) -> AuthenticationResult {
        AuthenticationResult::from_cache(token, self.0.app.ids)
            .with_correlation_id(io.correlation_id())
    }
}

fn algorithm(authority: &Authority) -> SigningAlgorithm {
    match authority.accepts_ps256() {
        true => SigningAlgorithm::Ps256,
        false => SigningAlgorithm::Rs256,
    }
}

/// How long a 429 or 5xx without `Retry-After` stands for a confidential client.
const CONFIDENTIAL_PAUSE: Duration = Duration::from_secs(5);
/// How long after a failed renewal in the background the next is tried.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);
