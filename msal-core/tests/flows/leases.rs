//! The lease on a refresh token or an app token: how long it is waited for and held, and that none is left behind.

use std::time::Duration;

use msal_core::store::LeaseKey;
use msal_core::{Ask, AuthenticationResult, Callback, ErrorKind, Host, Resume, Step, run};

use crate::kept::*;
use crate::kept_store::broken;
use crate::refresh_tokens::{for_new, sibling};
use crate::script::*;
use crate::users::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

type TokenStep = Step<AuthenticationResult>;
type Asked = (
    Callback,
    Duration,
    Resume<Result<(), msal_core::Error>, AuthenticationResult>,
);

/// Plays a flow up to a callback of this name.
fn until(name: &str, mut step: TokenStep, script: &Script) -> Asked {
    loop {
        step = match step {
            Step::Ask(Ask::Call(call, limit, flow)) if call.name() == name => {
                return (call, limit, flow);
            }
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Send(request, flow) => flow.resume(script.send(request)),
            other => panic!("no {name}, but {other:?}"),
        };
    }
}

#[test]
fn a_lease_that_somebody_keeps_is_waited_for_and_then_gone_on_without() {
    let kept = Kept::expired();
    kept.store.at_lease(Ok(false));
    kept.store.at_lease(Ok(false));
    let script = kept.script([Answer::new("second").reply()]);
    let result = run(kept.silent(), &script).unwrap();
    assert!(result.persist_error().is_none());
    let expected = ["load", "lease", "lease", "load", "send", "save"];
    assert_eq!(steps(&script), expected);
    let asked = kept.store.take_asked();
    assert!(asked.iter().all(|line| !line.ends_with("leased")));
}

#[test]
fn those_who_gave_up_waiting_take_turns_among_themselves() {
    let kept = Kept::expired();
    kept.store.at_lease(Ok(false));
    let script = kept.script([Answer::new("second").reply()]);
    let (lease, limit, flow) = until("lease", kept.silent().start(), &script);
    kept.clock.advance(limit - secs(1));
    let step = flow.resume(lease.run());
    let (lease, limit, flow) = until("lease", step, &script);
    assert_eq!(limit, secs(25), "what is left of the minute");
    let (save, _, flow) = until("save", flow.resume(lease.run()), &script);
    assert_eq!(kept.store.leases(), 1);
    drop(flow.resume(save.run()));
    assert_eq!(kept.store.leases(), 0);
    let keys = kept.store.lease_keys();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0].digest(), keys[1].digest());
    assert_eq!(keys[0].partition(), keys[1].partition());
}

#[test]
fn who_waited_until_its_time_was_over_sends_nothing() {
    let kept = Kept::expired();
    let options = silent_options(|options| options.call.timeout = Some(secs(9)));
    let flow = kept
        .app
        .acquire_token_silent([READ], &kept.account, options);
    kept.store.at_lease(Ok(false));
    let script = kept.script([]);
    let (lease, limit, flow) = until("lease", flow.start(), &script);
    kept.clock.advance(limit);
    let mut step = flow.resume(lease.run());
    let outcome = loop {
        step = match step {
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Done(outcome) => break outcome,
            other => panic!("it should be over, not {other:?}"),
        };
    };
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Timeout);
    assert_eq!(kept.refresh_tokens(), ["rt-first of client -"]);
}

#[test]
fn who_stood_still_until_others_went_ahead_looks_again_before_it_sends() {
    let kept = Kept::expired();
    let clock = kept.clock.clone();
    kept.store.at_load(|_| ());
    kept.store.at_load(move |_| clock.advance(secs(36)));
    kept.store.at_load(kept.signs_in("theirs"));
    let script = kept.script([]);
    let result = run(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "theirs");
    assert_eq!(steps(&script), ["load", "lease", "load", "lease", "load"]);

    let kept = Kept::expired();
    let clock = kept.clock.clone();
    kept.store.at_load(|_| ());
    kept.store.at_load(move |_| clock.advance(secs(35)));
    let script = kept.script([Answer::new("second").reply()]);
    run(kept.silent(), &script).unwrap();
    assert_eq!(steps(&script), ["load", "lease", "load", "send", "save"]);
}

#[test]
fn a_lease_that_cannot_be_had_is_gone_on_without() {
    let kept = Kept::expired();
    kept.store.at_lease(Err(broken()));
    let script = kept.script([Answer::new("second").reply()]);
    run(kept.silent(), &script).unwrap();
    assert_eq!(steps(&script), ["load", "lease", "load", "send", "save"]);
}

#[test]
fn a_store_that_forgets_the_limit_of_a_lease_is_left_behind_a_second_later() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("second").reply()]);
    let (late, limit, flow) = until("lease", kept.silent().start(), &script);
    assert_eq!(limit, secs(36), "35 of them are the lease's own");
    kept.clock.advance(limit);
    let timeout = msal_core::Error::new(ErrorKind::Timeout);
    let step = flow.resume(Err(timeout));
    let (save, _, flow) = until("save", step, &script);
    // Whoever comes too late holds nothing.
    late.run().unwrap();
    assert_eq!(kept.store.leases(), 0);
    let Step::Done(outcome) = flow.resume(save.run()) else {
        panic!("it should be over");
    };
    outcome.unwrap();
    assert_eq!(steps(&script), ["send"]);
}

#[test]
fn a_lease_is_waited_for_no_longer_than_the_call_may_take() {
    let kept = Kept::expired();
    let options = silent_options(|options| options.call.timeout = Some(secs(9)));
    let flow = kept
        .app
        .acquire_token_silent([READ], &kept.account, options);
    let (_, limit, _) = until("lease", flow.start(), &kept.script([]));
    assert_eq!(limit, secs(9));
}

#[test]
fn who_leaves_at_any_point_leaves_no_lease_and_no_flight() {
    for refused in [false, true] {
        let kept = Kept::new();
        let needs = at_every_await(
            || {
                kept.clock.advance(minutes(61));
                (kept.silent(), kept.script([Answer::new("second").reply()]))
            },
            |needs| {
                assert_eq!(kept.store.leases(), 0, "dropped after {needs} needs");
                kept.clock.advance(minutes(61));
                let script = match refused {
                    true => kept.script([oauth_error(400, "invalid_scope")]),
                    false => kept.script([Answer::new("after").reply()]),
                };
                assert_eq!(run(kept.silent(), &script).is_err(), refused);
                assert_eq!(steps(&script)[..3], ["load", "lease", "load"]);
                assert_eq!(kept.store.leases(), 0);
            },
        );
        assert_eq!(needs, 5);
    }
}

#[test]
fn a_lease_that_comes_when_the_call_is_gone_is_given_back() {
    let kept = Kept::expired();
    let (lease, _, flow) = until("lease", kept.silent().start(), &kept.script([]));
    drop(flow);
    lease.run().unwrap();
    assert_eq!(kept.store.leases(), 0);
}

#[test]
fn a_lease_that_came_and_was_not_picked_up_is_given_back() {
    let kept = Kept::expired();
    let (lease, _, flow) = until("lease", kept.silent().start(), &kept.script([]));
    lease.run().unwrap();
    assert_eq!(kept.store.leases(), 1);
    drop(flow);
    assert_eq!(kept.store.leases(), 0);
}

#[test]
fn flows_of_one_process_ask_for_the_lease_one_after_the_other() {
    let kept = Kept::expired();
    let app = &kept.app;
    let script = kept.script([Answer::new("second").reply(), Answer::new("third").reply()]);
    let (lease, _, first) = until("lease", kept.silent().start(), &script);
    let mail = app.acquire_token_silent(["Mail.Read"], &kept.account, None);
    let Step::Ask(Ask::Call(load, _, flow)) = mail.start() else {
        panic!("it should look first");
    };
    let Step::Ask(Ask::Join(landing, _, second)) = flow.resume(load.run()) else {
        panic!("it should wait for its turn, and not in the store");
    };
    let (save, _, first) = until("save", first.resume(lease.run()), &script);
    drop(first.resume(save.run()));
    let step = second.resume(landing.block(Duration::ZERO));
    drop(until("lease", step, &script));
}

#[test]
fn processes_take_turns_at_what_their_flows_take_turns_at() {
    let keys = |scope: &'static str| -> Vec<LeaseKey> {
        let kept = Kept::expired();
        let script = kept.script([Answer::new("second").with("scope", scope).reply()]);
        let flow = kept.app.acquire_token_silent([scope], &kept.account, None);
        run(flow, &script).unwrap();
        kept.store.lease_keys()
    };
    assert_eq!(keys("User.Read"), keys("Mail.Read"), "one refresh token");
}

#[test]
fn without_a_store_nobody_is_asked() {
    let (desk, app) = sibling("new");
    let script = desk.script([for_new("joined").with("foci", "1").reply()]);
    run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap();
    assert_eq!(steps(&script), ["send"]);
}
