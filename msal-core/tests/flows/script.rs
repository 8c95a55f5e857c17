//! A scripted server, and a clock that moves by waiting.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use msal_core::app::{ApplicationBuilder, ClientCredentialOptions};
use msal_core::credential::ClientCredential;
use msal_core::{
    AsyncHost, Callback, Clock, ConfidentialClientApplication, Env, Error, Flow, Host, Joined,
    Landing, Random, Request, Response, SendOptions, Timestamp, TransportError,
};

pub(crate) use crate::list_store::ListStore;

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
