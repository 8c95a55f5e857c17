//! What holds for every flow: single flight, cancellation, callbacks, declined needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use msal_core::credential::{AppToken, AppTokenRequest, AssertionContext, ClientCredential};
use msal_core::{
    Ask, AuthenticationResult, ClientAssertion, Error, ErrorKind, Flow, Step, TransportError, run,
    run_async,
};

use crate::script::*;

type TokenStep = Step<AuthenticationResult>;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The follower's step, which must be to wait for another flow.
macro_rules! join {
    ($step:expr) => {
        match $step {
            Step::Ask(Ask::Join(landing, limit, flow)) => (landing, limit, flow),
            other => panic!("it should wait for another flow, not {other:?}"),
        }
    };
}

macro_rules! send {
    ($step:expr) => {
        match $step {
            Step::Send(request, flow) => (request, flow),
            other => panic!("it should send, not {other:?}"),
        }
    };
}

fn done(step: TokenStep) -> Result<AuthenticationResult, Error> {
    match step {
        Step::Done(outcome) => outcome,
        other => panic!("it should be over, not {other:?}"),
    }
}

#[test]
fn a_follower_takes_the_leaders_answer() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let start = || app.acquire_token_for_client([SCOPE], None).start();
    let (_, leader) = send!(start());
    let (landing, _, follower) = join!(start());
    done(leader.resume(token("shared"))).unwrap();
    let result = done(follower.resume(landing.block(Duration::ZERO))).unwrap();
    assert_eq!(result.access_token().expose(), "shared");
}

#[test]
fn an_error_that_all_would_meet_is_shared() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let start = || app.acquire_token_for_client([SCOPE], None).start();
    let (_, leader) = send!(start());
    let followers: Vec<_> = (0..64).map(|_| join!(start())).collect();
    done(leader.resume(oauth_error(400, "invalid_scope"))).unwrap_err();
    for (landing, _, follower) in followers {
        let error = done(follower.resume(landing.block(Duration::ZERO))).unwrap_err();
        assert_eq!(error.code(), Some("invalid_scope"));
    }
}

#[test]
fn when_the_leader_is_cancelled_the_next_in_line_leads_and_nobody_else() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let start = || app.acquire_token_for_client([SCOPE], None).start();
    let (_, leader) = send!(start());
    let (first, _, heir) = join!(start());
    let (second, _, follower) = join!(start());
    drop(leader);
    let (_, heir) = send!(heir.resume(first.block(Duration::ZERO)));
    done(heir.resume(token("inherited"))).unwrap();
    let result = done(follower.resume(second.block(Duration::ZERO))).unwrap();
    assert_eq!(result.access_token().expose(), "inherited");
}

#[test]
fn who_left_the_line_is_passed_over_whenever_they_leave() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let start = || app.acquire_token_for_client([SCOPE], None).start();
    let (_, leader) = send!(start());
    let before = join!(start());
    let after = join!(start());
    let (landing, _, stays) = join!(start());
    drop(before);
    drop(leader);
    drop(after);
    let _now_leads = send!(stays.resume(landing.block(Duration::ZERO)));
}

#[test]
fn the_leaders_own_end_is_not_the_followers() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let hurried = || {
        let mut options = Box::<msal_core::app::ClientCredentialOptions>::default();
        options.call.timeout = Some(secs(1));
        Some(options)
    };
    let (_, leader) = send!(app.acquire_token_for_client([SCOPE], hurried()).start());
    let (landing, _, follower) = join!(app.acquire_token_for_client([SCOPE], None).start());
    clock.advance(secs(1));
    done(leader.resume(Err(TransportError::timeout()))).unwrap_err();
    let _now_leads = send!(follower.resume(landing.block(Duration::ZERO)));
}

#[test]
fn a_follower_waits_no_longer_than_its_own_time() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let _leader = send!(app.acquire_token_for_client([SCOPE], None).start());
    let mut options = Box::<msal_core::app::ClientCredentialOptions>::default();
    options.call.timeout = Some(secs(2));
    let (landing, limit, follower) =
        join!(app.acquire_token_for_client([SCOPE], Some(options)).start());
    assert_eq!(limit, secs(2));
    clock.advance(limit);
    let error = done(follower.resume(landing.block(Duration::ZERO))).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
}

#[test]
fn a_leader_that_stands_still_no_longer_binds() {
    let clock = ManualClock::new();
    let slow = || {
        let mut options = Box::<msal_core::app::ClientCredentialOptions>::default();
        options.call.timeout = Some(secs(600));
        Some(options)
    };
    let app = app(&clock);
    let (_, stuck) = send!(app.acquire_token_for_client([SCOPE], slow()).start());
    let (landing, limit, follower) = join!(app.acquire_token_for_client([SCOPE], slow()).start());
    assert_eq!(limit, secs(30 + 35), "its request may take 30 seconds");
    clock.advance(limit);
    let (_, new_leader) = send!(follower.resume(landing.block(Duration::ZERO)));
    done(stuck.resume(token("late"))).unwrap();
    done(new_leader.resume(token("fresh"))).unwrap();
    let result = done(app.acquire_token_for_client([SCOPE], None).start()).unwrap();
    assert_eq!(result.access_token().expose(), "fresh");
}

#[test]
fn who_declines_to_wait_works_alone() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let _leader = send!(app.acquire_token_for_client([SCOPE], None).start());
    let Step::Ask(question) = app.acquire_token_for_client([SCOPE], None).start() else {
        panic!("it should wait for another flow");
    };
    let (_, alone) = send!(question.decline());
    done(alone.resume(token("mine"))).unwrap();
}

#[test]
fn other_keys_do_not_wait() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let _leader = send!(app.acquire_token_for_client([SCOPE], None).start());
    let _other = send!(
        app.acquire_token_for_client(["https://vault.azure.net/.default"], None)
            .start()
    );
}

#[test]
fn who_goes_past_the_cache_shares_with_those_who_do_so_alike() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let forced = || {
        let mut options = Box::<msal_core::app::ClientCredentialOptions>::default();
        options.force_refresh = true;
        app.acquire_token_for_client([SCOPE], Some(options)).start()
    };
    run(
        app.acquire_token_for_client([SCOPE], None),
        &Script::new(&clock, [token("old")]),
    )
    .unwrap();
    let (_, leader) = send!(forced());
    let (landing, _, follower) = join!(forced());
    done(leader.resume(token("new"))).unwrap();
    let result = done(follower.resume(landing.block(Duration::ZERO))).unwrap();
    assert_eq!(result.access_token().expose(), "new");
}

#[test]
fn threads_and_tasks_share_one_request() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("shared")]);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| run(app.acquire_token_for_client([SCOPE], None), &script).unwrap());
        }
    });
    assert_eq!(script.log().len(), 1);
}

#[test]
fn ten_thousand_who_wait_cost_one_request_and_get_one_answer_each() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let start = || app.acquire_token_for_client([SCOPE], None).start();
    let (_, leader) = send!(start());
    let followers: Vec<_> = (0..10_000).map(|_| join!(start())).collect();
    done(leader.resume(token("shared"))).unwrap();
    for (landing, _, follower) in followers {
        let result = done(follower.resume(landing.block(Duration::ZERO))).unwrap();
        assert_eq!(result.access_token().expose(), "shared");
    }
}

#[test]
fn dropping_a_step_at_any_point_leaves_nothing_behind() {
    let clock = ManualClock::new();
    let app = app(&clock);
    for depth in 0..3 {
        let mut step = app.acquire_token_for_client([SCOPE], None).start();
        for _ in 0..depth {
            step = match step {
                Step::Send(_, flow) => flow.resume(refused()),
                Step::Wait(_, flow) => flow.resume(()),
                other => panic!("{other:?}"),
            };
        }
        drop(step);
    }
    let script = Script::new(&clock, [token("after")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
}

#[test]
fn steps_move_between_threads() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let clock = ManualClock::new();
    let app = app(&clock);
    let step = assert_send(app.acquire_token_for_client([SCOPE], None).start());
    std::thread::spawn(move || drop(step)).join().unwrap();
    let script = Script::new(&clock, []);
    let flow: Flow<AuthenticationResult> = app.acquire_token_for_client([SCOPE], None);
    drop(assert_send(run_async(flow, &script)));
}

#[test]
fn a_callback_that_panics_fails_this_call_and_no_other() {
    let clock = ManualClock::new();
    let panics = Arc::new(AtomicBool::new(true));
    let switch = panics.clone();
    let credential = ClientCredential::from_assertion_provider(move |_: &AssertionContext| {
        assert!(!switch.load(Ordering::SeqCst), "the program's own mistake");
        Ok::<_, Error>(ClientAssertion::new("a.b.c"))
    });
    let app = built(builder().credential(credential), &clock);
    let script = Script::new(&clock, [token("after")]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::CallbackPanicked("assertion provider")
    );
    panics.store(false, Ordering::SeqCst);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
}

#[test]
fn an_assertion_is_asked_for_anew_when_the_request_is_repeated() {
    let clock = ManualClock::new();
    let count = std::sync::atomic::AtomicU64::new(0);
    let credential =
        ClientCredential::from_assertion_provider(move |context: &AssertionContext| {
            assert_eq!(
                (context.client_id(), context.token_endpoint()),
                ("client", TOKEN_URL)
            );
            let number = count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Error>(ClientAssertion::new(format!("assertion-{number}")))
        });
    let app = built(builder().credential(credential), &clock);
    let script = Script::new(&clock, [reply(503, ""), token("late")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    let assertions: Vec<_> = script
        .forms()
        .iter()
        .map(|form| form.last().unwrap().1.clone())
        .collect();
    assert_eq!(assertions, ["assertion-0", "assertion-1"]);
}

#[test]
fn an_async_callback_runs_under_the_async_driver_and_is_refused_by_the_other() {
    let clock = ManualClock::new();
    let credential =
        ClientCredential::from_async_assertion_provider(async |_: AssertionContext| {
            Ok::<_, Error>(ClientAssertion::new("a.b.c"))
        });
    let app = built(builder().credential(credential), &clock);
    let script = Script::new(&clock, [token("one")]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unsupported("an async callback"));
    block_on(run_async(
        app.acquire_token_for_client([SCOPE], None),
        &script,
    ))
    .unwrap();
}

#[test]
fn a_token_from_the_programs_own_provider_is_cached_like_any_other() {
    let clock = ManualClock::new();
    let credential = ClientCredential::from_app_token_provider(|request: &AppTokenRequest| {
        assert_eq!(request.scopes.as_str(), SCOPE);
        Ok::<_, Error>(AppToken::new("provided", secs(3600)))
    });
    let app = built(builder().credential(credential), &clock);
    let script = Script::new(&clock, []);
    for _ in 0..2 {
        let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        assert_eq!(result.access_token().expose(), "provided");
    }
    assert_eq!(script.log(), ["call app token provider"]);
}

#[test]
fn a_loop_that_declines_a_callback_is_told_which() {
    let clock = ManualClock::new();
    let credential = ClientCredential::from_assertion_provider(|_: &AssertionContext| {
        Ok::<_, Error>(ClientAssertion::new("a.b.c"))
    });
    let app = built(builder().credential(credential), &clock);
    let Step::Ask(question) = app.acquire_token_for_client([SCOPE], None).start() else {
        panic!("it should ask for the assertion");
    };
    let error = done(question.decline()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Declined("assertion provider"));
}
