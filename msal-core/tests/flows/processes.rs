//! Long-running processes of an API: whose they are, and when they are over.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use msal_core::store::{TokenStore, UserFilter};
use msal_core::{AuthenticationResult, ErrorKind, Step, run};
use sha2::{Digest as _, Sha256};

use crate::on_behalf_of::*;
use crate::script::*;
use crate::users::*;

/// What the cache knows the process `job` by.
fn job() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("long-running process\njob"))
}

#[test]
fn a_process_goes_on_by_its_refresh_token_until_it_is_stopped() {
    let api = api();
    assert_eq!(api.fails(api.go_on("job")), ErrorKind::NotCached);
    api.answered(api.begin("one", "job"), &Answer::new("first"));
    assert_eq!(api.found(api.go_on("job")), "first");
    assert_eq!(
        refresh_tokens(&api.store, UserFilter::Assertion(&job())),
        ["rt-first of client -"]
    );
    api.clock.advance(minutes(61));
    let script = api.script([Answer::new("second").reply()]);
    let result = run(api.go_on("job"), &script).unwrap();
    assert_eq!(
        sent(&script, 0, "grant_type").as_deref(),
        Some("refresh_token")
    );
    assert_eq!(
        sent(&script, 0, "refresh_token").as_deref(),
        Some("rt-first")
    );
    assert_eq!(sent(&script, 0, "client_secret").as_deref(), Some("hush"));
    assert_eq!(
        script.request(0).headers()["x-anchormailbox"],
        format!("Oid:{OID}@{TENANT}")
    );
    assert_eq!(
        result.account().unwrap().username(),
        "Alice@contoso.example"
    );
    assert_eq!(api.found(api.go_on("job")), "second");
    assert_eq!(
        refresh_tokens(&api.store, UserFilter::Assertion(&job())),
        ["rt-second of client -"]
    );
    for other in ["Job", "job ", "jo", "job2"] {
        assert_eq!(api.fails(api.go_on(other)), ErrorKind::NotCached, "{other}");
    }
    assert_eq!(
        api.answered(api.for_user("one"), &Answer::new("obo")),
        "obo"
    );
    api.app
        .stop_long_running_process("job")
        .try_ready()
        .unwrap()
        .unwrap();
    assert_eq!(api.fails(api.go_on("job")), ErrorKind::NotCached);
    assert_eq!(api.found(api.for_user("one")), "obo");
}

#[test]
fn a_process_always_begins_at_the_identity_provider() {
    let api = api();
    api.answered(api.begin("one", "job"), &Answer::new("first"));
    api.answered(api.begin("one", "job"), &Answer::new("second"));
    assert_eq!(api.found(api.go_on("job")), "second");
}

#[test]
fn a_process_that_begins_anew_for_another_user_leaves_nothing_of_the_first() {
    let api = api();
    api.answered(api.begin("one", "job"), &Answer::new("alice"));
    api.answered(api.begin("two", "job"), &of_bob("bob"));
    assert_eq!(
        refresh_tokens(&api.store, UserFilter::Assertion(&job())),
        ["rt-bob of client -"]
    );
    api.clock.advance(minutes(61));
    let script = api.script([invalid_grant("bad_token"), Answer::new("alice").reply()]);
    let error = run(api.go_on("job"), &script).unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(script.log().len(), 1, "the first user's token is not bob's");
}

#[test]
fn two_processes_of_one_key_that_begin_at_once_are_not_one_flight() {
    let api = api();
    let Step::Send(_, alice) = api.begin("one", "job").start() else {
        panic!("it should send");
    };
    let Step::Send(_, bob) = api.begin("two", "job").start() else {
        panic!("another user's assertion is another request");
    };
    let token = |step| match step {
        Step::Done(Ok::<AuthenticationResult, _>(result)) => {
            result.access_token().expose().to_owned()
        }
        other => panic!("it should be over, not {other:?}"),
    };
    assert_eq!(token(bob.resume(of_bob("bob").reply())), "bob");
    assert_eq!(token(alice.resume(Answer::new("alice").reply())), "alice");
}

#[test]
fn a_process_that_is_stopped_while_its_refresh_is_in_the_air_stays_stopped() {
    let api = api();
    api.answered(api.begin("one", "job"), &Answer::new("first"));
    api.clock.advance(minutes(61));
    let Step::Send(_, flow) = api.go_on("job").start() else {
        panic!("it should send");
    };
    api.app
        .stop_long_running_process("job")
        .try_ready()
        .unwrap()
        .unwrap();
    let Step::Done(outcome) = flow.resume(Answer::new("late").reply()) else {
        panic!("it should be over");
    };
    outcome.unwrap();
    assert_eq!(api.fails(api.go_on("job")), ErrorKind::NotCached);
    assert!(
        api.store
            .users(CLOUD, UserFilter::Assertion(&job()))
            .is_empty()
    );
}

#[test]
fn a_process_stays_its_users_whatever_an_answer_tells() {
    let api = api();
    api.answered(api.begin("one", "job"), &Answer::new("first"));
    api.clock.advance(minutes(61));
    let error = run(api.go_on("job"), &api.script([of_bob("bob").reply()])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidResponse("id token"));
    let less = Answer::new("second")
        .without("client_info")
        .without("id_token");
    api.answered(api.go_on("job"), &less);
    assert_eq!(
        refresh_tokens(&api.store, UserFilter::Assertion(&job())),
        ["rt-second of client -"]
    );
    let cached = run(api.go_on("job"), &api.script([])).unwrap();
    assert_eq!(cached.account().unwrap().home_account_id(), HOME);
}
