//! A machine as its environment tells of it, and the token service that it has.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msal_core::app::{ManagedIdentityBuilder, ManagedIdentityOptions};
use msal_core::managed_identity::{KeyFiles, Machine, ManagedIdentityId};
use msal_core::store::TokenStore;
use msal_core::{
    AsyncHost, AuthenticationResult, Callback, Env, Error, ErrorKind, Flow, Host, Joined, Landing,
    ManagedIdentityApplication, Request,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::script::*;
use crate::users::Driver;

pub(crate) type Variables<'a> = &'a [(&'a str, &'a str)];

pub(crate) const VAULT: &str = "https://vault.azure.net";
/// What no message may hold, beside [`KEY`] and what tokens are made of.
pub(crate) const SECRET: &str = "Opensesame-header";
pub(crate) const KEY: &str = "Opensesame-key";
pub(crate) const TOKEN: &str = "Opensesame-token";
/// Where Azure Arc's agent leaves its keys.
pub(crate) const KEYS: &str = "/var/opt/azcmagent/tokens";

pub(crate) const APP_SERVICE: Variables<'_> = &[
    ("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"),
    ("IDENTITY_HEADER", SECRET),
];
pub(crate) const ARC: Variables<'_> = &[
    (
        "IDENTITY_ENDPOINT",
        "http://localhost:40342/metadata/identity/oauth2/token",
    ),
    ("IMDS_ENDPOINT", "http://localhost:40342"),
];
pub(crate) const CLOUD_SHELL: Variables<'_> =
    &[("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")];
pub(crate) const FABRIC: Variables<'_> = &[
    (
        "IDENTITY_ENDPOINT",
        "https://10.0.0.4:2377/metadata/identity/oauth2/token",
    ),
    ("IDENTITY_HEADER", SECRET),
    (
        "IDENTITY_SERVER_THUMBPRINT",
        "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
    ),
];
pub(crate) const IMDS: Variables<'_> = &[];
pub(crate) const ML: Variables<'_> = &[
    ("MSI_ENDPOINT", "http://10.0.0.4:8911/token"),
    ("MSI_SECRET", SECRET),
];

pub(crate) fn machine(variables: Variables<'_>) -> Machine {
    let value = |name: &str| variables.iter().find(|(own, _)| *own == name);
    Machine::read(|name| value(name).map(|(_, value)| (*value).to_owned()))
}

pub(crate) fn client_id() -> ManagedIdentityId {
    ManagedIdentityId::ClientId("0c0c0c0c-0000-4000-8000-00000000000C".to_owned())
}

pub(crate) fn object_id() -> ManagedIdentityId {
    ManagedIdentityId::ObjectId("0b0b0b0b-0000-4000-8000-00000000000B".to_owned())
}

pub(crate) fn resource_id() -> ManagedIdentityId {
    let id = "/subscriptions/s/resourceGroups/g (1)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a+b";
    ManagedIdentityId::ResourceId(id.to_owned())
}

/// The same machine without Azure Arc's agent, and with what can read keys that are these.
pub(crate) fn with_keys(machine: Machine, keys: &Keys) -> Machine {
    machine.with_arc_keys(KEYS, Arc::new(keys.clone()))
}

/// An application, with its cache and its clock.
pub(crate) struct Stage {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<ListStore>,
    pub(crate) app: ManagedIdentityApplication,
}

impl Stage {
    /// On a machine of this environment, for this identity.
    pub(crate) fn new(variables: Variables<'_>, id: ManagedIdentityId) -> Self {
        Self::of(machine(variables), ManagedIdentityBuilder::new(id))
    }

    /// For the machine's own identity.
    pub(crate) fn own(variables: Variables<'_>) -> Self {
        Self::new(variables, ManagedIdentityId::SystemAssigned)
    }

    pub(crate) fn of(machine: Machine, builder: ManagedIdentityBuilder) -> Self {
        let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
        let app = application(machine, builder, store.clone(), &clock).unwrap();
        Self { clock, store, app }
    }

    pub(crate) fn service(&self, replies: impl IntoIterator<Item = Reply>) -> Service {
        Service {
            script: Script::new(&self.clock, replies),
            log: Mutex::default(),
        }
    }

    pub(crate) fn acquire(&self) -> Flow<AuthenticationResult> {
        self.app.acquire_token(VAULT, None)
    }

    pub(crate) fn acquire_with(
        &self,
        change: impl FnOnce(&mut ManagedIdentityOptions),
    ) -> Flow<AuthenticationResult> {
        let mut options = Box::<ManagedIdentityOptions>::default();
        change(&mut options);
        self.app.acquire_token(VAULT, Some(options))
    }
}

pub(crate) fn application(
    machine: Machine,
    builder: ManagedIdentityBuilder,
    store: Arc<dyn TokenStore>,
    clock: &ManualClock,
) -> Result<ManagedIdentityApplication, Error> {
    builder.build(machine, store, Env::new(clock.clone(), Counting))
}

/// What an application says that cannot be built.
pub(crate) fn refused_at_build(variables: Variables<'_>, id: ManagedIdentityId) -> Error {
    let builder = ManagedIdentityBuilder::new(id);
    let outcome = application(
        machine(variables),
        builder,
        Arc::<ListStore>::default(),
        &ManualClock::new(),
    );
    let error = outcome.map(|app| app.source()).unwrap_err();
    assert_holds_no_secret(&error);
    error
}

/// One call, and all that came of it.
pub(crate) struct Played {
    pub(crate) outcome: Result<AuthenticationResult, Error>,
    pub(crate) service: Service,
    pub(crate) stage: Stage,
}

impl Played {
    pub(crate) fn log(&self) -> Vec<String> {
        self.service.log()
    }

    pub(crate) fn error(&self) -> &Error {
        self.outcome.as_ref().unwrap_err()
    }

    /// The text of the error.
    pub(crate) fn says(&self) -> String {
        self.error().to_string()
    }

    pub(crate) fn token(&self) -> &str {
        self.outcome.as_ref().unwrap().access_token().expose()
    }
}

/// Plays one call, by both drivers, on stages that `make` makes alike.
pub(crate) fn play(make: impl Fn() -> Stage, replies: impl IntoIterator<Item = Reply>) -> Played {
    let replies: Vec<Reply> = replies.into_iter().collect();
    let [first, second] = Driver::BOTH.map(|driver| {
        let stage = make();
        let service = stage.service(replies.clone());
        let outcome = driver.run(stage.acquire(), &service);
        if let Err(error) = &outcome {
            assert_holds_no_secret(error);
            assert!(stage.store.is_empty(), "what failed is kept: {error}");
        }
        Played {
            outcome,
            service,
            stage,
        }
    });
    assert_eq!(first.log(), second.log());
    let shown = |played: &Played| format!("{:?}", played.outcome.as_ref().map_err(Error::kind));
    assert_eq!(shown(&first).is_empty(), shown(&second).is_empty());
    assert_eq!(first.outcome.is_ok(), second.outcome.is_ok());
    second
}

pub(crate) fn assert_holds_no_secret(error: &Error) {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert_shows_no_secret(&text);
}

pub(crate) fn assert_shows_no_secret(text: &str) {
    for secret in [SECRET, KEY, TOKEN, "Opensesame"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// The token service, which writes down what befalls it.
pub(crate) struct Service {
    pub(crate) script: Script,
    log: Mutex<Vec<String>>,
}

impl Service {
    /// `send`, `wait` and what was called, in order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.log().iter().filter(|line| *line == "send").count()
    }

    pub(crate) fn request(&self, index: usize) -> Request {
        self.script.request(index)
    }

    pub(crate) fn query(&self, index: usize) -> Vec<(String, String)> {
        let uri = self.request(index).uri().clone();
        let query = uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    pub(crate) fn header(&self, index: usize, name: &str) -> Option<String> {
        let request = self.request(index);
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }
}

impl Host for Service {
    fn send(&self, request: Request) -> Reply {
        panic!("a proxy could be used for {}", request.uri());
    }

    fn send_on_terms(&self, request: Request) -> Reply {
        self.note("send");
        assert_shows_no_secret(&format!("{request:?}"));
        Host::send_on_terms(&self.script, request)
    }

    fn wait(&self, delay: Duration) {
        self.note(format!("wait {delay:?}"));
        Host::wait(&self.script, delay);
    }

    fn background(&self, flow: Flow<()>) -> Result<(), Error> {
        self.note("background");
        Host::background(&self.script, flow)
    }

    fn call(&self, callback: Callback, limit: Duration) -> Result<(), Error> {
        self.note(callback.name());
        Host::call(&self.script, callback, limit)
    }
}

impl AsyncHost for Service {
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

    async fn call(&self, callback: Callback, limit: Duration) -> Result<(), Error> {
        Host::call(self, callback, limit)
    }
}

/// The folder of Azure Arc's keys, in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    files: BTreeMap<String, Vec<u8>>,
    read: Arc<Mutex<Vec<String>>>,
}

impl Keys {
    pub(crate) fn with(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            files: BTreeMap::from([(name.to_owned(), content.into())]),
            ..Self::default()
        }
    }

    /// What was read, in order.
    pub(crate) fn read(&self) -> Vec<String> {
        self.read.lock().unwrap().clone()
    }
}

impl KeyFiles for Keys {
    fn read(&self, folder: &Path, name: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        assert_eq!((folder, limit), (Path::new(KEYS), 4_096));
        self.read.lock().unwrap().push(name.to_owned());
        let content = self.files.get(name).cloned().map(Zeroizing::new);
        content.ok_or_else(|| {
            let kind = ErrorKind::InvalidResponse("key of Azure Arc's agent");
            Error::new(kind).because("there is no such file")
        })
    }
}

/// An answer with a token that lives so many seconds.
pub(crate) fn ok(seconds: u64) -> Reply {
    named(TOKEN, seconds)
}

pub(crate) fn named(token: &str, seconds: u64) -> Reply {
    let body = json!({
        "access_token": token, "resource": VAULT, "token_type": "Bearer",
        "expires_in": seconds.to_string(),
    });
    reply(200, &body.to_string())
}

pub(crate) fn status(status: u16) -> Reply {
    reply(
        status,
        r#"{"error":"unwell","error_description":"not now"}"#,
    )
}

/// Refuses with the header that Azure Arc's agent challenges with.
pub(crate) fn challenge(value: &str) -> Reply {
    let mut response = reply(401, r#"{"error":"unauthorized_client"}"#)?;
    let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
    response.headers_mut().insert("www-authenticate", value);
    Ok(response)
}

pub(crate) fn sends(times: usize) -> Vec<&'static str> {
    vec!["send"; times]
}
