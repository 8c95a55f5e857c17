//! What each call for users sends: these requests with these parameters, and nothing else.

mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use msal::{ClientCredential, TokenCache};
use msal_testing::{Endpoint, LocalIdentityProvider, Request, defaults};

use self::table::{
    CODE, CODE_OF_WEB, DEVICE, DEVICE_POLL, LOGIN, MEX, MIGRATE, ON_BEHALF, PASSWORD, REALM,
    REFRESH, REFRESH_OF_PROCESS, SAML, SIGN_IN_SCOPES, WS_TRUST, Wanted,
};
use crate::api::{Api, Desktop, Setup, Web, make};
use crate::clock::TestClock;
use crate::wire::Traffic;

macro_rules! tests {
    ($($name:ident: $play:expr, $wanted:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn over_reqwest() {
                Stage::new(Api::asynchronous).check($play, &$wanted);
            }

            #[test]
            fn over_ureq() {
                Stage::new(Api::blocking).check($play, &$wanted);
            }
        }
    )*};
}

tests! {
    a_sign_in_by_code: Stage::sign_in_by_code, [CODE];
    a_sign_in_by_code_of_a_web_app: Stage::sign_in_by_code_to_web, [CODE_OF_WEB];
    a_sign_in_by_device_code: Stage::sign_in_by_device_code, [DEVICE, DEVICE_POLL];
    a_sign_in_by_password: Stage::sign_in_by_password, [REALM, PASSWORD];
    a_sign_in_by_a_federation_server: Stage::sign_in_federated, [REALM, MEX, WS_TRUST, SAML];
    a_silent_renewal: Stage::renew, [REFRESH];
    a_refresh_token_of_another_library: Stage::migrate, [MIGRATE];
    a_call_on_behalf_of_a_user: Stage::call_on_behalf, [ON_BEHALF];
    a_long_running_process: Stage::go_on_long, [REFRESH_OF_PROCESS];
    a_sign_out: Stage::sign_out, [];
}

#[test]
fn the_url_for_the_browser_holds_what_anybody_may_read() {
    let stage = Stage::new(Api::blocking);
    let begun = make!(&stage.desktop(), |app| app
        .initiate_auth_code_flow(SCOPES, "http://localhost:8000"));
    let flow = begun.unwrap();
    let url = flow.auth_uri().clone();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let wanted = [
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("client_info", "1"),
        ("client-request-id", "*"),
        ("code_challenge", "*"),
        ("code_challenge_method", "S256"),
        ("nonce", "*"),
        ("redirect_uri", "http://localhost:8000"),
        ("response_mode", "form_post"),
        ("response_type", "code"),
        ("scope", SIGN_IN_SCOPES),
        ("state", "*"),
    ];
    compare(Endpoint::Authorize, "query", &pairs, &wanted);
    let json: serde_json::Value = serde_json::from_str(&flow.into_secret_json()).unwrap();
    let verifier = json["verifier"].as_str().unwrap();
    assert!(verifier.len() >= 43 && !url.as_str().contains(verifier));
}

/// Headers that the transports add.
const OF_TRANSPORT: [&str; 6] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "user-agent",
];

struct Stage {
    provider: LocalIdentityProvider,
    api: Api,
    clock: TestClock,
    cache: TokenCache,
}

impl Stage {
    fn new(api: fn(&LocalIdentityProvider, &Traffic) -> Api) -> Self {
        let provider = LocalIdentityProvider::start().unwrap();
        let api = api(&provider, &Traffic::default());
        Self {
            provider,
            api,
            clock: TestClock::new(),
            cache: TokenCache::new(),
        }
    }

    /// Plays, and compares what was sent from the moment on that the journal was last cleared.
    fn check(&self, play: impl Fn(&Self), wanted: &[Wanted]) {
        play(self);
        let sent = self.provider.journal();
        let sent: Vec<_> = sent
            .iter()
            .filter(|request| !BY_THE_BROWSER.contains(&request.endpoint))
            .collect();
        let kinds: Vec<_> = sent.iter().map(|request| request.endpoint).collect();
        let wanted_kinds: Vec<_> = wanted.iter().map(|wanted| wanted.endpoint).collect();
        assert_eq!(kinds, wanted_kinds);
        for (request, wanted) in sent.into_iter().zip(wanted) {
            check(request, wanted);
        }
    }

    fn sign_in_by_code(&self) {
        let app = self.desktop();
        let begun = make!(&app, |app| app
            .initiate_auth_code_flow(SCOPES, "http://localhost:8000"));
        let flow = begun.unwrap();
        let response = self.browse(flow.auth_uri().as_str());
        make!(&app, |app| app
            .acquire_token_by_auth_code_flow(flow, &response))
        .unwrap();
    }

    fn sign_in_by_code_to_web(&self) {
        let app = self.web(defaults::WEB_CLIENT_ID, defaults::WEB_CLIENT_SECRET);
        let begun = make!(&app, |app| app
            .initiate_auth_code_flow(SCOPES, "http://localhost/auth/redirect"));
        let flow = begun.unwrap();
        let response = self.browse(flow.auth_uri().as_str());
        make!(&app, |app| app
            .acquire_token_by_auth_code_flow(flow, &response))
        .unwrap();
    }

    fn sign_in_by_device_code(&self) {
        let app = self.desktop();
        let flow = make!(&app, |app| app.initiate_device_code_flow(SCOPES)).unwrap();
        self.provider
            .approve_device(flow.user_code(), defaults::USERNAME)
            .unwrap();
        let flow = match &app {
            Desktop::Async(_, app) => app.acquire_token_by_device_code(flow).into_flow(),
            Desktop::Blocking(app) => app.acquire_token_by_device_code(flow).into_flow(),
        };
        self.api.drive(flow, &self.clock).unwrap();
    }

    fn sign_in_by_password(&self) {
        self.by_password(defaults::USERNAME);
    }

    fn sign_in_federated(&self) {
        self.by_password(defaults::FEDERATED_USERNAME);
    }

    fn renew(&self) {
        let account = self
            .by_password(defaults::USERNAME)
            .account()
            .unwrap()
            .clone();
        self.provider.clear_journal();
        let app = self.desktop();
        // What is in the cache is asked nobody.
        make!(&app, |app| app.acquire_token_silent(SCOPES, &account)).unwrap();
        self.clock.age(3600);
        make!(&app, |app| app.acquire_token_silent(SCOPES, &account)).unwrap();
    }

    fn migrate(&self) {
        let token = self.by_password(defaults::USERNAME);
        let token = token.refresh_token().unwrap().clone();
        self.provider.clear_journal();
        make!(&self.desktop(), |app| app
            .acquire_token_by_refresh_token(token, SCOPES))
        .unwrap();
    }

    fn call_on_behalf(&self) {
        let assertion = self.assertion();
        self.provider.clear_journal();
        let app = self.web(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET);
        for _ in 0..2 {
            make!(&app, |app| app
                .acquire_token_on_behalf_of(&*assertion, SCOPES))
            .unwrap();
        }
    }

    fn go_on_long(&self) {
        let assertion = self.assertion();
        let app = self.web(defaults::API_CLIENT_ID, defaults::API_CLIENT_SECRET);
        make!(&app, |app| app.initiate_long_running_process(
            &*assertion,
            "job",
            SCOPES
        ))
        .unwrap();
        self.provider.clear_journal();
        self.clock.age(3600);
        make!(&app, |app| app
            .acquire_token_in_long_running_process("job", SCOPES))
        .unwrap();
    }

    fn sign_out(&self) {
        let account = self
            .by_password(defaults::USERNAME)
            .account()
            .unwrap()
            .clone();
        self.provider.clear_journal();
        let app = self.desktop();
        assert!(make!(&app, |app| app.remove_account(&account)).unwrap());
        assert!(make!(&app, |app| app.accounts()).unwrap().is_empty());
        make!(&app, |app| app.acquire_token_silent(SCOPES, &account)).unwrap_err();
    }

    fn by_password(&self, username: &str) -> msal::AuthenticationResult {
        self.by_password_for(username, SCOPES)
    }

    fn by_password_for(&self, username: &str, scopes: [&str; 1]) -> msal::AuthenticationResult {
        make!(&self.desktop(), |app| app
            .acquire_token_by_username_password(
                username,
                defaults::PASSWORD,
                scopes
            ))
        .unwrap()
    }

    fn assertion(&self) -> String {
        let scope = format!("{}/access_as_user", defaults::API_CLIENT);
        let token = self.by_password_for(defaults::USERNAME, [&scope]);
        token.access_token().expose().to_owned()
    }

    fn browse(&self, url: &str) -> String {
        let answer = self
            .provider
            .sign_in(url, defaults::USERNAME, defaults::PASSWORD)
            .unwrap();
        answer.body().unwrap()
    }

    fn desktop(&self) -> Desktop {
        self.api.desktop(self.setup(defaults::PUBLIC_CLIENT_ID, ""))
    }

    fn web(&self, client_id: &str, secret: &str) -> Web {
        self.api.web(self.setup(client_id, secret))
    }

    fn setup(&self, client_id: &str, secret: &str) -> Setup {
        Setup {
            client_id: client_id.to_owned(),
            authority: format!("https://{LOGIN}/{}", defaults::TENANT_ID),
            instance_metadata: None,
            credential: ClientCredential::from_secret(secret),
            cache: self.cache.clone(),
            env: self.clock.env(),
        }
    }
}

fn check(request: &Arc<Request>, wanted: &Wanted) {
    let name = wanted.endpoint;
    assert!(request.tls, "{name}");
    assert_eq!(request.method.as_str(), wanted.method, "{name}");
    assert_eq!(request.host, wanted.host, "{name}");
    match wanted.path.strip_suffix('*') {
        Some(start) => assert!(request.path.starts_with(start), "{}", request.path),
        None => assert_eq!(request.path, wanted.path, "{name}"),
    }
    compare(name, "query", &request.query_pairs(), wanted.query);
    compare(name, "form", &request.form(), wanted.form);
    for (header, value) in wanted.headers {
        let sent = request.header(header);
        assert!(
            sent.is_some_and(|sent| *value == "*" || sent.eq_ignore_ascii_case(value)),
            "{name}: {header}: {sent:?}"
        );
        assert_eq!(request.headers.get_all(*header).iter().count(), 1);
    }
    let known: BTreeSet<_> = wanted
        .headers
        .iter()
        .map(|(name, _)| *name)
        .chain(OF_TRANSPORT)
        .chain((name == Endpoint::Token).then_some("x-anchormailbox"))
        .collect();
    for header in request.headers.keys() {
        assert!(known.contains(header.as_str()), "{name}: {header}");
    }
    // The URL is written to logs on its way.
    let url = request.url();
    let secrets = request.form();
    let secrets = secrets.iter().filter(|(name, _)| SECRET.contains(&&**name));
    for (_, secret) in secrets {
        assert!(!url.contains(secret.as_str()), "{url}");
    }
    assert!(!url.contains(defaults::PASSWORD), "{url}");
}

/// Each parameter once, and no other.
fn compare(name: Endpoint, place: &str, sent: &[(String, String)], wanted: &[(&str, &str)]) {
    let mut rest: Vec<_> = sent.iter().collect();
    for (key, value) in wanted {
        let at = rest.iter().position(|(name, _)| name == key);
        let at = at.unwrap_or_else(|| panic!("{name} {place}: no {key} in {rest:?}"));
        let (_, found) = rest.remove(at);
        let is_equal = match *value {
            "*" => !found.is_empty(),
            value if *key == "scope" => words(found) == words(value),
            value => found == value,
        };
        assert!(is_equal, "{name} {place}: {key} is {found}");
    }
    assert!(rest.is_empty(), "{name} {place}: {rest:?} too");
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(' ').collect()
}

/// What the person sends, and what opens a tunnel.
const BY_THE_BROWSER: [Endpoint; 3] = [Endpoint::Authorize, Endpoint::Connect, Endpoint::Login];
const SCOPES: [&str; 1] = ["User.Read"];
const SECRET: [&str; 7] = [
    "assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
];
