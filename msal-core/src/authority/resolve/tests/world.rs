//! An outside for flows that find out about authorities: answers by URL, on a clock that stands still.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::authority::{AuthoritySettings, Directory, Endpoints};
use crate::flow::{CallContext, Flow};
use crate::{
    Ask, Authority, Clock, Env, Error, ProxyUse, Random, Request, Response, SendOptions, Step,
    Timestamp, TransportError,
};

pub(super) const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

pub(super) type Change = fn(&mut AuthoritySettings);
pub(super) type Answered = Result<Response, TransportError>;

pub(super) fn directory(url: &str, change: Change) -> Arc<Directory> {
    let mut settings = AuthoritySettings::default();
    change(&mut settings);
    let trust = settings.check(&Authority::parse(url).unwrap()).unwrap();
    Arc::new(Directory::new(trust))
}

pub(super) fn token(endpoints: &Endpoints) -> &str {
    endpoints.token.as_str()
}

pub(super) fn reply(status: u16, body: &str) -> Answered {
    let response = http::Response::builder().status(status);
    Ok(response.body(Bytes::from(body.to_owned())).unwrap())
}

/// What a well-behaved outside answers: each host has a configuration of its own, and vouches for no other.
pub(super) fn healthy(url: &str) -> Answered {
    if url.contains("/metadata/instance/compute") {
        return reply(200, r#"{"location":"eastus"}"#);
    }
    if url.contains("discovery/instance") {
        return reply(
            200,
            r#"{"tenant_discovery_endpoint":"https://login.contoso.example/x","metadata":[]}"#,
        );
    }
    let url = url::Url::parse(url).unwrap();
    let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
    let path = url
        .path()
        .strip_suffix("/.well-known/openid-configuration")
        .unwrap();
    let path = path.strip_suffix("/v2.0").unwrap_or(path);
    reply(200, &configuration(&host, path, GUID))
}

pub(super) fn configuration(host: &str, path: &str, guid: &str) -> String {
    let at = |end: &str| ["https://", host, path, end].concat();
    let issuer = match path {
        "/adfs" => at(""),
        _ => ["https://", host, "/", guid, "/v2.0"].concat(),
    };
    serde_json::json!({
        "issuer": issuer,
        "token_endpoint": at("/oauth2/v2.0/token"),
        "authorization_endpoint": at("/oauth2/v2.0/authorize"),
    })
    .to_string()
}

/// An outside that answers by URL and writes down what it was asked.
pub(super) struct World {
    answer: Box<dyn Fn(&str) -> Answered>,
    log: RefCell<Vec<String>>,
    uptime: Arc<AtomicU64>,
}

impl World {
    pub(super) fn new(answer: impl Fn(&str) -> Answered + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            log: RefCell::default(),
            uptime: Arc::default(),
        }
    }

    pub(super) fn resolve(
        &self,
        directory: &Arc<Directory>,
        url: &str,
    ) -> Result<Arc<Endpoints>, Error> {
        let authority = Authority::parse(url).unwrap();
        self.play(self.flow(directory, authority, false).start())
    }

    pub(super) fn resolve_for_app(
        &self,
        directory: &Arc<Directory>,
        url: &str,
    ) -> Result<Arc<Endpoints>, Error> {
        let authority = Authority::parse(url).unwrap();
        self.play(self.flow(directory, authority, true).start())
    }

    pub(super) fn flow(
        &self,
        directory: &Arc<Directory>,
        authority: Authority,
        for_app: bool,
    ) -> Flow<Arc<Endpoints>> {
        let clock = TestClock(self.uptime.clone());
        let env = Env::new(clock, Zeros);
        let call = CallContext {
            flow: "test",
            correlation_id: GUID.parse().unwrap(),
            deadline: env.uptime() + Duration::from_secs(60),
        };
        let directory = directory.clone();
        Flow::new(call, env, |mut io| async move {
            match for_app {
                true => directory.resolve_for_app(&authority, &mut io).await,
                false => directory.resolve(&authority, &mut io).await,
            }
        })
    }

    pub(super) fn play<T>(&self, mut step: Step<T>) -> Result<T, Error> {
        loop {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Ask(Ask::Join(landing, _, flow)) => {
                    flow.resume(landing.block(Duration::ZERO))
                }
                step => self.one(step),
            };
        }
    }

    /// Plays many flows a step at a time; who waits for another is looked after when nobody else can move.
    pub(super) fn play_all<T>(&self, flows: Vec<Flow<T>>) -> Vec<Result<T, Error>> {
        let mut moving: VecDeque<_> = flows.into_iter().map(Flow::start).collect();
        let mut waiting = VecDeque::new();
        let mut outcomes = Vec::new();
        loop {
            match moving.pop_front() {
                Some(Step::Done(outcome)) => outcomes.push(outcome),
                Some(step @ Step::Ask(Ask::Join(..))) => waiting.push_back(step),
                Some(step) => moving.push_back(self.one(step)),
                None if waiting.is_empty() => return outcomes,
                None => {
                    for step in waiting.drain(..) {
                        let Step::Ask(Ask::Join(landing, _, flow)) = step else {
                            continue;
                        };
                        moving.push_back(flow.resume(landing.block(Duration::ZERO)));
                    }
                }
            }
        }
    }

    fn one<T>(&self, step: Step<T>) -> Step<T> {
        match step {
            Step::Send(request, flow) => {
                assert_eq!(request.headers()["client-request-id"], GUID);
                flow.resume(self.answer(&request))
            }
            Step::Ask(Ask::SendOnTerms(request, flow)) => flow.resume(self.answer(&request)),
            Step::Wait(pause, flow) => {
                self.pass(pause);
                flow.resume(())
            }
            other => panic!("nobody answers {}", std::any::type_name_of_val(&other)),
        }
    }

    fn answer(&self, request: &Request) -> Answered {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        let path = url.path();
        let query = |name: &str| {
            let found = url.query_pairs().find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned())
        };
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let line = if path == "/common/discovery/instance" {
            assert_eq!(host, "login.microsoftonline.com");
            let about = url::Url::parse(&query("authorization_endpoint").unwrap()).unwrap();
            ["instance ", about.host_str().unwrap()].concat()
        } else if path == "/metadata/instance/compute" {
            let options = SendOptions::of(request);
            let version = query("api-version").or_else(|| query("format")).unwrap();
            let proxy = match options.proxy {
                ProxyUse::Never => " without proxy",
                ProxyUse::Configured => " by proxy",
            };
            ["imds ", &version, proxy].concat()
        } else {
            let path = path
                .strip_suffix("/.well-known/openid-configuration")
                .unwrap();
            let path = path.strip_suffix("/v2.0").unwrap_or(path);
            ["openid ", host, path].concat()
        };
        self.log.borrow_mut().push(line);
        (self.answer)(url.as_str())
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    pub(super) fn asked_about_instances(&self) -> usize {
        let log = self.log.borrow();
        log.iter()
            .filter(|line| line.starts_with("instance"))
            .count()
    }

    pub(super) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.uptime.fetch_add(millis, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000) + self.uptime()
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Debug)]
struct Zeros;

impl Random for Zeros {
    fn id(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn secret(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        |bytes| bytes.fill(0)
    }
}
