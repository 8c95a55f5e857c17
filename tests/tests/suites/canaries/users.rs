//! Calls for users that fail, full of secrets, against answers full of secrets.

use std::time::Duration;

use msal::{
    Ask, AuthCodeFlow, ClientCredential, DeviceCodeFlow, Env, Random, RefreshToken, Step,
    TokenCache, UserAssertion,
};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, User, defaults};
use serde_json::json;

use super::Shown;
use super::secrets::{
    BODY, CHALLENGE, CLIENT_INFO, CODE, DESCRIPTION, DEVICE_CODE, PASSWORD, PROCESS, RANDOM,
    REFRESH_TOKEN, SECRET, USER_ASSERTION, USERNAME,
};
use super::user_answers::answers;
use crate::api::{Api, Desktop, Setup, Web, make};
use crate::clock::TestClock;
use crate::wire::Traffic;

pub(super) fn fail(flows: &mut Vec<Shown>) {
    let provider = LocalIdentityProvider::builder()
        .app(msal_testing::App::new(defaults::SECRET_CLIENT_ID).secret(SECRET))
        .user(User::new(USERNAME, "ca7a0000-5a3f-4c1d-8b2e-0123456789ab").password(PASSWORD))
        .user(
            User::new(&federated(), "ca7a0001-5a3f-4c1d-8b2e-0123456789ab")
                .password(PASSWORD)
                .federated_with(defaults::FEDERATION_HOST),
        )
        .start()
        .unwrap();
    for (name, api) in [
        ("async", Api::asynchronous(&provider, &Traffic::default())),
        ("blocking", Api::blocking(&provider, &Traffic::default())),
    ] {
        let mut stage = Stage {
            provider: &provider,
            api,
            driver: name,
            clock: TestClock::new(),
            cache: TokenCache::new(),
            flows,
        };
        stage.succeed();
        for (name, fault) in answers() {
            stage.fail(name, &fault);
        }
    }
    drop(provider);
}

struct Stage<'a> {
    provider: &'a LocalIdentityProvider,
    api: Api,
    driver: &'static str,
    clock: TestClock,
    cache: TokenCache,
    flows: &'a mut Vec<Shown>,
}

/// Shows a call, the flow it becomes and its first step, makes it, and shows what it came to.
macro_rules! play {
    ($stage:ident, $name:expr, $app:expr, |$given:ident| $call:expr) => {{
        let name = format!("{} ({})", $name, $stage.driver);
        match &$app {
            crate::api::Side::Async(runtime, $given) => {
                $stage.flows.push(Shown::value(&name, &$call));
                $stage.show(&name, $call.into_flow().start());
                let outcome = runtime.block_on($call.into_future());
                $stage.note(&name, outcome)
            }
            crate::api::Side::Blocking($given) => {
                $stage.flows.push(Shown::value(&name, &$call));
                $stage.show(&name, $call.into_flow().start());
                let outcome = $call.send();
                $stage.note(&name, outcome)
            }
        }
    }};
}

impl Stage<'_> {
    /// What goes well must show as little.
    fn succeed(&mut self) {
        let (desktop, web) = (self.desktop(), self.web());
        play!(self, "a password", desktop, |app| app
            .acquire_token_by_username_password(
                USERNAME, PASSWORD, SCOPES
            ));
        play!(self, "a federated password", desktop, |app| app
            .acquire_token_by_username_password(
                federated(),
                PASSWORD,
                SCOPES
            ));
        play!(self, "a wrong password", desktop, |app| app
            .acquire_token_by_username_password(
                USERNAME,
                format!("{PASSWORD}1").as_str(),
                SCOPES
            ));
        play!(self, "a wrong federated password", desktop, |app| app
            .acquire_token_by_username_password(
                federated(),
                format!("{PASSWORD}1").as_str(),
                SCOPES
            ));
        play!(self, "nobody's password", desktop, |app| app
            .acquire_token_by_username_password(
                // The identity provider names whom it does not know.
                "nobody@contoso.com",
                PASSWORD,
                SCOPES
            ));
        play!(self, "accounts", desktop, |app| app
            .accounts()
            .username(USERNAME));
        play!(self, "a logout URL", desktop, |app| app.logout_url());
        let flow = self.begun(&web);
        self.flows.push(Shown::value("a flow", &flow));
        play!(self, "an URL", web, |app| app
            .initiate_auth_code_flow(SCOPES, REDIRECT_URI)
            .login_hint(USERNAME)
            .claims(format!(
                r#"{{"id_token":{{"a":{{"value":"{CHALLENGE}"}}}}}}"#
            )));
        // What a session kept, and somebody cut.
        let json = flow.into_secret_json();
        let cut = json.get(..json.len() - 1).unwrap();
        let error = AuthCodeFlow::from_secret_json(cut).unwrap_err();
        self.flows.push(Shown::error("half a flow", &error));
        let error = DeviceCodeFlow::from_secret_json(&format!("{{\"device_code\":\"{DEVICE_CODE}"));
        let error = error.unwrap_err();
        self.flows.push(Shown::error("half a device", &error));
        for (name, value) in [
            (
                "assertion",
                &UserAssertion::new(USER_ASSERTION) as &dyn std::fmt::Debug,
            ),
            ("refresh token", &RefreshToken::new(REFRESH_TOKEN)),
            ("password", &msal::Password::new(PASSWORD)),
        ] {
            self.flows.push(Shown::value(name, value));
        }
        self.flows.push(Shown::value("the cache", &self.cache));
        for response in [
            format!("error=access_denied&error_description={DESCRIPTION}&state=x"),
            format!("code={CODE}&state=wrong"),
            format!("code={CODE}&code={CODE}"),
            format!("code={CODE}%ZZ&state"),
        ] {
            let flow = self.begun(&web);
            self.redeem("another response", &web, flow, &response);
        }
        let flow = self.begun(&web);
        let response = format!(
            "error=access_denied&error_description={DESCRIPTION}&error_uri={BODY}&state={}",
            state(&flow)
        );
        self.redeem("a refusal", &web, flow, &response);
        let flow = self.begun(&web);
        let response = format!("code={CODE}&iss={BODY}&state={}", state(&flow));
        self.redeem("another's response", &web, flow, &response);
    }

    /// The same answer to each request of each call.
    fn fail(&mut self, name: &str, fault: &Fault) {
        // All are new: what was refused is not asked again.
        let (desktop, web) = (self.desktop(), self.web());
        let signed_in = make!(&desktop, |app| app
            .acquire_token_by_username_password(USERNAME, PASSWORD, SCOPES));
        let account = signed_in.unwrap().account().unwrap().clone();

        for endpoint in [
            Endpoint::UserRealm,
            Endpoint::FederationMetadata,
            Endpoint::WsTrust,
            Endpoint::DeviceAuthorization,
        ] {
            self.provider.script(fault.clone().on(endpoint).forever());
            let name = format!("{name} by {endpoint}");
            match endpoint {
                Endpoint::DeviceAuthorization => {
                    play!(self, name, desktop, |app| app
                        .initiate_device_code_flow(SCOPES)
                        .timeout(LIMIT));
                }
                Endpoint::UserRealm => {
                    play!(self, name, desktop, |app| app
                        .acquire_token_by_username_password(USERNAME, PASSWORD, SCOPES)
                        .timeout(LIMIT));
                }
                _ => {
                    play!(self, name, desktop, |app| app
                        .acquire_token_by_username_password(federated(), PASSWORD, SCOPES)
                        .timeout(LIMIT));
                }
            }
            self.provider.clear_faults();
            self.clock.let_pauses_pass();
        }

        self.fail_beside(fault);
        let device = DeviceCodeFlow::from_secret_json(&device_flow()).unwrap();
        self.flows.push(Shown::value("a device", &device));
        let flow = self.begun(&web);
        self.provider
            .script(fault.clone().on(Endpoint::Token).forever());
        if fault_is_saml(name) {
            self.provider.clear_faults();
            self.provider
                .script(fault.clone().on(Endpoint::WsTrust).forever());
        }
        let response = format!(
            "code={CODE}&client_info={CLIENT_INFO}&state={}",
            state(&flow)
        );
        self.redeem(name, &web, flow, &response);
        let flow = match &desktop {
            Desktop::Async(_, app) => app
                .acquire_token_by_device_code(device)
                .timeout(LIMIT)
                .into_flow(),
            Desktop::Blocking(app) => app
                .acquire_token_by_device_code(device)
                .timeout(LIMIT)
                .into_flow(),
        };
        let outcome = self.api.drive(flow, &self.clock);
        self.note(&format!("{name} to a device"), outcome);
        self.clock.let_pauses_pass();
        play!(self, name, desktop, |app| app
            .acquire_token_silent(SCOPES, &account)
            .force_refresh()
            .timeout(LIMIT));
        self.clock.let_pauses_pass();
        play!(self, name, desktop, |app| app
            .acquire_token_by_refresh_token(REFRESH_TOKEN, SCOPES)
            .timeout(LIMIT));
        self.clock.let_pauses_pass();
        play!(self, name, desktop, |app| app
            .acquire_token_by_username_password(federated(), PASSWORD, SCOPES)
            .timeout(LIMIT));
        self.clock.let_pauses_pass();
        play!(self, name, web, |app| app
            .acquire_token_on_behalf_of(USER_ASSERTION, SCOPES)
            .timeout(LIMIT));
        self.clock.let_pauses_pass();
        play!(self, name, web, |app| app
            .initiate_long_running_process(USER_ASSERTION, PROCESS, SCOPES)
            .timeout(LIMIT));
        play!(self, name, web, |app| app
            .acquire_token_in_long_running_process(PROCESS, ["Files.Read"])
            .timeout(LIMIT));
        play!(self, name, web, |app| app
            .stop_long_running_process(PROCESS));
        self.provider.clear_faults();
        self.clock.let_pauses_pass();
    }

    /// The same answer to a renewal that nobody waits for.
    fn fail_beside(&mut self, fault: &Fault) {
        let desktop = self.desktop();
        self.provider.set_refresh_in(Some(60));
        let signed_in = make!(&desktop, |app| app
            .acquire_token_by_username_password(USERNAME, PASSWORD, SCOPES));
        self.provider.set_refresh_in(None);
        let account = signed_in.unwrap().account().unwrap().clone();
        self.clock.age(120);
        self.provider
            .script(fault.clone().on(Endpoint::Token).forever());
        let silent = match &desktop {
            Desktop::Async(_, app) => app.acquire_token_silent(SCOPES, &account).into_flow(),
            Desktop::Blocking(app) => app.acquire_token_silent(SCOPES, &account).into_flow(),
        };
        let Step::Ask(Ask::Background(renewal, _)) = silent.start() else {
            panic!("nothing is renewed");
        };
        let outcome = self.api.drive(renewal, &self.clock);
        self.note("a renewal", outcome);
        self.provider.clear_faults();
        self.clock.let_pauses_pass();
    }

    fn redeem(&mut self, name: &str, web: &Web, flow: AuthCodeFlow, response: &str) {
        let outcome = make!(web, |app| app
            .acquire_token_by_auth_code_flow(flow, response)
            .timeout(LIMIT));
        self.note(&format!("{name} to a code"), outcome);
        self.clock.let_pauses_pass();
    }

    fn begun(&self, web: &Web) -> AuthCodeFlow {
        make!(web, |app| app.initiate_auth_code_flow(SCOPES, REDIRECT_URI)).unwrap()
    }

    fn show<T: std::fmt::Debug>(&mut self, name: &str, step: Step<T>) {
        let shown = Shown::value(&format!("a step of {name}"), &step);
        assert!(
            !matches!(step, Step::Send(..)) || !super::names_user(&shown.text),
            "{}",
            shown.text
        );
        self.flows.push(shown);
    }

    fn note<T: std::fmt::Debug>(&mut self, name: &str, outcome: Result<T, msal::Error>) {
        self.flows.push(match outcome {
            Ok(result) => Shown::value(name, &result),
            Err(error) => Shown::error(name, &error),
        });
    }

    fn desktop(&self) -> Desktop {
        self.api.desktop(self.setup(defaults::PUBLIC_CLIENT_ID))
    }

    fn web(&self) -> Web {
        self.api.web(self.setup(defaults::SECRET_CLIENT_ID))
    }

    fn setup(&self, client_id: &str) -> Setup {
        Setup {
            client_id: client_id.to_owned(),
            authority: format!("https://login.microsoftonline.com/{}", defaults::TENANT_ID),
            instance_metadata: None,
            credential: ClientCredential::from_secret(SECRET),
            cache: self.cache.clone(),
            env: Env::new(self.clock.clone(), Canary),
        }
    }
}

/// Secrets that can be found again.
#[derive(Debug)]
struct Canary;

impl Random for Canary {
    fn id(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn secret(&self, bytes: &mut [u8]) {
        let canary = RANDOM.bytes().cycle();
        for (byte, letter) in bytes.iter_mut().zip(canary) {
            *byte = letter;
        }
    }

    fn detached(&self) -> fn(&mut [u8]) {
        |bytes| bytes.fill(7)
    }
}

/// What a browser brings back.
fn state(flow: &AuthCodeFlow) -> String {
    let pairs = flow.auth_uri().query_pairs().into_owned();
    let (_, state) = pairs.into_iter().find(|(name, _)| name == "state").unwrap();
    state
}

fn device_flow() -> String {
    json!({
        "version": 1,
        "client_id": defaults::PUBLIC_CLIENT_ID,
        "authority": format!("https://login.microsoftonline.com/{}", defaults::TENANT_ID),
        "device_code": DEVICE_CODE,
        "user_code": "ABCD-1234",
        "verification_uri": "https://microsoft.com/devicelogin",
        "expires_on": 9_999_999_999_u64,
        "life": 900,
        "interval": 5,
        "scopes": SCOPES,
        "parameters": [],
    })
    .to_string()
}

fn federated() -> String {
    USERNAME.replace("contoso.com", defaults::FEDERATED_DOMAIN)
}

fn fault_is_saml(name: &str) -> bool {
    name.starts_with("an assertion")
}

const LIMIT: Duration = Duration::from_secs(20);
const REDIRECT_URI: &str = "https://web.example/auth/redirect";
const SCOPES: [&str; 1] = ["User.Read"];
