//! What every flow does that looks into the cache first: find the token there, or obtain it once for all who ask.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use super::claim::{Claim, claim, settle};
use super::{on_behalf_of, stored};
use crate::app::{App, CallOptions, Explanation};
use crate::flights::{Flight, FlightKey, TokenFlight, Turn};
use crate::flow::{CallContext, Flow, Io};
use crate::freshness::Freshness;
use crate::result::User;
use crate::store::{
    AccessTokenEntry, AccessTokenLookup, Binding, BindingRef, ExtendedKey, LeaseKey, Owner,
    OwnerRef, Partition, TokenKey,
};
use crate::throttle::Fingerprint;
use crate::{
    AuthenticationResult, Authority, Claims, Error, ErrorKind, Scopes, Timestamp, merged_claims,
};

/// A way to obtain what the cache does not hold: what sets one such flow apart from another.
pub(crate) trait Grant: Send + Sync + 'static {
    /// The flow's name.
    const FLOW: &'static str;
    /// The name of the flow that renews beside another.
    const RENEWAL: &'static str;

    /// Asks the identity provider, and keeps what it answers.
    fn obtain(
        &self,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> impl Future<Output = Result<AuthenticationResult, Error>> + Send;

    /// What those share who ask at once: the token's key, unless it says too little.
    fn flight(&self, key: TokenKey) -> TokenKey {
        key
    }

    /// Whether [`obtain`](Self::obtain) takes turns with other processes by itself, as what it uses up serves other tokens
    /// too.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Whose token a cached one is; none for the application's own.
    fn user(&self, _app: &App) -> Option<User> {
        None
    }

    /// Whether the cache holds something by which to renew; none where that is no question.
    fn can_renew(&self, _wanted: &Wanted, _app: &App) -> Option<bool> {
        None
    }

    /// Why a call that may not leave the cache has nothing to give.
    fn not_cached(&self, _wanted: &Wanted, _app: &App) -> Error {
        Error::new(ErrorKind::NotCached)
    }
}

/// One token that is wanted, with all that decides how it is got.
pub(crate) struct Job<G>(Arc<Inner<G>>);

struct Inner<G> {
    app: App,
    wanted: Wanted,
    flight: Arc<TokenFlight>,
    grant: G,
}

/// What a program asks for, read and checked.
pub(crate) struct Wanted {
    pub(crate) authority: Authority,
    pub(crate) owner: Owner,
    pub(crate) scopes: Scopes,
    pub(crate) claims: Option<Claims>,
    pub(crate) client_claims: Option<Claims>,
    pub(crate) extended: Option<Arc<ExtendedKey>>,
    pub(crate) call: CallOptions,
    pub(crate) policy: CachePolicy,
    /// Another name of the authority's tenant, under which MSAL Python may have cached.
    pub(crate) also_realm: Option<Arc<str>>,
}

/// How a call stands to the cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CachePolicy {
    /// Whether nothing but the cache may be asked.
    pub(crate) cache_only: bool,
    /// Whether to go past the cached access token.
    pub(crate) force_refresh: bool,
}

impl Wanted {
    /// Whether the cached access token is passed over.
    pub(crate) fn goes_past_cache(&self) -> bool {
        self.policy.force_refresh || self.claims.is_some()
    }

    /// What to send as `claims`.
    pub(crate) fn merged_claims(&self, app: &App) -> Option<String> {
        let (challenge, client) = (self.claims.as_ref(), self.client_claims.as_ref());
        merged_claims(challenge, client, &app.capabilities)
    }

    /// What identifies the token beside its scopes.
    pub(crate) fn key(&self, app: &App) -> TokenKey {
        TokenKey {
            environment: self.authority.environment().clone(),
            realm: self.authority.realm().clone(),
            client_id: app.client_id.clone(),
            owner: self.owner.clone(),
            binding: self.binding(),
            extended: self.extended.clone(),
        }
    }

    /// The key that the token is to be bound to.
    pub(crate) fn binding(&self) -> Option<Arc<Binding>> {
        self.call.scheme.binding()
    }

    /// What the cache holds, and how good it is. Nothing where this call goes past the cache.
    pub(crate) fn held(
        &self,
        app: &App,
        now: Timestamp,
    ) -> (Freshness, Option<Arc<AccessTokenEntry>>) {
        match self.goes_past_cache() {
            true => (Freshness::Missing, None),
            false => Freshness::sorted(self.look(app, now), now),
        }
    }

    /// What the cache holds, whatever the call is told.
    pub(crate) fn look(&self, app: &App, now: Timestamp) -> Option<Arc<AccessTokenEntry>> {
        let scopes: Vec<&str> = self.scopes.iter().collect();
        let binding = self.binding();
        let lookup = self.lookup(&scopes, binding.as_deref(), app);
        app.store.access_token(&lookup, now).or_else(|| {
            let realm = match lookup.owner {
                OwnerRef::Assertion(key) => {
                    &on_behalf_of::answered_realm(key, &self.authority, app)?
                }
                _ => self.also_realm.as_ref()?,
            };
            app.store
                .access_token(&AccessTokenLookup { realm, ..lookup }, now)
        })
    }

    /// What to take over from the store before this is looked up.
    pub(crate) fn partition(&self, app: &App) -> Partition {
        Partition::of_key(&self.key(app))
    }

    /// Whether to do so although the memory may hold it.
    fn is_due(&self, app: &App, now: Timestamp) -> bool {
        let scopes: Vec<&str> = self.scopes.iter().collect();
        let binding = self.binding();
        stored::is_due(&self.lookup(&scopes, binding.as_deref(), app), app, now)
    }

    /// What processes take turns at that want the same token.
    fn lease(&self, app: &App) -> LeaseKey {
        let owner = match self.owner.as_ref() {
            OwnerRef::Account(id) => ["account ", id].concat(),
            OwnerRef::App => "application".to_owned(),
            OwnerRef::Assertion(hash) => ["assertion ", hash].concat(),
        };
        let claims = self.claims.as_ref().map_or("", Claims::as_str);
        let binding = self.binding();
        let bound_to = binding.as_ref().map(|key| (&*key.token_type, &*key.key_id));
        let (token_type, key_id) = bound_to.unwrap_or_default();
        let extended = self.extended.as_ref().map_or("", |key| key.hash());
        let subject = [
            "token",
            self.authority.cloud(),
            self.authority.realm(),
            &app.client_id,
            &owner,
            self.scopes.as_str(),
            claims,
            token_type,
            key_id,
            extended,
        ];
        LeaseKey::new(self.partition(app), subject)
    }

    fn lookup<'a>(
        &'a self,
        scopes: &'a [&'a str],
        binding: Option<&'a Binding>,
        app: &'a App,
    ) -> AccessTokenLookup<'a> {
        AccessTokenLookup {
            cloud: self.authority.cloud(),
            realm: self.authority.realm(),
            client_id: &app.client_id,
            owner: self.owner.as_ref(),
            binding: binding.map(|binding| BindingRef {
                token_type: &binding.token_type,
                key_id: &binding.key_id,
            }),
            extended: self.extended.as_deref(),
            scopes,
            scope_case: self.authority.scope_case(),
        }
    }
}

impl<G: Grant> Job<G> {
    pub(crate) fn new(grant: G, wanted: Wanted, app: &App) -> Self {
        let flight = Arc::new(TokenFlight {
            key: grant.flight(wanted.key(app)),
            scopes: wanted.scopes.clone(),
            past_cache: wanted.goes_past_cache(),
            claims: wanted.claims.clone(),
        });
        Self(Arc::new(Inner {
            app: app.clone(),
            wanted,
            flight,
            grant,
        }))
    }

    /// The whole call as a flow: over before it starts where the cache holds a token that needs no work.
    pub(crate) fn flow(self) -> Flow<AuthenticationResult> {
        let (app, wanted) = (&self.0.app, &self.0.wanted);
        let call = app.call(G::FLOW, wanted.call.correlation_id, wanted.call.timeout);
        if let Some(result) = self.at_hand(&call, app.env.now()) {
            return Flow::ready(Ok(result));
        }
        let env = app.env.clone();
        Flow::new(
            call,
            env,
            |mut io| async move { self.acquire(&mut io).await },
        )
    }

    /// The whole call as a part of another flow, whose deadline and correlation id it has.
    pub(crate) async fn within(self, io: &mut Io) -> Result<AuthenticationResult, Error> {
        // The span of the call tells of the call's own authority and cache.
        let outer = io.change_span(Span::none());
        let outcome = self.acquire(io).await;
        io.change_span(outer);
        outcome
    }

    /// What the cache says to this, without asking anybody.
    pub(crate) fn explain(&self) -> Explanation {
        let Inner {
            app, wanted, grant, ..
        } = &*self.0;
        let scopes: Vec<&str> = wanted.scopes.iter().collect();
        let binding = wanted.binding();
        let lookup = wanted.lookup(&scopes, binding.as_deref(), app);
        let explanation = Explanation::new(
            &*app.store,
            &lookup,
            wanted.goes_past_cache(),
            app.env.now(),
        );
        explanation.with_renewal(grant.can_renew(wanted, app))
    }

    /// What can be handed out without any work.
    fn at_hand(&self, call: &CallContext, now: Timestamp) -> Option<AuthenticationResult> {
        if self.0.wanted.is_due(&self.0.app, now) {
            return None;
        }
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
        Some(
            self.handed_out(token)
                .with_correlation_id(call.correlation_id),
        )
    }

    /// The whole way: cache, whoever is at work on it already, identity provider.
    async fn acquire(self, io: &mut Io) -> Result<AuthenticationResult, Error> {
        let Inner {
            app, wanted, grant, ..
        } = &*self.0;
        io.span().record("authority_host", wanted.authority.host());
        let loaded = self.look_beyond(io).await;
        let (freshness, token) = self.held(io.now());
        io.span().record("cache", freshness.name());
        if let Some(token) = token {
            let is_settled = match freshness {
                Freshness::Fresh => true,
                Freshness::Stale => wanted.policy.cache_only || self.renews_beside(io).await,
                _ => false,
            };
            if is_settled {
                return Ok(self.cached(token, io));
            }
        }
        if wanted.policy.cache_only {
            return Err(loaded
                .err()
                .unwrap_or_else(|| grant.not_cached(wanted, app)));
        }
        match self.renew(io).await {
            Ok(result) => Ok(result),
            Err(error) => self.fall_back(error, io),
        }
    }

    /// Takes over what others may have put in the place of what the memory holds, or the first that it holds, where this
    /// call may ask nobody else.
    async fn look_beyond(&self, io: &mut Io) -> Result<(), Error> {
        let Inner { app, wanted, .. } = &*self.0;
        match self.held(io.now()).0 {
            Freshness::Fresh | Freshness::Stale => {
                if wanted.is_due(app, io.now()) {
                    stored::glance(&wanted.partition(app), app, io).await;
                }
                Ok(())
            }
            _ if wanted.policy.cache_only => stored::load(&wanted.partition(app), app, io).await,
            // Whoever goes on to the identity provider loads when it is their turn.
            _ => Ok(()),
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
        settle(
            flight,
            outcome.as_ref().map(|result| Some(result.entry())),
            io,
        );
        Ok(outcome?.with_correlation_id(io.correlation_id()))
    }

    /// Asks the identity provider, unless what another process left in the store will do.
    async fn obtain(&self, io: &mut Io) -> Result<AuthenticationResult, Error> {
        let Inner {
            app, wanted, grant, ..
        } = &*self.0;
        if app.persistence.is_none() {
            return grant.obtain(wanted, app, io).await;
        }
        let loaded = stored::load(&wanted.partition(app), app, io).await;
        if let (Freshness::Fresh, Some(token)) = self.held(io.now()) {
            return Ok(self.handed_out(token));
        }
        let _turn = match grant.takes_turns() {
            true => stored::Turn::none(),
            false => stored::lease(&wanted.lease(app), app, io).await,
        };
        if let (Freshness::Fresh, Some(token)) = self.held(io.now()) {
            return Ok(self.handed_out(token));
        }
        let outcome = grant.obtain(wanted, app, io).await;
        outcome.map_err(|error| match loaded {
            // What was looked for may well be there.
            Err(unread) if is_for_want_of_entries(&error) => unread,
            _ => error,
        })
    }

    /// Has the token renewed beside this call. False when this call must do it.
    async fn renews_beside(&self, io: &mut Io) -> bool {
        if self.0.wanted.call.wait_for_refresh {
            return false;
        }
        let app = &self.0.app;
        let uptime = io.env().uptime();
        let renewal = Fingerprint::renewal(&self.0.flight);
        if app.renewals.standing(&renewal, uptime).is_some() {
            return true;
        }
        let key = FlightKey::Token(self.0.flight.clone());
        let flight = match app.flights.enter(&key, uptime) {
            Turn::Lead(flight) => flight,
            Turn::Follow(..) => return true,
        };
        let job = Self(self.0.clone());
        let call = app.call(G::RENEWAL, Some(io.correlation_id()), None);
        let renewal = Flow::new(call, app.env.clone(), |mut io| async move {
            job.renew_in_background(flight, &mut io).await
        });
        io.background(renewal).await.is_ok()
    }

    async fn renew_in_background(self, flight: Flight, io: &mut Io) -> Result<(), Error> {
        io.leads(&flight);
        let outcome = self.lead(Some(flight), io).await;
        if let Err(error) = &outcome {
            // What the identity provider says in words may name the user.
            tracing::warn!(
                target: "msal",
                error = error.kind().name(),
                code = error.code(),
                aadsts = ?error.aadsts_codes(),
                "a token that still works could not be renewed"
            );
            let until = io.env().uptime() + RENEWAL_PAUSE;
            let renewal = Fingerprint::renewal(&self.0.flight);
            self.0.app.renewals.remember(renewal, error.clone(), until);
        }
        outcome.map(drop)
    }

    fn held(&self, now: Timestamp) -> (Freshness, Option<Arc<AccessTokenEntry>>) {
        let Inner { app, wanted, .. } = &*self.0;
        wanted.held(app, now)
    }

    /// A token that still works outranks an error that may be over soon; one that need not be renewed yet, any error.
    fn fall_back(&self, error: Error, io: &Io) -> Result<AuthenticationResult, Error> {
        let (freshness, kept) = self.held(io.now());
        let is_outranked = freshness == Freshness::Stale || error.is_retryable();
        match kept {
            Some(token) if is_outranked && token.expires_on() > io.now() => {
                Ok(self.cached(token, io).with_refresh_error(error))
            }
            _ => Err(error),
        }
    }

    fn cached(&self, token: Arc<AccessTokenEntry>, io: &Io) -> AuthenticationResult {
        self.handed_out(token)
            .with_correlation_id(io.correlation_id())
    }

    fn handed_out(&self, token: Arc<AccessTokenEntry>) -> AuthenticationResult {
        let Inner { app, grant, .. } = &*self.0;
        AuthenticationResult::from_cache(token, app.ids).with_user(grant.user(app))
    }
}

/// Whether nobody was asked, as the cache had nothing to ask with.
fn is_for_want_of_entries(error: &Error) -> bool {
    let is_kind = matches!(
        error.kind(),
        ErrorKind::InteractionRequired | ErrorKind::NotCached
    );
    is_kind && error.server().is_none()
}

/// Whether somebody is renewing a token for these scopes already.
pub(crate) fn is_being_renewed(token: &AccessTokenEntry, scopes: &[&str], app: &App) -> bool {
    let Ok(scopes) = Scopes::parse(scopes) else {
        return false;
    };
    let mut key = token.key();
    key.environment = app.authority.environment().clone();
    let flight = TokenFlight {
        key,
        scopes,
        past_cache: false,
        claims: None,
    };
    let key = FlightKey::Token(Arc::new(flight));
    app.flights.is_in_the_air(&key, app.env.uptime())
}

/// How long after a failed renewal in the background the next is tried.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);
