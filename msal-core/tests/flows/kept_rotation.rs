//! Refresh tokens in a cache that other processes share: none is sent that another has used up, and none is lost.

use msal_core::store::{Change, Entity, RefreshTokenEntry, TokenStore, UserFilter};
use msal_core::{Ask, ErrorKind, Step, Timestamp, run};

use crate::kept::*;
use crate::refresh_tokens::tried;
use crate::script::*;
use crate::users::*;

/// What a process does that knows no leases: puts another refresh token in the place of the one there is.
fn rotates(secret: &'static str) -> impl FnOnce(&std::sync::Arc<ListStore>) {
    move |memory| {
        let users = memory.users(CLOUD, UserFilter::All);
        let mut entities = users.iter().flat_map(|user| user.iter());
        let old = entities.find_map(|entity| match entity {
            Entity::RefreshToken(token) => Some(token),
            _ => None,
        });
        let old = old.unwrap();
        let new = RefreshTokenEntry {
            environment: old.environment.clone(),
            client_id: old.client_id.clone(),
            home_account_id: old.home_account_id.clone(),
            family_id: old.family_id.clone(),
            secret: secret.into(),
            last_modified: Timestamp::from_secs(START + 4000),
            extras: old.extras.clone(),
        };
        memory.apply(&Change::upsert(Entity::RefreshToken(new.into())));
    }
}

#[test]
fn a_new_refresh_token_is_saved_under_the_lease_before_anybody_sees_the_result() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("second").reply()]);
    let mut step = kept.silent().start();
    let (save, flow) = loop {
        step = match step {
            Step::Ask(Ask::Call(call, _, flow)) if call.name() == "save" => break (call, flow),
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Send(request, flow) => flow.resume(msal_core::Host::send(&script, request)),
            other => panic!("it should save first, not {other:?}"),
        };
    };
    assert_eq!(kept.refresh_tokens(), ["rt-second of client -"]);
    assert_eq!(kept.store.leases(), 1, "until it is saved");
    let Step::Done(outcome) = flow.resume(save.run()) else {
        panic!("it should be over");
    };
    assert_eq!(token_of(&outcome.unwrap()), "second");
    assert_eq!(kept.store.leases(), 0);
}

#[test]
fn the_refresh_token_that_is_sent_is_the_one_in_the_store() {
    let kept = Kept::expired();
    kept.store.at_load(|_| ());
    kept.store.at_load(rotates("newer"));
    let script = kept.script([Answer::new("second").reply()]);
    run(kept.silent(), &script).unwrap();
    assert_eq!(tried(&script), ["newer"]);
}

#[test]
fn a_refused_one_is_looked_up_again_and_the_newer_tried_once() {
    for suberror in ["bad_token", "consent_required", ""] {
        let kept = Kept::expired();
        kept.store.at_load_nothing(2);
        kept.store.at_load(rotates("newer"));
        let script = kept.script([invalid_grant(suberror), Answer::new("second").reply()]);
        let result = run(kept.silent(), &script).unwrap();
        assert_eq!(token_of(&result), "second");
        assert_eq!(tried(&script), ["rt-first", "newer"], "{suberror}");
        assert_eq!(kept.refresh_tokens(), ["rt-second of client -"]);

        let kept = Kept::expired();
        kept.store.at_load_nothing(2);
        kept.store.at_load(rotates("newer"));
        let script = kept.script([invalid_grant(suberror), invalid_grant("consent_required")]);
        let error = run(kept.silent(), &script).unwrap_err();
        assert!(error.needs_interaction());
        assert_eq!(tried(&script), ["rt-first", "newer"], "and no third time");
        assert_eq!(
            kept.refresh_tokens(),
            ["newer of client -"],
            "what is removed is what was refused"
        );
        assert_eq!(kept.store.leases(), 0);
    }
}

#[test]
fn each_refresh_token_that_is_tried_has_its_turn() {
    let kept = Kept::expired();
    kept.store.at_load_nothing(2);
    kept.store.at_load(rotates("newer"));
    let script = kept.script([invalid_grant("bad_token"), Answer::new("second").reply()]);
    run(kept.silent(), &script).unwrap();
    let first = ["load", "lease", "load", "send", "load", "save"];
    let second = ["lease", "load", "send", "save"];
    assert_eq!(steps(&script), [&first[..], &second[..]].concat());
    let asked = kept.store.take_asked();
    let is_in_turn = |line: &String| line.ends_with(", leased") || line.starts_with("lease");
    assert!(asked[1..].iter().all(is_in_turn), "{asked:?}");
}

#[test]
fn one_that_works_no_more_is_removed_from_the_store() {
    let kept = Kept::expired();
    let script = kept.script([invalid_grant("bad_token")]);
    let error = run(kept.silent(), &script).unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(kept.refresh_tokens(), [""; 0]);
    let expected = ["load", "lease", "load", "send", "load", "save"];
    assert_eq!(steps(&script), expected);
    let script = kept.script([]);
    let error = run(kept.silent(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
    assert_eq!(steps(&script), ["load"], "nobody is asked again");
}

#[test]
fn one_that_may_work_later_stays_and_nothing_is_written() {
    let kept = Kept::expired();
    let script = kept.script([invalid_grant("consent_required")]);
    run(kept.silent(), &script).unwrap_err();
    assert_eq!(kept.refresh_tokens(), ["rt-first of client -"]);
    assert_eq!(steps(&script), ["load", "lease", "load", "send", "load"]);
}

#[test]
fn one_that_fails_for_other_reasons_is_looked_up_no_more_than_it_was() {
    let kept = Kept::expired();
    let script = kept.script([oauth_error(400, "invalid_scope")]);
    run(kept.silent(), &script).unwrap_err();
    assert_eq!(steps(&script), ["load", "lease", "load", "send"]);
    assert_eq!(kept.store.leases(), 0);
}

#[test]
fn who_is_signed_out_elsewhere_while_the_answer_is_on_its_way_stays_signed_out() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("late").reply()]);
    let mut step = kept.silent().start();
    let outcome = loop {
        step = match step {
            Step::Ask(Ask::Call(call, _, flow)) => flow.resume(call.run()),
            Step::Send(request, flow) => {
                kept.signs_out()(kept.store.memory());
                flow.resume(msal_core::Host::send(&script, request))
            }
            Step::Done(outcome) => break outcome,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(token_of(&outcome.unwrap()), "late");
    assert_eq!(kept.refresh_tokens(), [""; 0]);
}
