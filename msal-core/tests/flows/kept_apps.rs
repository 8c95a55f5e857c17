//! What keeps the tokens of applications and of their users: when it is looked at, and in which order.

use std::sync::Arc;

use msal_core::app::{ClientCredentialOptions, OnBehalfOfOptions};
use msal_core::credential::{AppToken, AppTokenRequest, ClientCredential};
use msal_core::store::UserFilter;
use msal_core::{
    AuthenticationResult, ConfidentialClientApplication, Env, Error, ErrorKind, Flow, run,
};

use crate::kept::{steps, token_of};
use crate::kept_store::KeptStore;
use crate::on_behalf_of::obo;
use crate::script::*;
use crate::users::*;

/// A service whose cache is kept.
struct Service {
    clock: ManualClock,
    store: KeptStore,
    app: ConfidentialClientApplication,
}

impl Service {
    fn new() -> Self {
        Self::proven_by(ClientCredential::from_secret("hush"))
    }

    fn proven_by(credential: ClientCredential) -> Self {
        let (clock, store) = (ManualClock::new(), KeptStore::new());
        let env = Env::new(clock.clone(), Counting);
        let app = public_builder()
            .credential(credential)
            .confidential(Arc::new(store.clone()), env)
            .unwrap();
        Self { clock, store, app }
    }

    fn own(&self) -> Flow<AuthenticationResult> {
        self.app.acquire_token_for_client([SCOPE], None)
    }

    fn own_with(
        &self,
        change: impl FnOnce(&mut ClientCredentialOptions),
    ) -> Flow<AuthenticationResult> {
        self.app.acquire_token_for_client([SCOPE], options(change))
    }

    fn of_user(&self) -> Flow<AuthenticationResult> {
        let options = OnBehalfOfOptions::default();
        self.app
            .acquire_token_on_behalf_of("assertion".into(), [READ], options)
    }

    fn begin(&self) -> Flow<AuthenticationResult> {
        let assertion = "assertion".into();
        self.app
            .initiate_long_running_process(assertion, "job", [READ], obo(|_| {}))
    }

    fn go_on(&self) -> Flow<AuthenticationResult> {
        self.app
            .acquire_token_in_long_running_process("job", [READ], obo(|_| {}))
    }

    fn script(&self, replies: impl IntoIterator<Item = Reply>) -> Script {
        Script::new(&self.clock, replies)
    }

    /// What another process does: obtains a token for the service.
    fn obtains(&self, name: &'static str) -> impl FnOnce(&Arc<ListStore>) + 'static {
        let clock = self.clock.clone();
        move |memory| {
            let app = confidential(public_builder(), memory, &clock);
            let script = Script::new(&clock, [token(name)]);
            run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        }
    }
}

const ALL: [&str; 5] = ["load", "lease", "load", "send", "save"];

fn of_all(partition: &str) -> [String; 4] {
    [
        format!("load {partition}"),
        format!("lease {partition}"),
        format!("load {partition}, leased"),
        format!("save {partition}, leased"),
    ]
}

#[test]
fn an_applications_own_token_is_asked_for_in_turn_and_saved() {
    for driver in Driver::BOTH {
        let service = Service::new();
        let script = service.script([token("own")]);
        driver.run(service.own(), &script).unwrap();
        assert_eq!(steps(&script), ALL);
        assert_eq!(service.store.take_asked(), of_all("app"));
        assert_eq!(service.store.leases(), 0);
        service.own().try_ready().unwrap().unwrap();
    }
}

#[test]
fn an_applications_own_token_that_another_process_obtained_makes_no_request() {
    for (loads, expected) in [(0, &["load"][..]), (1, &["load", "lease", "load"])] {
        let service = Service::new();
        service.store.at_load_nothing(loads);
        service.store.at_load(service.obtains("theirs"));
        let script = service.script([]);
        let result = run(service.own(), &script).unwrap();
        assert_eq!(token_of(&result), "theirs");
        assert_eq!(steps(&script), expected);
        assert_eq!(service.store.leases(), 0);
    }
}

#[test]
fn who_goes_past_the_cache_takes_a_turn_and_asks_whatever_there_is() {
    let service = Service::new();
    service.store.at_load(service.obtains("theirs"));
    let script = service.script([token("forced")]);
    let forced = service.own_with(|options| options.force_refresh = true);
    assert_eq!(token_of(&run(forced, &script).unwrap()), "forced");
    assert_eq!(steps(&script), ALL);
}

#[test]
fn a_token_of_the_programs_own_provider_is_saved_too() {
    let provider = ClientCredential::from_app_token_provider(|_: &AppTokenRequest| {
        Ok::<_, Error>(AppToken::new("provided", minutes(60)))
    });
    let service = Service::proven_by(provider);
    let script = service.script([]);
    run(service.own(), &script).unwrap();
    let expected = ["load", "lease", "load", "app token provider", "save"];
    assert_eq!(steps(&script), expected);
}

#[test]
fn turns_are_taken_with_nobody_who_wants_something_else() {
    let service = Service::new();
    let script = service.script((0..8).map(|at| token(&format!("at{at}"))));
    let app = &service.app;
    run(service.own(), &script).unwrap();
    let vault = ["https://vault.azure.net/.default"];
    run(app.acquire_token_for_client(vault, None), &script).unwrap();
    for path in ["agents/one", "agents/two"] {
        let of_agent = service.own_with(|options| options.fmi_path = Some(path.to_owned()));
        run(of_agent, &script).unwrap();
    }
    let mut digests: Vec<_> = service
        .store
        .lease_keys()
        .iter()
        .map(|key| *key.digest())
        .collect();
    assert_eq!(digests.len(), 4);
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 4);

    let forced = service.own_with(|options| options.force_refresh = true);
    run(forced, &script).unwrap();
    let keys = service.store.lease_keys();
    assert_eq!(keys.first(), keys.last());
}

#[test]
fn a_token_for_a_user_is_asked_for_in_turn_and_saved() {
    let service = Service::new();
    let script = service.script([Answer::new("obo").reply()]);
    run(service.of_user(), &script).unwrap();
    assert_eq!(steps(&script), ALL);
    assert_eq!(service.store.take_asked(), of_all("assertion"));
    assert_eq!(service.store.leases(), 0);
    service.of_user().try_ready().unwrap().unwrap();
}

#[test]
fn a_long_running_process_begins_and_goes_on_in_turn_and_is_saved() {
    let service = Service::new();
    let script = service.script([Answer::new("begun").reply()]);
    run(service.begin(), &script).unwrap();
    assert_eq!(steps(&script), ALL);
    assert_eq!(service.store.take_asked(), of_all("assertion"));
    service.clock.advance(minutes(61));
    let script = service.script([Answer::new("going").reply()]);
    run(service.go_on(), &script).unwrap();
    assert_eq!(steps(&script), ALL);
    assert_eq!(service.store.take_asked(), of_all("assertion"));
    assert_eq!(service.store.leases(), 0);
}

#[test]
fn a_long_running_process_that_another_process_began_goes_on_here() {
    let service = Service::new();
    let clock = service.clock.clone();
    service.store.at_load(move |memory| {
        let app = confidential(public_builder(), memory, &clock);
        let script = Script::new(&clock, [Answer::new("theirs").reply()]);
        let begin =
            app.initiate_long_running_process("assertion".into(), "job", [READ], obo(|_| {}));
        run(begin, &script).unwrap();
    });
    let script = service.script([]);
    assert_eq!(token_of(&run(service.go_on(), &script).unwrap()), "theirs");
    assert_eq!(steps(&script), ["load"]);
}

#[test]
fn a_long_running_process_that_nobody_began_is_looked_for_and_unknown() {
    let service = Service::new();
    let script = service.script([]);
    let error = run(service.go_on(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
    assert_eq!(steps(&script), ["load"]);
    service.store.fails_to_load(1);
    let error = run(service.go_on(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache, "it may well be there");
}

#[test]
fn a_long_running_process_is_stopped_in_the_store_too() {
    let service = Service::new();
    run(
        service.begin(),
        &service.script([Answer::new("begun").reply()]),
    )
    .unwrap();
    service.store.take_asked();
    let script = service.script([]);
    run(service.app.stop_long_running_process("job"), &script).unwrap();
    assert_eq!(steps(&script), ["save"]);
    assert_eq!(service.store.take_asked(), ["save assertion"]);
    let tokens = refresh_tokens(service.store.memory(), UserFilter::All);
    assert_eq!(tokens, [""; 0]);
}

#[test]
fn a_long_running_process_that_cannot_be_stopped_for_good_is_stopped_here() {
    let service = Service::new();
    run(
        service.begin(),
        &service.script([Answer::new("begun").reply()]),
    )
    .unwrap();
    service.store.fails_to_save(1);
    let script = service.script([]);
    let error = run(service.app.stop_long_running_process("job"), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    let error = run(service.go_on(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
}
