//! A scripted server, a clock that moves by waiting, and a store that is a list.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use msal_core::app::{ApplicationBuilder, ClientCredentialOptions};
use msal_core::authority::cloud;
use msal_core::credential::ClientCredential;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Change, Entity, OwnerRef, Removal,
    TokenStore, UserFilter,
};
use msal_core::{
    AsyncHost, Callback, Clock, ConfidentialClientApplication, Env, Error, Flow, Host, Joined,
    Landing, Random, Request, Response, SendOptions, Timestamp, TransportError,
};

/// When every test begins.
pub(crate) const START: u64 = 1_750_000_000;
pub(crate) const TOKEN_URL: &str =
    "https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001/oauth2/v2.0/token";
pub(crate) const AUTHORITY: &str =
    "https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001";
pub(crate) const SCOPE: &str = "https://graph.microsoft.com/.default";

/// A clock that only moves when told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManualClock(Arc<Hands>);

#[derive(Debug, Default)]
struct Hands {
    wall: AtomicU64,
    uptime_ms: AtomicU64,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        let clock = Self::default();
        clock.0.wall.store(START, Ordering::SeqCst);
        clock
    }

    /// Lets time pass, on both clocks.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.wall.fetch_add(by.as_secs(), Ordering::SeqCst);
        self.0
            .uptime_ms
            .fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as an administrator might.
    pub(crate) fn set_wall(&self, seconds: u64) {
        self.0.wall.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.wall.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.0.uptime_ms.load(Ordering::SeqCst))
    }
}

/// Numbers that never repeat, and are the same in each run.
#[derive(Debug)]
pub(crate) struct Counting;

impl Random for Counting {
    fn id(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn secret(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        count
    }
}

fn count(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes();
    for (byte, digit) in bytes.iter_mut().zip(number.into_iter().cycle()) {
        *byte = digit;
    }
}

/// A store that is a list.
#[derive(Debug, Default)]
pub(crate) struct ListStore(Mutex<Lists>);

impl ListStore {
    /// Whether nothing was ever kept here, or all of it removed.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = self.0.lock().unwrap();
        lists.tokens.is_empty() && lists.of_users.is_empty() && lists.apps.is_empty()
    }

    /// Puts entities in that another library wrote: beside what is there, whatever that is.
    pub(crate) fn found(&self, entities: impl IntoIterator<Item = Entity>) {
        let mut lists = self.0.lock().unwrap();
        for entity in entities {
            match entity {
                Entity::AccessToken(token) => lists.tokens.push(token),
                Entity::AppMetadata(app) => lists.apps.push(app),
                entity => lists.of_users.push(entity),
            }
        }
    }

    /// The access tokens, in the order they came.
    pub(crate) fn access_tokens(&self) -> Vec<Arc<AccessTokenEntry>> {
        self.0.lock().unwrap().tokens.clone()
    }
}

#[derive(Debug, Default)]
struct Lists {
    tokens: Vec<Arc<AccessTokenEntry>>,
    of_users: Vec<Entity>,
    apps: Vec<Arc<AppMetadataEntry>>,
}

impl TokenStore for ListStore {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        let lists = self.0.lock().unwrap();
        let found = lists.tokens.iter().rev().find(|token| {
            cloud::canonical(token.environment()) == lookup.cloud
                && **token.realm() == *lookup.realm
                && **token.client_id() == *lookup.client_id
                && token.owner() == lookup.owner
                && token.binding() == lookup.binding
                && token.extended().map(|key| &**key) == lookup.extended
                && token
                    .scopes()
                    .contains_all(lookup.scopes, lookup.scope_case)
                && token.expires_on() > now
        });
        found.cloned()
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        let lists = self.0.lock().unwrap();
        let named = |id: &str| {
            lists.of_users.iter().any(|entity| match entity {
                Entity::Account(account) => {
                    let UserFilter::Username(name) = filter else {
                        return false;
                    };
                    &*account.home_account_id == id && account.username.eq_ignore_ascii_case(name)
                }
                _ => false,
            })
        };
        let mut users: Vec<(String, Vec<Entity>)> = Vec::new();
        for entity in &lists.of_users {
            let (environment, id, hash) = whose(entity);
            let is_wanted = match (filter, hash) {
                (UserFilter::All, None) => true,
                (UserFilter::Assertion(wanted), Some(hash)) => wanted == hash,
                (UserFilter::HomeAccountId(wanted), None) => wanted == id,
                (UserFilter::Username(_), None) => named(id),
                _ => false,
            };
            if !is_wanted || cloud::canonical(environment) != cloud {
                continue;
            }
            match users.iter_mut().find(|(known, _)| known == id) {
                Some((_, entities)) => entities.push(entity.clone()),
                None => users.push((id.to_owned(), vec![entity.clone()])),
            }
        }
        users.into_iter().map(|(_, user)| user.into()).collect()
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        let lists = self.0.lock().unwrap();
        let is_wanted = |app: &&Arc<AppMetadataEntry>| {
            cloud::canonical(&app.environment) == cloud && *app.client_id == *client_id
        };
        lists.apps.iter().rev().find(is_wanted).cloned()
    }

    fn apply(&self, change: &Change) {
        let mut lists = self.0.lock().unwrap();
        for removal in &change.removals {
            lists.remove(removal);
        }
        if let Some(user) = &change.unless_signed_out
            && !lists.of_users.iter().any(|entity| {
                !matches!(entity, Entity::IdToken(_)) && whose(entity).1 == &*user.home_account_id
            })
        {
            return;
        }
        for entity in &change.upserts {
            match entity {
                Entity::AccessToken(token) => lists.tokens.push(token.clone()),
                Entity::AppMetadata(app) => lists.apps.push(app.clone()),
                entity => {
                    lists.of_users.retain(|old| !is_same(entity, old));
                    lists.of_users.push(entity.clone());
                }
            }
        }
    }
}

impl Lists {
    fn remove(&mut self, removal: &Removal) {
        match removal {
            Removal::Assertion { hash, .. } => {
                self.of_users.retain(|entity| whose(entity).2 != Some(hash));
                self.tokens
                    .retain(|token| token.owner() != OwnerRef::Assertion(hash));
            }
            Removal::RefreshToken(gone) => self.of_users.retain(
                |entity| !matches!(entity, Entity::RefreshToken(token) if token.secret == gone.secret),
            ),
            Removal::User {
                user,
                client_id,
                family_id,
            } => {
                let id = &*user.home_account_id;
                self.tokens
                    .retain(|token| token.owner() != OwnerRef::Account(id));
                self.of_users.retain(|entity| match entity {
                    Entity::RefreshToken(token) if whose(entity).1 == id => {
                        let is_family = token.family_id.is_some() && token.family_id == *family_id;
                        token.client_id != *client_id && !is_family
                    }
                    entity => whose(entity).1 != id || whose(entity).2.is_some(),
                });
            }
            other => panic!("no such removal: {other:?}"),
        }
    }
}

/// Environment, home account id and assertion of what belongs to a user.
fn whose(entity: &Entity) -> (&str, &str, Option<&str>) {
    match entity {
        Entity::Account(entry) => (&entry.environment, &entry.home_account_id, None),
        Entity::IdToken(entry) => {
            let hash = entry.extras.assertion_hash().map(|hash| &**hash);
            (&entry.environment, &entry.home_account_id, hash)
        }
        Entity::RefreshToken(entry) => {
            let hash = entry.extras.assertion_hash().map(|hash| &**hash);
            (&entry.environment, &entry.home_account_id, hash)
        }
        other => panic!("belongs to no user: {other:?}"),
    }
}

fn is_same(new: &Entity, old: &Entity) -> bool {
    let is_same_owner = whose(new).1 == whose(old).1 && whose(new).2 == whose(old).2;
    is_same_owner
        && match (new, old) {
            (Entity::Account(new), Entity::Account(old)) => new.realm == old.realm,
            (Entity::IdToken(new), Entity::IdToken(old)) => {
                new.realm == old.realm && new.client_id == old.client_id
            }
            (Entity::RefreshToken(new), Entity::RefreshToken(old)) => {
                let is_family = new.family_id.is_some() && new.family_id == old.family_id;
                is_family || new.client_id == old.client_id
            }
            _ => false,
        }
}

/// One scripted answer.
pub(crate) type Reply = Result<Response, TransportError>;

/// Plays back replies, and writes down what was asked of it.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) clock: ManualClock,
    declines_background: bool,
    log: Mutex<Vec<String>>,
    requests: Mutex<Vec<Request>>,
    replies: Mutex<VecDeque<Reply>>,
    background: Mutex<Vec<Flow<()>>>,
}

impl Script {
    pub(crate) fn new(clock: &ManualClock, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect());
        Self {
            clock: clock.clone(),
            replies,
            ..Self::default()
        }
    }

    pub(crate) fn without_background(self) -> Self {
        Self {
            declines_background: true,
            ..self
        }
    }

    /// Adds to the script.
    #[cfg(feature = "certificate")]
    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// What was asked, in order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The forms that were sent, in order.
    pub(crate) fn forms(&self) -> Vec<Vec<(String, String)>> {
        let requests = self.requests.lock().unwrap();
        let form = |request: &Request| {
            url::form_urlencoded::parse(request.body())
                .into_owned()
                .collect()
        };
        requests.iter().map(form).collect()
    }

    pub(crate) fn request(&self, index: usize) -> Request {
        self.requests.lock().unwrap()[index].clone()
    }

    /// The flows that were to run beside.
    pub(crate) fn take_background(&self) -> Vec<Flow<()>> {
        std::mem::take(&mut *self.background.lock().unwrap())
    }

    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }

    fn answer(&self, request: Request) -> Reply {
        let over = || Err(TransportError::connect("the script is over"));
        self.requests.lock().unwrap().push(request);
        self.replies
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(over)
    }
}

impl Host for Script {
    fn send(&self, request: Request) -> Reply {
        assert!(!SendOptions::of(&request).time_left.is_zero());
        self.note(format!("{} {}", request.method(), request.uri()));
        self.answer(request)
    }

    fn send_on_terms(&self, request: Request) -> Reply {
        let demands = SendOptions::of(&request).demands();
        self.note(format!("{} {} {demands}", request.method(), request.uri()));
        self.answer(request)
    }

    fn wait(&self, delay: Duration) {
        self.note("wait");
        self.clock.advance(delay);
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        self.note("background");
        if self.declines_background {
            return Err(Error::new(msal_core::ErrorKind::Declined(
                "background flow",
            )));
        }
        self.background.lock().unwrap().push(flow);
        Ok(())
    }

    fn call(&self, callback: Callback, _limit: Duration) -> Result<(), Error> {
        self.note(format!("call {}", callback.name()));
        callback.run()
    }
}

impl AsyncHost for Script {
    async fn send(&self, request: Request) -> Reply {
        Host::send(self, request)
    }

    async fn send_on_terms(&self, request: Request) -> Reply {
        Host::send_on_terms(self, request)
    }

    async fn wait(&self, delay: Duration) {
        Host::wait(self, delay);
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        Host::background(self, flow)
    }

    async fn join(&self, landing: Landing, _limit: Duration) -> Joined {
        landing.or_timeout(std::future::pending()).await
    }

    async fn call(&self, callback: Callback, _limit: Duration) -> Result<(), Error> {
        self.note(format!("call {}", callback.name()));
        callback.run_async().await
    }
}

pub(crate) fn reply(status: u16, body: &str) -> Reply {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Ok(http::Response::builder().status(status).body(body).unwrap())
}

pub(crate) fn reply_after(status: u16, retry_after: &str, body: &str) -> Reply {
    let mut response = reply(status, body)?;
    response
        .headers_mut()
        .insert("retry-after", retry_after.parse().unwrap());
    Ok(response)
}

pub(crate) fn refused() -> Reply {
    Err(TransportError::connect("connection refused"))
}

/// A token that lives an hour.
pub(crate) fn token(name: &str) -> Reply {
    reply(
        200,
        &format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{name}"}}"#),
    )
}

/// A token that is to be renewed after half its life of an hour.
pub(crate) fn renewable(name: &str) -> Reply {
    reply(
        200,
        &format!(
            r#"{{"token_type":"Bearer","expires_in":3600,"refresh_in":1800,"access_token":"{name}"}}"#
        ),
    )
}

pub(crate) fn oauth_error(status: u16, code: &str) -> Reply {
    let body = format!(
        r#"{{"error":"{code}","error_description":"AADSTS7000215: no","error_codes":[7000215]}}"#
    );
    reply(status, &body)
}

pub(crate) fn builder() -> ApplicationBuilder {
    ApplicationBuilder::new("client")
        .authority(AUTHORITY)
        .credential(ClientCredential::from_secret("hush"))
}

pub(crate) fn built(
    builder: ApplicationBuilder,
    clock: &ManualClock,
) -> ConfidentialClientApplication {
    let env = Env::new(clock.clone(), Counting);
    builder
        .confidential(Arc::<ListStore>::default(), env)
        .unwrap()
}

pub(crate) fn app(clock: &ManualClock) -> ConfidentialClientApplication {
    built(builder(), clock)
}

/// Runs a future that never has to wait for anything.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("a scripted host never waits"),
    }
}

/// Options that differ from the usual by this change.
pub(crate) fn options(
    change: impl FnOnce(&mut ClientCredentialOptions),
) -> Option<Box<ClientCredentialOptions>> {
    let mut options = Box::<ClientCredentialOptions>::default();
    change(&mut options);
    Some(options)
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
