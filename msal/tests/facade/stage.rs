//! A provider, a clock that can be set ahead, and applications between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use msal::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Change, Entity, TokenStore, UserFilter,
};
use msal::{
    AuthCodeFlow, Builder, ClientCredential, Clock, ConfidentialClientApplication, Env,
    PublicClientApplication, Random, ReqwestTransport, Timestamp, TokenCache, UreqTransport,
    blocking,
};
use msal_testing::{Endpoint, LocalIdentityProvider, defaults};

pub(crate) const SCOPE: &str = "https://graph.microsoft.com/.default";
pub(crate) const OTHER_SCOPE: &str = "api://local-api/.default";
/// Longer than anything takes that is not stuck.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What a test plays on.
pub(crate) struct Stage {
    pub(crate) provider: LocalIdentityProvider,
    pub(crate) clock: TestClock,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(LocalIdentityProvider::start().unwrap())
    }

    pub(crate) fn with(provider: LocalIdentityProvider) -> Self {
        Self {
            provider,
            clock: TestClock::new(),
        }
    }

    pub(crate) fn asynchronous(&self) -> Builder<ConfidentialClientApplication> {
        asynchronous(&self.clock).transport(self.reqwest())
    }

    pub(crate) fn blocking(&self) -> Builder<blocking::ConfidentialClientApplication> {
        blocking(&self.clock).transport(self.ureq())
    }

    pub(crate) fn reqwest(&self) -> ReqwestTransport {
        let transport = ReqwestTransport::builder()
            .proxy(self.provider.proxy_url())
            .add_root_certificates_pem(self.provider.ca_pem());
        transport.build().unwrap()
    }

    pub(crate) fn ureq(&self) -> UreqTransport {
        let transport = UreqTransport::builder()
            .proxy(self.provider.proxy_url())
            .add_root_certificates_pem(self.provider.ca_pem());
        transport.build().unwrap()
    }

    /// A desktop program.
    pub(crate) fn desktop(&self) -> Builder<PublicClientApplication> {
        PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
            .env(self.clock.env())
            .transport(self.reqwest())
    }

    /// A command.
    pub(crate) fn command(&self) -> Builder<blocking::PublicClientApplication> {
        blocking::PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID)
            .env(self.clock.env())
            .transport(self.ureq())
    }

    /// Has a user type the password in a browser; what comes to the redirect URI.
    pub(crate) fn sign_in(&self, flow: &AuthCodeFlow, username: &str) -> String {
        let url = flow.auth_uri().as_str();
        let answer = self
            .provider
            .sign_in(url, username, defaults::PASSWORD)
            .unwrap();
        answer
            .body()
            .or_else(|| answer.location().map(str::to_owned))
            .unwrap()
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.provider.count(Endpoint::Token)
    }

    /// Waits until so many token requests have arrived.
    pub(crate) async fn arrived(&self, requests: usize) {
        let arrival = self
            .provider
            .wait_for_async(Endpoint::Token, requests, LONG);
        arrival.await.unwrap();
    }
}

pub(crate) fn asynchronous(clock: &TestClock) -> Builder<ConfidentialClientApplication> {
    ConfidentialClientApplication::builder(defaults::SECRET_CLIENT_ID)
        .authority(authority())
        .credential(ClientCredential::from_secret(defaults::CLIENT_SECRET))
        .env(clock.env())
}

pub(crate) fn blocking(clock: &TestClock) -> Builder<blocking::ConfidentialClientApplication> {
    blocking::ConfidentialClientApplication::builder(defaults::SECRET_CLIENT_ID)
        .authority(authority())
        .credential(ClientCredential::from_secret(defaults::CLIENT_SECRET))
        .env(clock.env())
}

pub(crate) fn authority() -> String {
    format!("https://login.microsoftonline.com/{}", defaults::TENANT_ID)
}

/// Lets a future go one step.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

/// The machine's clocks, with a wall clock that a test can set ahead.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    start: Instant,
    wall_ahead: AtomicU64,
    uptime_ahead: AtomicU64,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Hands {
            start: Instant::now(),
            wall_ahead: AtomicU64::new(0),
            uptime_ahead: AtomicU64::new(0),
        }))
    }

    /// Makes tokens older.
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.wall_ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets pauses pass.
    pub(crate) fn advance_uptime(&self, seconds: u64) {
        self.0.uptime_ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn env(&self) -> Env {
        Env::new(self.clone(), Counting)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let ahead = self.0.wall_ahead.load(Ordering::SeqCst);
        Timestamp::from_secs(since.unwrap().as_secs() + ahead)
    }

    fn uptime(&self) -> Duration {
        let ahead = Duration::from_secs(self.0.uptime_ahead.load(Ordering::SeqCst));
        self.0.start.elapsed() + ahead
    }
}

/// Ids that do not repeat; backoff, which asks for four bytes, takes no time.
#[derive(Debug)]
struct Counting;

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
    bytes.fill(0);
    if bytes.len() > 4 {
        let number = NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        for (byte, digit) in bytes.iter_mut().zip(number) {
            *byte = digit;
        }
    }
}

/// A cache that counts how often it was looked into.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchedStore {
    cache: TokenCache,
    looks: Arc<AtomicUsize>,
}

impl WatchedStore {
    /// Waits until it has been looked into so often.
    pub(crate) fn looked_into(&self, times: usize) {
        let begun = Instant::now();
        while self.looks.load(Ordering::SeqCst) < times {
            assert!(begun.elapsed() < LONG, "nobody looks");
            std::thread::yield_now();
        }
    }
}

impl TokenStore for WatchedStore {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.cache.access_token(lookup, now)
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        self.cache.users(cloud, filter)
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        self.cache.app_metadata(cloud, client_id)
    }

    fn apply(&self, change: &Change) {
        self.cache.apply(change);
    }
}
