//! Tokens of users, of those who call an API, of long-running processes and of applications, bound and not, in one
//! cache, against a model that says in each token for whom and by what it was issued.

use std::collections::{HashMap, HashSet};

use msal::blocking::{ConfidentialClientApplication, PublicClientApplication};
use msal::{Account, AuthenticationResult, ClientCredential, Error, TokenCache, TokenScheme};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::provider::{HOME, Model, OTHER, USERS, User, cloud, decoded, encoded, jwk, user_by};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn nobody_gets_what_is_somebody_elses(calls in prop::collection::vec(call(), 1..40)) {
        let mut world = World::default();
        for call in calls {
            world.play(&call)?;
        }
    }
}

/// A call of some application, all of which share a cache.
#[derive(Clone, Debug)]
struct Call {
    host: &'static str,
    /// The tenant of the authority.
    tenant: &'static str,
    other_tenant: Option<&'static str>,
    client_id: &'static str,
    scope: &'static str,
    key_id: Option<&'static str>,
    user: &'static User,
    act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    App,
    GoOn(&'static str),
    NewProcess(&'static str, &'static str),
    OnBehalf(&'static str),
    SignIn,
    SignOut,
    Silent,
}

fn call() -> impl Strategy<Value = Call> {
    let act = prop_oneof![
        1 => Just(Act::App),
        2 => select(&PROCESSES[..]).prop_map(Act::GoOn),
        1 => (select(&PROCESSES[..]), select(&ASSERTIONS[..])).prop_map(|(key, assertion)| {
            Act::NewProcess(key, assertion)
        }),
        2 => select(&ASSERTIONS[..]).prop_map(Act::OnBehalf),
        4 => Just(Act::SignIn),
        1 => Just(Act::SignOut),
        6 => Just(Act::Silent),
    ];
    (
        select(&HOSTS[..]),
        select(&[HOME, OTHER, "common"][..]),
        option::weighted(0.2, select(&[HOME, OTHER][..])),
        select(&["a", "b", "f", "g", CONFIDENTIAL][..]),
        select(&["r/x", "r/y", "R/X", "s/x"][..]),
        option::weighted(0.2, select(&["k1", "k2"][..])),
        (0..USERS.len()).prop_map(|index| &USERS[index]),
        act,
    )
        .prop_map(
            |(host, tenant, other_tenant, client_id, scope, key_id, user, act)| Call {
                host,
                tenant,
                other_tenant,
                client_id,
                scope,
                key_id,
                user,
                act,
            },
        )
}

#[derive(Default)]
struct World {
    cache: TokenCache,
    /// Who is signed in at which client of which cloud.
    signed_in: HashSet<(&'static str, &'static str, &'static str)>,
    /// Which assertion each process of each cloud was begun with.
    processes: HashMap<(&'static str, &'static str), &'static str>,
}

/// Makes a call with what all can be given.
macro_rules! sent {
    ($call:expr, $request:expr) => {{
        let mut request = $request;
        if let Some(tenant) = $call.other_tenant {
            request = request.tenant(tenant);
        }
        if let Some(key_id) = $call.key_id {
            request = request.scheme(TokenScheme::ssh_certificate(&jwk(key_id), key_id).unwrap());
        }
        request.send()
    }};
}

/// Works with the application of a call, whatever its kind.
macro_rules! on {
    ($world:expr, $call:expr, |$app:ident| $work:expr) => {
        match $call.client_id {
            CONFIDENTIAL => {
                let $app = $world.confidential($call);
                $work
            }
            _ => {
                let $app = $world.public($call);
                $work
            }
        }
    };
}

impl World {
    fn play(&mut self, call: &Call) -> Result<(), TestCaseError> {
        if call.client_id == CONFIDENTIAL && call.tenant() != "common" {
            match call.act {
                Act::App => return self.play_app(call),
                Act::OnBehalf(assertion) => return self.play_on_behalf(call, assertion),
                Act::NewProcess(key, assertion) => return self.play_new(call, key, assertion),
                Act::GoOn(key) => return self.play_process(call, key),
                _ => {}
            }
        }
        match call.act {
            Act::SignIn => self.play_sign_in(call),
            Act::SignOut => self.play_sign_out(call),
            _ => self.play_silent(call),
        }
    }

    fn play_app(&self, call: &Call) -> Result<(), TestCaseError> {
        let scope = format!("{}/.default", call.scope);
        let app = self.confidential(call);
        let token = sent!(call, app.acquire_token_for_client([&*scope]));
        call.check(&token.unwrap(), "app", &scope)
    }

    fn play_on_behalf(&self, call: &Call, assertion: &str) -> Result<(), TestCaseError> {
        let app = self.confidential(call);
        let token = sent!(
            call,
            app.acquire_token_on_behalf_of(assertion, [call.scope])
        );
        call.check_of(&token, assertion)
    }

    fn play_new(
        &mut self,
        call: &Call,
        key: &'static str,
        assertion: &'static str,
    ) -> Result<(), TestCaseError> {
        let app = self.confidential(call);
        let token = sent!(
            call,
            app.initiate_long_running_process(assertion, key, [call.scope])
        );
        if token.is_ok() {
            self.processes.insert((cloud(call.host), key), assertion);
        }
        call.check_of(&token, assertion)
    }

    fn play_process(&self, call: &Call, key: &'static str) -> Result<(), TestCaseError> {
        let app = self.confidential(call);
        let token = sent!(
            call,
            app.acquire_token_in_long_running_process(key, [call.scope])
        );
        match self.processes.get(&(cloud(call.host), key)) {
            Some(assertion) => call.check_of(&token, assertion),
            None => {
                prop_assert!(token.is_err(), "{:?} was never begun", call);
                Ok(())
            }
        }
    }

    fn play_sign_in(&mut self, call: &Call) -> Result<(), TestCaseError> {
        let user = call.user;
        let refresh_token = encoded(&json!([call.client_id, user.name, user.name]));
        let token = on!(self, call, |app| sent!(
            call,
            app.acquire_token_by_refresh_token(refresh_token.as_str(), [call.scope])
        ));
        if token.is_ok() {
            self.signed_in
                .insert((cloud(call.host), call.client_id, user.name));
        }
        call.check_of(&token, user.name)
    }

    fn play_silent(&self, call: &Call) -> Result<(), TestCaseError> {
        let known = (cloud(call.host), call.client_id, call.user.name);
        let is_known = self.signed_in.contains(&known);
        let Some(account) = self.account(call)? else {
            prop_assert!(!is_known, "{:?} is forgotten", call);
            return Ok(());
        };
        let token = self.silent(call, &account);
        match is_known || token.is_ok() {
            true => call.check_of(&token, call.user.name),
            false => Ok(()),
        }
    }

    fn play_sign_out(&mut self, call: &Call) -> Result<(), TestCaseError> {
        let Some(account) = self.account(call)? else {
            return Ok(());
        };
        on!(self, call, |app| app.remove_account(&account).send()).unwrap();
        // Other clients may be signed out with it, at least those of its family.
        let known = (cloud(call.host), call.user.name);
        self.signed_in
            .retain(|(cloud, _, user)| (*cloud, *user) != known);
        let token = self.silent(call, &account);
        prop_assert!(token.is_err(), "{:?} comes back", call);
        Ok(())
    }

    fn silent(&self, call: &Call, account: &Account) -> Result<AuthenticationResult, Error> {
        on!(self, call, |app| sent!(
            call,
            app.acquire_token_silent([call.scope], account)
        ))
    }

    fn account(&self, call: &Call) -> Result<Option<Account>, TestCaseError> {
        let id = call.user.home_account_id();
        let accounts = on!(self, call, |app| app.accounts().home_account_id(&id).send());
        let accounts = accounts.unwrap();
        prop_assert!(accounts.len() <= 1, "{:?}", accounts);
        for account in &accounts {
            prop_assert_eq!(account.home_account_id(), &id);
        }
        Ok(accounts.into_iter().next())
    }

    fn public(&self, call: &Call) -> PublicClientApplication {
        let app = PublicClientApplication::builder(call.client_id)
            .authority(format!("https://{}/{}", call.host, call.tenant))
            .token_cache(self.cache.clone())
            .transport(Model)
            .build();
        app.unwrap()
    }

    fn confidential(&self, call: &Call) -> ConfidentialClientApplication {
        let app = ConfidentialClientApplication::builder(call.client_id)
            .authority(format!("https://{}/{}", call.host, call.tenant))
            .credential(ClientCredential::from_secret("secret"))
            .azure_region("off")
            .token_cache(self.cache.clone())
            .transport(Model)
            .build();
        app.unwrap()
    }
}

impl Call {
    fn tenant(&self) -> &'static str {
        self.other_tenant.unwrap_or(self.tenant)
    }

    /// A token by what speaks for a user: refused where they are a stranger, and theirs otherwise.
    fn check_of(
        &self,
        token: &Result<AuthenticationResult, Error>,
        by: &str,
    ) -> Result<(), TestCaseError> {
        let user = user_by(by);
        match (token, user.object_id_in(self.tenant())) {
            (Ok(token), Some(_)) => {
                let account = token
                    .account()
                    .map(|account| account.home_account_id().to_owned());
                prop_assert_eq!(account, Some(user.home_account_id()), "{:?}", self);
                self.check(token, by, self.scope)
            }
            (Err(_), None) => Ok(()),
            (outcome, _) => {
                prop_assert!(false, "{:?}: {:?}", self, outcome);
                Ok(())
            }
        }
    }

    /// What was issued for this call, or what it may share.
    fn check(
        &self,
        token: &AuthenticationResult,
        by: &str,
        scope: &str,
    ) -> Result<(), TestCaseError> {
        let said = decoded(token.access_token().expose());
        let tenant = match (self.tenant(), by) {
            ("common", by) => user_by(by).home,
            (tenant, _) => tenant,
        };
        let token_type = self.key_id.map_or("Bearer", |_| "ssh-cert");
        prop_assert_eq!(token.token_type(), token_type, "{:?}", self);
        let scopes = said["scopes"].as_str().unwrap().to_ascii_lowercase();
        let is_granted = scopes
            .split(' ')
            .any(|granted| granted == scope.to_ascii_lowercase());
        prop_assert!(is_granted, "{:?}: {}", self, said);
        let issued = ["cloud", "tenant", "client", "by", "key"].map(|name| said[name].clone());
        let wanted = json!([cloud(self.host), tenant, self.client_id, by, self.key_id]);
        prop_assert_eq!(json!(issued), wanted, "{:?}", self);
        Ok(())
    }
}

/// Sequences for a soak (`MSAL_SOAK=1`), a hundredth of them otherwise. Each is about 20 calls.
fn cases() -> u32 {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 30_000,
        None => 300,
    }
}

const ASSERTIONS: [&str; 3] = ["assertion 1", "assertion 2", "assertion 3"];
const CONFIDENTIAL: &str = "c";
const HOSTS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
];
const PROCESSES: [&str; 2] = ["job 1", "job 2"];
