//! A cache that outlives the process: when flows look at what keeps it, and in which order.

use std::sync::Arc;
use std::time::Duration;

use msal_core::app::CallOptions;
use msal_core::{
    Account, Ask, AuthenticationResult, Env, ErrorKind, Flow, PublicClientApplication, Step,
    TokenSource, run,
};

use crate::kept_store::KeptStore;
use crate::script::*;
use crate::site::{REDIRECT, good, sign_in_options};
use crate::users::*;

/// A program whose cache is kept, with a user signed in.
pub(crate) struct Kept {
    pub(crate) clock: ManualClock,
    pub(crate) store: KeptStore,
    pub(crate) app: PublicClientApplication,
    pub(crate) account: Account,
}

impl Kept {
    /// With a token `first` that has an hour to go.
    pub(crate) fn new() -> Self {
        Self::over(KeptStore::new())
    }

    pub(crate) fn over(store: KeptStore) -> Self {
        let clock = ManualClock::new();
        let app = keeping(&store, &clock);
        let elsewhere = public(public_builder(), store.memory(), &clock);
        let account = sign_in(&elsewhere, &Answer::new("first"), &clock);
        Self {
            clock,
            store,
            app,
            account,
        }
    }

    /// With a token that has run out.
    pub(crate) fn expired() -> Self {
        let kept = Self::new();
        kept.clock.advance(minutes(61));
        kept
    }

    pub(crate) fn silent(&self) -> Flow<AuthenticationResult> {
        self.app.acquire_token_silent([READ], &self.account, None)
    }

    pub(crate) fn silent_from_cache(&self) -> Flow<AuthenticationResult> {
        let options = silent_options(|options| options.cache_only = true);
        self.app
            .acquire_token_silent([READ], &self.account, options)
    }

    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) -> Script {
        Script::new(&self.clock, replies)
    }

    /// What another process does to the cache: signs the user in, anew.
    pub(crate) fn signs_in(&self, name: &'static str) -> impl FnOnce(&Arc<ListStore>) + 'static {
        let clock = self.clock.clone();
        move |memory| {
            sign_in(
                &public(public_builder(), memory, &clock),
                &Answer::new(name),
                &clock,
            );
        }
    }

    /// And signs them out.
    pub(crate) fn signs_out(&self) -> impl FnOnce(&Arc<ListStore>) + 'static {
        let (clock, account) = (self.clock.clone(), self.account.clone());
        move |memory| {
            let app = public(public_builder(), memory, &clock);
            run(app.remove_account(&account), &Script::new(&clock, [])).unwrap();
        }
    }

    pub(crate) fn refresh_tokens(&self) -> Vec<String> {
        refresh_tokens(self.store.memory(), msal_core::store::UserFilter::All)
    }
}

/// A program that keeps its cache in this.
pub(crate) fn keeping(store: &KeptStore, clock: &ManualClock) -> PublicClientApplication {
    let env = Env::new(clock.clone(), Counting);
    let store = Arc::new(store.clone());
    public_builder().public(store, env).unwrap()
}

/// What a flow asked of whoever drove it: the network is one word.
pub(crate) fn steps(script: &Script) -> Vec<String> {
    let word = |line: &String| match line.strip_prefix("call ") {
        Some(name) => name.to_owned(),
        None if line.contains("://") => "send".to_owned(),
        None => line.clone(),
    };
    script.log().iter().map(word).collect()
}

pub(crate) fn token_of(result: &AuthenticationResult) -> &str {
    result.access_token().expose()
}

#[test]
fn a_renewal_looks_takes_its_turn_looks_again_asks_and_saves() {
    for (driver, is_async) in [
        (Driver::Async, true),
        (Driver::Async, false),
        (Driver::Blocking, false),
    ] {
        let kept = Kept::over(KeptStore::of_kind(is_async, true));
        kept.clock.advance(minutes(61));
        let script = kept.script([Answer::new("second").reply()]);
        let result = driver.run(kept.silent(), &script).unwrap();
        assert_eq!(token_of(&result), "second");
        assert!(result.persist_error().is_none());
        assert_eq!(steps(&script), ["load", "lease", "load", "send", "save"]);
        assert_eq!(
            kept.store.take_asked(),
            [
                "load user",
                "lease user",
                "load user, leased",
                "save user, leased"
            ]
        );
        assert_eq!(kept.store.leases(), 0);
    }
}

#[test]
fn a_hit_asks_nothing_until_it_is_due_and_then_looks_once() {
    let kept = Kept::new();
    kept.silent().try_ready().unwrap().unwrap();
    assert_eq!(kept.store.take_asked(), [""; 0]);
    kept.store.is_due_now();
    let script = kept.script([]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "first");
    assert_eq!(steps(&script), ["load"]);
    kept.silent().try_ready().unwrap().unwrap();
}

#[test]
fn a_hit_that_is_due_gives_what_another_process_put_in_its_place() {
    let kept = Kept::new();
    kept.store.is_due_now();
    kept.store.at_load(kept.signs_in("theirs"));
    let script = kept.script([]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "theirs");
    assert_eq!(result.token_source(), TokenSource::Cache);
    assert_eq!(steps(&script), ["load"]);
}

#[test]
fn a_hit_that_is_due_is_none_where_another_process_signed_the_user_out() {
    let kept = Kept::new();
    kept.store.is_due_now();
    kept.store.at_load(kept.signs_out());
    let script = kept.script([]);
    let error = run(kept.silent(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
    assert_eq!(steps(&script), ["load", "load"]);
}

#[test]
fn what_another_process_has_obtained_makes_no_request() {
    let kept = Kept::expired();
    kept.store.at_load(kept.signs_in("theirs"));
    let script = kept.script([]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "theirs");
    assert_eq!(steps(&script), ["load"]);
}

#[test]
fn what_another_process_obtained_while_this_one_waited_makes_no_request() {
    let kept = Kept::expired();
    kept.store.at_load(|_| ());
    kept.store.at_load(kept.signs_in("theirs"));
    let script = kept.script([]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "theirs");
    assert_eq!(steps(&script), ["load", "lease", "load"]);
    assert_eq!(kept.store.leases(), 0);
}

#[test]
fn who_signed_out_while_this_one_waited_is_not_asked_for() {
    let kept = Kept::expired();
    kept.store.at_load(|_| ());
    kept.store.at_load(kept.signs_out());
    let script = kept.script([]);
    let error = run(kept.silent(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
    assert_eq!(steps(&script), ["load", "lease", "load"]);
}

#[test]
fn who_may_only_look_into_the_cache_looks_into_the_store_too() {
    let kept = Kept::expired();
    kept.store.at_load(kept.signs_in("theirs"));
    let script = kept.script([]);
    let result = run(kept.silent_from_cache(), &script).unwrap();
    assert_eq!(token_of(&result), "theirs");
    assert_eq!(steps(&script), ["load"]);
    kept.clock.advance(minutes(61));
    let script = kept.script([]);
    let error = run(kept.silent_from_cache(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
    assert_eq!(steps(&script), ["load"]);
}

#[test]
fn ten_thousand_who_miss_cost_one_look_one_turn_and_one_request() {
    let kept = Kept::expired();
    let Step::Ask(Ask::Call(load, _, leader)) = kept.silent().start() else {
        panic!("the first should look");
    };
    let followers: Vec<_> = (0..10_000)
        .map(|_| match kept.silent().start() {
            Step::Ask(Ask::Join(landing, _, flow)) => (landing, flow),
            other => panic!("the others should wait, not {other:?}"),
        })
        .collect();
    let script = kept.script([Answer::new("second").reply()]);
    let mut step = leader.resume(load.run());
    loop {
        step = match step {
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Send(request, flow) => flow.resume(msal_core::Host::send(&script, request)),
            Step::Done(outcome) => break outcome.map(drop).unwrap(),
            other => panic!("{other:?}"),
        };
    }
    for (landing, flow) in followers {
        let Step::Done(outcome) = flow.resume(landing.block(Duration::ZERO)) else {
            panic!("there is nothing left to ask");
        };
        assert_eq!(token_of(&outcome.unwrap()), "second");
    }
    assert_eq!(
        kept.store.take_asked(),
        [
            "load user",
            "lease user",
            "load user, leased",
            "save user, leased"
        ]
    );
}

#[test]
fn ten_thousand_hits_that_are_due_cost_one_look() {
    let kept = Kept::new();
    kept.store.is_due_now();
    let Step::Ask(Ask::Call(load, _, first)) = kept.silent().start() else {
        panic!("the first should look");
    };
    for _ in 1..10_000 {
        kept.silent().try_ready().unwrap().unwrap();
    }
    let Step::Done(outcome) = first.resume(load.run()) else {
        panic!("it has its token");
    };
    outcome.unwrap();
    assert_eq!(kept.store.take_asked(), ["load user"]);
}

#[test]
fn a_renewal_beside_the_call_takes_its_turn_like_any_other() {
    let kept = Kept::new();
    let answer = Answer::new("stale").with("refresh_in", 60);
    let script = kept.script([answer.reply()]);
    let options = silent_options(|options| options.force_refresh = true);
    let flow = kept
        .app
        .acquire_token_silent([READ], &kept.account, options);
    run(flow, &script).unwrap();
    kept.clock.advance(minutes(2));
    let script = kept.script([]);
    assert_eq!(token_of(&run(kept.silent(), &script).unwrap()), "stale");
    assert_eq!(steps(&script), ["background"]);
    let mut renewals = script.take_background();
    let script = kept.script([Answer::new("renewed").reply()]);
    run(renewals.pop().unwrap(), &script).unwrap();
    assert_eq!(steps(&script), ["load", "lease", "load", "send", "save"]);
    assert_eq!(token_of(&run(kept.silent(), &script).unwrap()), "renewed");
}

#[test]
fn sign_ins_look_at_nothing_and_save_before_they_end() {
    let kept = Kept::new();
    let saved_last = |flow, replies: Vec<Reply>, sends: usize| {
        let script = kept.script(replies);
        run(flow, &script).unwrap();
        let mut expected = vec!["send"; sends];
        expected.push("save");
        assert_eq!(steps(&script), expected);
        assert_eq!(kept.store.take_asked(), ["save user"]);
    };
    let app = &kept.app;
    let call = CallOptions::default;

    let begun = app.initiate_auth_code_flow([READ], REDIRECT, sign_in_options(|_| {}));
    let begun = run(begun, &kept.script([])).unwrap();
    let (response, reply_to_code) = good(&begun);
    let code = app.acquire_token_by_auth_code_flow(begun, &response, call());
    saved_last(code, vec![reply_to_code], 1);

    let device = r#"{"device_code":"sesame","user_code":"ABCD","expires_in":900,"interval":5,
        "verification_uri":"https://microsoft.com/devicelogin","message":"Go there"}"#;
    let begun = app.initiate_device_code_flow([READ], call());
    let begun = run(begun, &kept.script([reply(200, device)])).unwrap();
    let device = app.acquire_token_by_device_code(begun, call());
    let script = kept.script([Answer::new("device").reply()]);
    run(device, &script).unwrap();
    let mut said = steps(&script);
    said.retain(|step| step != "wait");
    assert_eq!(said, ["send", "save"]);
    assert_eq!(kept.store.take_asked(), ["save user"]);

    let realm = reply(
        200,
        r#"{"account_type":"Managed","domain_name":"contoso.example"}"#,
    );
    let password = app.acquire_token_by_username_password(
        "alice@contoso.example",
        "pw".into(),
        [READ],
        call(),
    );
    saved_last(password, vec![realm, Answer::new("password").reply()], 2);

    let migrated = app.acquire_token_by_refresh_token("theirs".into(), [READ], call());
    saved_last(migrated, vec![Answer::new("migrated").reply()], 1);
}
