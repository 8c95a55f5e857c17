//! Another process: this same test binary, told by variables what it is, and by its input what to do.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use msal::{
    Account, AsyncTransport, AuthenticationResult, Builder, ClientCredential,
    ConfidentialClientApplication, Error, PersistentCache, PublicClientApplication, Request,
    ReqwestTransport, Response, Transport, TransportError, UreqTransport, blocking,
};
use msal_testing::{LocalIdentityProvider, defaults};

use super::{APP_SCOPES, Kind, SCOPES};
use crate::clock::TestClock;

/// A process that shares this file, for which it is so many seconds later.
pub(super) fn command(
    kind: Kind,
    fate: &str,
    file: &Path,
    provider: &LocalIdentityProvider,
    later: u64,
) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "processes::worker::works_for_the_other_tests",
            "--nocapture",
            "--test-threads=1",
            "--quiet",
        ])
        .env(FILE, file)
        .env(KIND, format!("{kind:?}"))
        .env(FATE, fate)
        .env(PROXY, provider.proxy_url())
        .env(AUTHORITIES, provider.ca_file())
        .env(LATER, later.to_string());
    command
}

/// The test that is no test unless it is told what to do.
#[test]
fn works_for_the_other_tests() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let app = App::new(&variable(KIND), Path::new(&file));
    say("ready");
    for order in std::io::stdin().lock().lines() {
        let outcome = match order.unwrap().as_str() {
            "accounts" => app.accounts(),
            "app-token" => app.app_token().map(told),
            "begin" => app.begin().map(told),
            "forced" => app.silent(true),
            "go-on" => app.go_on().map(told),
            "sign-in" => app.sign_in(),
            "sign-out" => app.sign_out(),
            "silent" => app.silent(false),
            "stop" => app.stop(),
            order => panic!("no such order: {order}"),
        };
        say(&outcome.unwrap_or_else(|error| {
            let code = error.code().unwrap_or("-");
            format!("error {} {code}", error.kind().name())
        }));
    }
}

fn told(result: AuthenticationResult) -> String {
    assert!(result.persist_error().is_none());
    format!("token {}", result.access_token().expose())
}

/// The same program in both APIs.
enum App {
    Async {
        runtime: tokio::runtime::Runtime,
        desktop: PublicClientApplication,
        service: ConfidentialClientApplication,
        api: ConfidentialClientApplication,
    },
    Blocking {
        desktop: blocking::PublicClientApplication,
        service: blocking::ConfidentialClientApplication,
        api: blocking::ConfidentialClientApplication,
    },
}

/// The same call in both.
macro_rules! call {
    ($app:expr, $own:ident => $call:expr) => {
        match $app {
            App::Async {
                runtime,
                desktop,
                service,
                api,
            } => {
                let $own = (desktop, service, api);
                runtime.block_on(async { $call.await })
            }
            App::Blocking {
                desktop,
                service,
                api,
            } => {
                let $own = (desktop, service, api);
                $call.send()
            }
        }
    };
}

impl App {
    fn new(kind: &str, file: &Path) -> Self {
        let clock = TestClock::new();
        clock.age(variable(LATER).parse().unwrap());
        let cache = PersistentCache::file(file).unwrap();
        let authority = format!("https://login.microsoftonline.com/{}", defaults::TENANT_ID);
        let proxy = variable(PROXY);
        let roots = std::fs::read(variable(AUTHORITIES)).unwrap();
        let roots = String::from_utf8(roots).unwrap();
        macro_rules! built {
            ($builder:expr, $transport:expr) => {
                $builder
                    .authority(authority.clone())
                    .token_cache(cache.clone())
                    .transport($transport)
                    .env(clock.env())
                    .build()
                    .unwrap()
            };
        }
        if kind == "Blocking" {
            let transport = || {
                let transport = UreqTransport::builder()
                    .proxy(&proxy)
                    .add_root_certificates_pem(&roots);
                Doomed::new(transport.build().unwrap())
            };
            let confidential = |id, secret| -> Builder<blocking::ConfidentialClientApplication> {
                blocking::ConfidentialClientApplication::builder(id)
                    .credential(ClientCredential::from_secret(secret))
            };
            let desktop = blocking::PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID);
            let service = confidential(defaults::SECRET_CLIENT_ID, defaults::CLIENT_SECRET);
            let api = confidential(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET);
            return Self::Blocking {
                desktop: built!(desktop, transport()),
                service: built!(service, transport()),
                api: built!(api, transport()),
            };
        }
        let transport = || {
            let transport = ReqwestTransport::builder()
                .proxy(&proxy)
                .add_root_certificates_pem(&roots);
            Doomed::new(transport.build().unwrap())
        };
        let confidential = |id, secret| -> Builder<ConfidentialClientApplication> {
            ConfidentialClientApplication::builder(id)
                .credential(ClientCredential::from_secret(secret))
        };
        let desktop = PublicClientApplication::builder(defaults::PUBLIC_CLIENT_ID);
        let service = confidential(defaults::SECRET_CLIENT_ID, defaults::CLIENT_SECRET);
        let api = confidential(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Self::Async {
            runtime: runtime.unwrap(),
            desktop: built!(desktop, transport()),
            service: built!(service, transport()),
            api: built!(api, transport()),
        }
    }

    fn accounts(&self) -> Result<String, Error> {
        let accounts = call!(self, app => app.0.accounts())?;
        Ok(format!("accounts {}", accounts.len()))
    }

    fn app_token(&self) -> Result<AuthenticationResult, Error> {
        call!(self, app => app.1.acquire_token_for_client(APP_SCOPES))
    }

    fn begin(&self) -> Result<AuthenticationResult, Error> {
        let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
        let scope = [format!("{}/access_as_user", defaults::API_CLIENT)];
        let caller = call!(self, app => app.0.acquire_token_by_username_password(username, password, &scope))?;
        let assertion = caller.access_token().expose();
        call!(self, app => app.2.initiate_long_running_process(assertion, "job", SCOPES))
    }

    fn go_on(&self) -> Result<AuthenticationResult, Error> {
        call!(self, app => app.2.acquire_token_in_long_running_process("job", SCOPES))
    }

    fn stop(&self) -> Result<String, Error> {
        call!(self, app => app.2.stop_long_running_process("job"))?;
        Ok("stopped".to_owned())
    }

    fn sign_in(&self) -> Result<String, Error> {
        let (username, password) = (defaults::USERNAME, defaults::PASSWORD);
        let result = call!(self, app => app.0.acquire_token_by_username_password(username, password, SCOPES))?;
        assert!(result.persist_error().is_none());
        Ok("signed in".to_owned())
    }

    fn sign_out(&self) -> Result<String, Error> {
        let Some(account) = self.account()? else {
            return Ok("nobody".to_owned());
        };
        let is_out = call!(self, app => app.0.remove_account(&account))?;
        Ok(format!("signed out {is_out}"))
    }

    fn silent(&self, forced: bool) -> Result<String, Error> {
        let Some(account) = self.account()? else {
            return Ok("nobody".to_owned());
        };
        let result = match forced {
            true => {
                call!(self, app => app.0.acquire_token_silent(SCOPES, &account).force_refresh())
            }
            false => call!(self, app => app.0.acquire_token_silent(SCOPES, &account)),
        };
        result.map(told)
    }

    /// The user, whom the program looks up once.
    fn account(&self) -> Result<Option<Account>, Error> {
        static KNOWN: OnceLock<Account> = OnceLock::new();
        if KNOWN.get().is_none() {
            let accounts = call!(self, app => app.0.accounts())?;
            if let Some(account) = accounts.into_iter().next() {
                let _ = KNOWN.set(account);
            }
        }
        Ok(KNOWN.get().cloned())
    }
}

/// A transport that ends or stops its process before or after it speaks to the token endpoint.
struct Doomed<T> {
    transport: T,
    fate: String,
}

impl<T> Doomed<T> {
    fn new(transport: T) -> Self {
        Self {
            transport,
            fate: variable(FATE),
        }
    }

    fn meets(&self, fate: &str, is_token: bool) {
        if !is_token || self.fate != fate {
            return;
        }
        let (_, signal) = fate.split_once(' ').unwrap();
        let own = std::process::id().to_string();
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &own]).status().unwrap();
        // It may arrive a little later.
        std::thread::sleep(std::time::Duration::from_secs(1));
    }

    fn before(&self, request: &Request) -> bool {
        let is_token = request.uri().path().ends_with("/token");
        self.meets("before KILL", is_token);
        self.meets("before STOP", is_token);
        is_token
    }
}

#[async_trait::async_trait]
impl<T: AsyncTransport> AsyncTransport for Doomed<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_token = self.before(&request);
        let response = self.transport.send(request).await;
        self.meets("after KILL", is_token);
        response
    }
}

impl<T: Transport> Transport for Doomed<T> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_token = self.before(&request);
        let response = self.transport.send(request);
        self.meets("after KILL", is_token);
        response
    }
}

fn say(answer: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "\n{ANSWER}{answer}").unwrap();
    output.flush().unwrap();
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// How a line begins that is an answer.
pub(super) const ANSWER: &str = "> ";

const AUTHORITIES: &str = "MSAL_TEST_AUTHORITIES";

const FATE: &str = "MSAL_TEST_FATE";

const FILE: &str = "MSAL_TEST_FILE";

const KIND: &str = "MSAL_TEST_KIND";

const LATER: &str = "MSAL_TEST_LATER";

const PROXY: &str = "MSAL_TEST_PROXY";
