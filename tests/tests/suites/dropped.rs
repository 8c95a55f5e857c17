//! Users' calls whose future is dropped: at every await, and then the same call is made again.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use msal::{
    AsyncTransport, AuthenticationResult, BoxFuture, Builder, ClientCredential, Compatibility,
    ConfidentialClientApplication, Error, PublicClientApplication, Request, Response, Runtime,
    TokenCache, TokenSource, Transport, TransportError, UreqTransport,
};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, defaults};

use crate::clock::TestClock;
use crate::wire::{Counted, Traffic};

macro_rules! tests {
    ($($name:ident: $requests:expr, $prepare:path;)*) => {$(
        #[test]
        fn $name() {
            dropped_everywhere($requests, $prepare);
        }
    )*};
}

// Of how many requests the whole call is, and what comes before it.
tests! {
    an_authorization_url: 2, Stage::begin_at_unknown_host;
    a_code: 1, Stage::code;
    a_device_code: 1, Stage::begin_device;
    a_device_that_waits: 3, Stage::device;
    a_silent_renewal: 1, Stage::silent;
    a_refresh_token_of_another_library: 1, Stage::migration;
    a_call_on_behalf_of_a_user: 1, Stage::on_behalf;
    a_new_long_running_process: 1, Stage::new_process;
    a_long_running_process: 1, Stage::process;
    a_password: 2, Stage::password;
    a_password_for_a_federation_server: 4, Stage::federated;
}

type Made = Pin<Box<dyn Future<Output = Result<Option<AuthenticationResult>, Error>>>>;
type Ready = Box<dyn FnOnce() -> Made>;

/// Drops the call after each number of polls, and makes it again, on the same applications and the same cache.
fn dropped_everywhere(requests: usize, prepare: impl Fn(&Stage) -> Ready) {
    for polls in 0.. {
        let stage = Stage::new();
        let ready = prepare(&stage);
        let before = stage.kept();
        stage.traffic.clear();
        let mut call = ready();
        let mut context = Context::from_waker(Waker::noop());
        let is_over = (0..polls).any(|_| call.as_mut().poll(&mut context).is_ready());
        drop(call);
        let sent = stage.traffic.total();
        if is_over {
            assert_eq!(sent, requests);
            // Before each request, and with its answer on the way.
            assert!(polls > 2 * requests, "{polls}");
            return;
        }
        assert!(sent <= requests, "{sent} requests");
        assert_eq!(stage.kept(), before, "dropped after {polls} polls");

        stage.provider.clear_faults();
        let ready = prepare(&stage);
        stage.traffic.clear();
        let result = finish(ready()).unwrap();
        let sent = stage.traffic.total();
        assert!(sent <= requests, "{sent} requests");
        if let Some(result) = result {
            assert_eq!(result.token_source(), TokenSource::IdentityProvider);
        }
    }
}

/// A provider, and applications that share a cache.
struct Stage {
    provider: LocalIdentityProvider,
    traffic: Traffic,
    clock: TestClock,
    cache: TokenCache,
    desktop: PublicClientApplication,
    web: ConfidentialClientApplication,
    /// At a host that is asked about first.
    far: ConfidentialClientApplication,
    api: ConfidentialClientApplication,
}

impl Stage {
    fn new() -> Self {
        let provider = LocalIdentityProvider::builder()
            .known_host(UNKNOWN_HOST)
            .start()
            .unwrap();
        let (traffic, clock, cache) = (Traffic::default(), TestClock::new(), TokenCache::new());
        macro_rules! built {
            ($builder:expr, $host:expr) => {
                $builder
                    .authority(format!("https://{}/{}", $host, defaults::TENANT_ID))
                    .show_refresh_tokens(true)
                    .token_cache(cache.clone())
                    .transport(Stepwise(Counted::ureq(&provider, &traffic)))
                    .runtime(Patient(clock.clone()))
                    .env(clock.env())
                    .build()
                    .unwrap()
            };
        }
        let desktop = PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID);
        let confidential = |id, secret| -> Builder<ConfidentialClientApplication> {
            ConfidentialClientApplication::builder(id)
                .credential(ClientCredential::from_secret(secret))
        };
        let web = || confidential(defaults::WEB_CLIENT_ID, defaults::WEB_CLIENT_SECRET);
        let api = confidential(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET);
        Self {
            desktop: built!(desktop, HOST),
            web: built!(web(), HOST),
            far: built!(web(), UNKNOWN_HOST),
            api: built!(api, HOST),
            provider,
            traffic,
            clock,
            cache,
        }
    }

    fn begin_at_unknown_host(&self) -> Ready {
        let app = self.far.clone();
        Box::new(move || begun(app.initiate_auth_code_flow(SCOPES, REDIRECT_URI)))
    }

    fn code(&self) -> Ready {
        let app = self.web.clone();
        let flow = finish(app.initiate_auth_code_flow(SCOPES, REDIRECT_URI)).unwrap();
        let url = flow.auth_uri().as_str();
        let answer = self
            .provider
            .sign_in(url, defaults::USERNAME, defaults::PASSWORD);
        let response = answer.unwrap().body().unwrap();
        Box::new(move || token(app.acquire_token_by_auth_code_flow(flow, &response)))
    }

    fn begin_device(&self) -> Ready {
        let app = self.desktop.clone();
        Box::new(move || begun(app.initiate_device_code_flow(SCOPES)))
    }

    fn device(&self) -> Ready {
        let app = self.desktop.clone();
        let flow = finish(app.initiate_device_code_flow(SCOPES)).unwrap();
        self.provider
            .approve_device(flow.user_code(), defaults::USERNAME)
            .unwrap();
        let pending = Fault::json(400, r#"{"error":"authorization_pending"}"#);
        self.provider.script(pending.on(Endpoint::Token).times(2));
        Box::new(move || token(app.acquire_token_by_device_code(flow)))
    }

    fn silent(&self) -> Ready {
        let app = self.desktop.clone();
        let account = self.signed_in(SCOPES).account().unwrap().clone();
        self.clock.age(3600);
        Box::new(move || token(app.acquire_token_silent(SCOPES, &account)))
    }

    fn migration(&self) -> Ready {
        let app = self.desktop.clone();
        let refresh_token = self.signed_in(SCOPES).refresh_token().unwrap().clone();
        Box::new(move || token(app.acquire_token_by_refresh_token(refresh_token, SCOPES)))
    }

    fn on_behalf(&self) -> Ready {
        let (app, assertion) = (self.api.clone(), self.assertion());
        Box::new(move || token(app.acquire_token_on_behalf_of(assertion, SCOPES)))
    }

    fn new_process(&self) -> Ready {
        let (app, assertion) = (self.api.clone(), self.assertion());
        Box::new(move || token(app.initiate_long_running_process(assertion, "job", SCOPES)))
    }

    fn process(&self) -> Ready {
        finish(self.new_process()()).unwrap();
        self.clock.age(3600);
        let app = self.api.clone();
        Box::new(move || token(app.acquire_token_in_long_running_process("job", SCOPES)))
    }

    fn password(&self) -> Ready {
        self.by_password(defaults::USERNAME)
    }

    fn federated(&self) -> Ready {
        self.by_password(defaults::FEDERATED_USERNAME)
    }

    fn by_password(&self, username: &'static str) -> Ready {
        let app = self.desktop.clone();
        Box::new(move || {
            token(app.acquire_token_by_username_password(username, defaults::PASSWORD, SCOPES))
        })
    }

    fn signed_in(&self, scopes: [&str; 1]) -> AuthenticationResult {
        let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
        let call = self
            .desktop
            .acquire_token_by_username_password(username, password, scopes);
        finish(call).unwrap()
    }

    fn assertion(&self) -> String {
        let scope = format!("{}/access_as_user", defaults::API_CLIENT);
        let token = self.signed_in([&scope]);
        token.access_token().expose().to_owned()
    }

    fn kept(&self) -> String {
        let cache = self.cache.serialize(Compatibility::Standard).unwrap();
        String::from_utf8(cache.to_vec()).unwrap()
    }
}

fn token<C>(call: C) -> Made
where
    C: IntoFuture<Output = Result<AuthenticationResult, Error>, IntoFuture: 'static>,
{
    let call = call.into_future();
    Box::pin(async move { call.await.map(Some) })
}

fn begun<C, T>(call: C) -> Made
where
    C: IntoFuture<Output = Result<T, Error>, IntoFuture: 'static>,
{
    let call = call.into_future();
    Box::pin(async move { call.await.map(|_| None) })
}

/// Polls to the end.
fn finish<T>(call: impl IntoFuture<Output = T>) -> T {
    let mut call = Box::pin(call.into_future());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("it comes to no end");
}

/// A transport that can be left before it sends, and with the answer in hand.
struct Stepwise(Counted<UreqTransport>);

#[async_trait::async_trait]
impl AsyncTransport for Stepwise {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        pause().await;
        let answer = Transport::send(&self.0, request);
        pause().await;
        answer
    }
}

/// A runtime in which short waits take one poll, and long ones no end.
struct Patient(TestClock);

impl Runtime for Patient {
    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        if time > Duration::from_secs(6) {
            return Box::pin(std::future::pending());
        }
        let clock = self.0.clone();
        Box::pin(async move {
            pause().await;
            clock.pass(time);
        })
    }

    fn spawn(&self, _: BoxFuture<()>) {
        panic!("nothing is renewed beside a call");
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

/// Is ready when polled again.
async fn pause() {
    let mut is_asked = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut is_asked, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

const HOST: &str = "login.microsoftonline.com";
const REDIRECT_URI: &str = "http://localhost/auth/redirect";
const SCOPES: [&str; 1] = ["User.Read"];
const UNKNOWN_HOST: &str = "login.contoso.example";
