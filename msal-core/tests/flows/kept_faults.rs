//! Stores that fail, and stores that do not answer: a token in hand outranks them, and calls end in time.

use std::time::Duration;

use msal_core::app::AccountFilter;
use msal_core::store::{Change, Removal, TokenStore, UserKey};
use msal_core::{Ask, AuthenticationResult, Callback, Error, ErrorKind, Flow, Host, Step, run};

use crate::kept::*;
use crate::script::*;
use crate::users::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn too_slow(call: &Callback) -> Error {
    Error::new(ErrorKind::Timeout).because(format!("the {} took too long", call.name()))
}

/// Plays a flow whose store never answers: how it ended, and what it waited for, how many seconds.
fn with_stuck_store<T>(flow: Flow<T>, script: &Script) -> (Result<T, Error>, Vec<String>) {
    let mut waited = Vec::new();
    let mut step = flow.start();
    loop {
        step = match step {
            Step::Ask(Ask::Call(call, limit, flow)) => {
                waited.push(format!("{} {}", call.name(), limit.as_secs()));
                script.clock.advance(limit);
                flow.resume(Err(too_slow(&call)))
            }
            Step::Send(request, flow) => {
                waited.push("send".to_owned());
                flow.resume(script.send(request))
            }
            Step::Done(outcome) => return (outcome, waited),
            _ => panic!("no flow of these asks for that"),
        };
    }
}

impl Kept {
    /// The same with nothing in memory.
    fn empty() -> Self {
        let kept = Self::new();
        kept.store.apply(&Change::remove(Removal::User {
            user: UserKey {
                environment: CLOUD.into(),
                home_account_id: HOME.into(),
            },
            client_id: "client".into(),
            family_id: None,
        }));
        kept
    }

    fn hurried(&self, seconds: u64) -> Flow<AuthenticationResult> {
        let options = silent_options(|options| options.call.timeout = Some(secs(seconds)));
        self.app
            .acquire_token_silent([READ], &self.account, options)
    }
}

#[test]
fn who_cannot_read_the_store_goes_on_from_memory() {
    for failures in 1..=2 {
        let kept = Kept::expired();
        kept.store.fails_to_load(failures);
        let script = kept.script([Answer::new("second").reply()]);
        let result = run(kept.silent(), &script).unwrap();
        assert_eq!(token_of(&result), "second");
        assert_eq!(steps(&script), ["load", "lease", "load", "send", "save"]);
    }
    let kept = Kept::new();
    kept.store.is_due_now();
    kept.store.fails_to_load(1);
    let result = run(kept.silent(), &kept.script([])).unwrap();
    assert_eq!(token_of(&result), "first");
}

#[test]
fn who_can_neither_read_the_store_nor_has_anything_is_told_that_and_not_to_sign_in() {
    for cache_only in [false, true] {
        let kept = Kept::empty();
        kept.store.fails_to_load(1);
        let script = kept.script([]);
        let flow = match cache_only {
            true => kept.silent_from_cache(),
            false => kept.silent(),
        };
        let error = run(flow, &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Cache);
        assert!(!error.needs_interaction());
        assert_eq!(steps(&script), ["load"]);
        assert_eq!(
            run(kept.silent(), &script).unwrap_err().kind(),
            &ErrorKind::InteractionRequired,
            "once it can be read"
        );
    }
}

#[test]
fn what_the_identity_provider_refuses_is_told_whatever_the_store_does() {
    let kept = Kept::expired();
    kept.store.fails_to_load(4);
    let script = kept.script([invalid_grant("bad_token")]);
    let error = run(kept.silent(), &script).unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(error.code(), Some("invalid_grant"));
}

#[test]
fn a_token_that_cannot_be_saved_is_returned_and_kept_in_memory() {
    for driver in Driver::BOTH {
        let kept = Kept::expired();
        kept.store.fails_to_save(1);
        let script = kept.script([Answer::new("second").reply()]);
        let result = driver.run(kept.silent(), &script).unwrap();
        assert_eq!(token_of(&result), "second");
        assert_eq!(result.persist_error().unwrap().kind(), &ErrorKind::Cache);
        let cached = kept.silent().try_ready().unwrap().unwrap();
        assert_eq!(token_of(&cached), "second");
        assert!(cached.persist_error().is_none(), "that was another call's");
        assert_eq!(kept.store.leases(), 0);
    }
}

#[test]
fn a_store_that_never_answers_is_waited_for_once_before_the_request_and_once_after() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("second").reply()]);
    let (outcome, waited) = with_stuck_store(kept.silent(), &script);
    let result = outcome.unwrap();
    assert_eq!(token_of(&result), "second");
    assert_eq!(result.persist_error().unwrap().kind(), &ErrorKind::Cache);
    assert_eq!(waited, ["load 15", "send", "save 15"]);
}

#[test]
fn a_store_that_never_answers_leaves_time_for_the_request() {
    for (timeout, expected) in [
        (30, ["load 10", "send", "save 15"]),
        (6, ["load 2", "send", "save 4"]),
        (1, ["load 0", "send", "save 0"]),
    ] {
        let kept = Kept::expired();
        let begun = msal_core::Clock::uptime(&kept.clock);
        let script = kept.script([Answer::new("second").reply()]);
        let (outcome, waited) = with_stuck_store(kept.hurried(timeout), &script);
        assert_eq!(token_of(&outcome.unwrap()), "second");
        assert_eq!(waited, expected);
        assert!(msal_core::Clock::uptime(&kept.clock) - begun <= secs(timeout));
    }
}

#[test]
fn a_hit_waits_two_seconds_for_a_store_that_never_answers() {
    let kept = Kept::new();
    kept.store.is_due_now();
    let (outcome, waited) = with_stuck_store(kept.silent(), &kept.script([]));
    assert_eq!(token_of(&outcome.unwrap()), "first");
    assert_eq!(waited, ["load 2"]);
}

#[test]
fn a_store_that_never_answers_holds_up_no_call_for_ever() {
    let kept = Kept::empty();
    let script = kept.script([]);
    let (outcome, waited) = with_stuck_store(kept.silent(), &script);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    assert!(!error.needs_interaction());
    assert_eq!(waited, ["load 15"]);

    let (outcome, waited) = with_stuck_store(kept.app.accounts(AccountFilter::All), &script);
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Cache);
    assert_eq!(waited, ["load 15"]);

    let sign_out = kept.app.remove_account(&kept.account);
    let (outcome, waited) = with_stuck_store(sign_out, &script);
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Cache);
    assert_eq!(waited, ["load 15", "save 15"]);
}

#[test]
fn a_token_that_comes_with_the_last_of_the_time_is_returned() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("second").reply()]);
    let mut step = kept.hurried(9).start();
    let result = loop {
        step = match step {
            Step::Ask(Ask::Call(call, limit, flow)) if call.name() == "save" => {
                assert_eq!(limit, Duration::ZERO);
                flow.resume(Err(too_slow(&call)))
            }
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Send(request, flow) => {
                kept.clock.advance(secs(9));
                flow.resume(script.send(request))
            }
            Step::Done(outcome) => break outcome.unwrap(),
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(token_of(&result), "second");
    assert!(result.persist_error().is_some());
}

#[test]
fn work_at_the_store_that_panics_is_an_error_of_the_store() {
    let kept = Kept::expired();
    kept.store.at_load(|_| panic!("the store's own mistake"));
    let script = kept.script([Answer::new("second").reply()]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "second");
    let kept = Kept::empty();
    kept.store.at_load(|_| panic!("the store's own mistake"));
    let error = run(kept.silent(), &kept.script([])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::CallbackPanicked("load"));
}
