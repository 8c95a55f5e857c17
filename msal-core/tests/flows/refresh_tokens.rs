//! The refresh tokens of the cache: which is tried, in which order, by whom at a time, and what becomes of it.

use msal_core::app::{ApplicationBuilder, CallOptions};
use msal_core::store::{
    AppMetadataEntry, Change, Entity, Extras, Members, RefreshTokenEntry, TokenStore,
};
use msal_core::{ErrorKind, PublicClientApplication, Step, Timestamp, run};
use serde_json::json;

use crate::script::*;
use crate::users::*;

/// A refresh token of the user as some library wrote it.
fn written(secret: &str, client_id: &str, family_id: Option<&str>, modified: u64) -> Entity {
    written_at(CLOUD, secret, client_id, family_id, modified)
}

fn written_at(
    environment: &str,
    secret: &str,
    client_id: &str,
    family_id: Option<&str>,
    modified: u64,
) -> Entity {
    Entity::RefreshToken(
        RefreshTokenEntry {
            environment: environment.into(),
            client_id: client_id.into(),
            home_account_id: HOME.into(),
            family_id: family_id.map(Into::into),
            secret: secret.into(),
            last_modified: Timestamp::from_secs(modified),
            extras: Extras::default(),
        }
        .into(),
    )
}

fn metadata(client_id: &str, family_id: Option<&str>) -> Entity {
    Entity::AppMetadata(
        AppMetadataEntry {
            environment: CLOUD.into(),
            client_id: client_id.into(),
            family_id: family_id.map(Into::into),
            members: Members::none(),
        }
        .into(),
    )
}

/// A desk of a client of this id that has not been here before, where a sibling's user has signed in: the cache holds
/// the family's refresh token `family`.
pub(crate) fn sibling(client_id: &str) -> (Desk, PublicClientApplication) {
    let answer = Answer::new("first")
        .with("foci", "1")
        .with("refresh_token", "family");
    let desk = Desk::with(public_builder(), &answer);
    let builder = ApplicationBuilder::new(client_id).authority(AUTHORITY);
    let app = public(builder, &desk.store, &desk.clock);
    (desk, app)
}

/// An answer for the client `new`.
pub(crate) fn for_new(name: &str) -> Answer {
    let mut claims = claims();
    claims["aud"] = "new".into();
    Answer::about(name, &claims)
}

pub(crate) fn tried(script: &Script) -> Vec<String> {
    let forms = 0..script.forms().len();
    forms
        .map(|at| sent(script, at, "refresh_token").unwrap())
        .collect()
}

const MISMATCHES: [&str; 4] = [
    r#"{"error":"invalid_grant","suberror":"client_mismatch"}"#,
    r#"{"error":"invalid_grant","error_additional_info":"client_mismatch"}"#,
    r#"{"error":"invalid_grant","suberror":"","error_additional_info":"client_mismatch"}"#,
    r#"{"error":"invalid_client","suberror":"basic_action","error_additional_info":"x client_mismatch"}"#,
];

#[test]
fn a_client_that_may_be_of_the_family_tries_its_token_first() {
    for driver in Driver::BOTH {
        let (desk, app) = sibling("new");
        let script = desk.script([for_new("joined").with("foci", "1").reply()]);
        let flow = app.acquire_token_silent([READ], &desk.account, None);
        driver.run(flow, &script).unwrap();
        assert_eq!(tried(&script), ["family"]);
        assert_eq!(
            desk.refresh_tokens(),
            ["rt-joined of new 1"],
            "there is one of a family"
        );
        let known = desk.store.app_metadata(CLOUD, "new").unwrap();
        assert_eq!(known.family_id.as_deref(), Some("1"));
    }
}

#[test]
fn a_client_that_turns_out_to_be_in_no_family_goes_on_with_its_own_token() {
    for mismatch in MISMATCHES {
        let (desk, app) = sibling("new");
        desk.store.found([written("own", "new", None, START - 9)]);
        let script = desk.script([reply(400, mismatch), for_new("mine").reply()]);
        let flow = app.acquire_token_silent([READ], &desk.account, None);
        run(flow, &script).unwrap();
        assert_eq!(tried(&script), ["family", "own"], "{mismatch}");
        assert_eq!(
            desk.refresh_tokens(),
            ["family of client 1", "rt-mine of new -"],
            "the family's is the others', and stays"
        );
        let known = desk.store.app_metadata(CLOUD, "new").unwrap();
        assert_eq!(known.family_id, None);
        // Now it is known, the family's is not tried again.
        desk.clock.advance(minutes(61));
        let script = desk.script([for_new("again").reply()]);
        run(
            app.acquire_token_silent([READ], &desk.account, None),
            &script,
        )
        .unwrap();
        assert_eq!(tried(&script), ["rt-mine"]);
    }
}

#[test]
fn a_stranger_to_the_family_must_have_its_user_sign_in() {
    for mismatch in MISMATCHES {
        let (desk, app) = sibling("new");
        let script = desk.script([reply(400, mismatch)]);
        let flow = app.acquire_token_silent([READ], &desk.account, None);
        let error = run(flow, &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InteractionRequired, "{mismatch}");
        assert_eq!(desk.refresh_tokens(), ["family of client 1"]);
    }
}

#[test]
fn a_known_member_tries_the_familys_token_then_its_own_and_a_known_stranger_its_own_alone() {
    let (desk, app) = sibling("new");
    desk.store.found([
        written("own", "new", None, START + 9),
        metadata("new", Some("1")),
    ]);
    let script = desk.script([invalid_grant("consent_required"), for_new("mine").reply()]);
    run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap();
    assert_eq!(tried(&script), ["family", "own"]);

    let (desk, app) = sibling("new");
    desk.store.found([
        written("own", "new", None, START - 9),
        metadata("new", None),
    ]);
    let script = desk.script([invalid_grant("bad_token")]);
    let error = run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap_err();
    assert_eq!(tried(&script), ["own"]);
    assert!(error.needs_interaction());
    assert_eq!(desk.refresh_tokens(), ["family of client 1"]);

    let (desk, app) = sibling("new");
    desk.store.found([metadata("new", None)]);
    let script = desk.script([]);
    let error = run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(script.log(), [""; 0]);
    assert!(
        accounts(&app).is_empty(),
        "it could not be silent for anybody"
    );
    assert_eq!(desk.accounts().len(), 1);
}

#[test]
fn a_confidential_client_is_in_no_family() {
    let (desk, _) = sibling("new");
    let builder = ApplicationBuilder::new("new").authority(AUTHORITY);
    let app = confidential(builder, &desk.store, &desk.clock);
    let script = desk.script([]);
    let error = run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(script.log(), [""; 0]);
    let all = app
        .accounts(Default::default())
        .try_ready()
        .unwrap()
        .unwrap();
    assert!(all.is_empty());
    assert!(desk.store.app_metadata(CLOUD, "new").is_none());
}

#[test]
fn a_familys_transport_error_is_not_a_reason_to_try_another_token() {
    let (desk, app) = sibling("new");
    desk.store.found([written("own", "new", None, START)]);
    let script = desk.script([reply(503, ""), reply(503, ""), for_new("mine").reply()]);
    let error = run(
        app.acquire_token_silent([READ], &desk.account, None),
        &script,
    )
    .unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(tried(&script), ["family", "family"]);
}

#[test]
fn a_token_that_ended_is_removed_and_one_that_only_lacks_consent_stays() {
    let by_number =
        |number: u32| refusal(&json!({"error": "invalid_grant", "error_codes": [number]}));
    let ends: [Reply; 5] = [
        invalid_grant("bad_token"),
        invalid_grant("token_expired"),
        by_number(700_082),
        by_number(50_173),
        by_number(70_043),
    ];
    for reply in ends {
        let desk = Desk::expired();
        let error = run(desk.silent(), &desk.script([reply])).unwrap_err();
        assert!(error.needs_interaction(), "{error}");
        assert_eq!(desk.refresh_tokens(), [""; 0], "{error}");
        assert_eq!(desk.accounts().len(), 1, "the user is still known");
    }
    let stays: [Reply; 9] = [
        invalid_grant("consent_required"),
        invalid_grant("basic_action"),
        invalid_grant("additional_action"),
        invalid_grant("message_only"),
        invalid_grant("user_password_expired"),
        invalid_grant("client_mismatch"),
        invalid_grant(""),
        by_number(65_001),
        oauth_error(400, "invalid_client"),
    ];
    for reply in stays {
        let desk = Desk::expired();
        let error = run(desk.silent(), &desk.script([reply])).unwrap_err();
        assert_eq!(desk.refresh_tokens(), ["rt-first of client -"], "{error}");
    }
}

#[test]
fn another_token_put_in_its_place_meanwhile_is_tried_once() {
    for suberror in ["bad_token", "consent_required"] {
        let desk = Desk::expired();
        let Step::Send(request, flow) = desk.silent().start() else {
            panic!("it should send");
        };
        assert!(String::from_utf8_lossy(request.body()).contains("rt-first"));
        let other = written("other", "client", None, START + 9);
        desk.store.apply(&Change::upsert(other));
        let Step::Send(request, flow) = flow.resume(invalid_grant(suberror)) else {
            panic!("it should try the other");
        };
        assert!(String::from_utf8_lossy(request.body()).contains("other"));
        let Step::Done(outcome) = flow.resume(invalid_grant("consent_required")) else {
            panic!("it should be over");
        };
        assert!(outcome.unwrap_err().needs_interaction());
        assert_eq!(
            desk.refresh_tokens(),
            ["other of client -"],
            "not the one that failed"
        );
    }
}

#[test]
fn an_answer_without_a_refresh_token_leaves_the_one_there_is() {
    let desk = Desk::expired();
    let script = desk.script([Answer::new("second").without("refresh_token").reply()]);
    run(desk.silent(), &script).unwrap();
    assert_eq!(desk.refresh_tokens(), ["rt-first of client -"]);
    desk.clock.advance(minutes(61));
    let script = desk.script([Answer::new("third").reply()]);
    run(desk.silent(), &script).unwrap();
    assert_eq!(tried(&script), ["rt-first"]);
    assert_eq!(desk.refresh_tokens(), ["rt-third of client -"]);
}

#[test]
fn of_several_the_newest_is_tried_first() {
    let desk = Desk::expired();
    desk.store.found([
        written_at("login.windows.net", "newest", "client", None, START + 20),
        written_at("sts.windows.net", "older", "client", None, START + 10),
    ]);
    let script = desk.script([
        invalid_grant("basic_action"),
        invalid_grant("basic_action"),
        Answer::new("second").reply(),
    ]);
    run(desk.silent(), &script).unwrap();
    assert_eq!(tried(&script), ["newest", "older", "rt-first"]);
}

#[test]
fn a_refresh_token_of_another_library_makes_a_sign_in() {
    for driver in Driver::BOTH {
        let desk = Desk::new();
        desk.app
            .remove_account(&desk.account)
            .try_ready()
            .unwrap()
            .unwrap();
        let flow = desk.app.acquire_token_by_refresh_token(
            "theirs".into(),
            [READ],
            CallOptions::default(),
        );
        let script = desk.script([Answer::new("moved").without("refresh_token").reply()]);
        let result = driver.run(flow, &script).unwrap();
        assert_eq!(result.account(), Some(&desk.account));
        assert_eq!(tried(&script), ["theirs"]);
        assert_eq!(
            desk.refresh_tokens(),
            ["theirs of client -"],
            "it still works, RFC 6749 section 6"
        );
        assert_eq!(desk.accounts().len(), 1);
    }
    let desk = Desk::new();
    let flow =
        desk.app
            .acquire_token_by_refresh_token("dead".into(), [READ], CallOptions::default());
    let error = run(flow, &desk.script([invalid_grant("bad_token")])).unwrap_err();
    assert!(error.needs_interaction());
    assert_eq!(
        desk.refresh_tokens(),
        ["rt-first of client -"],
        "that of the cache is another"
    );
}

#[test]
fn refresh_tokens_are_shown_only_to_who_asked_to_see_them() {
    let ask = |on| {
        let builder = public_builder().show_refresh_tokens(on);
        let desk = Desk::with(builder, &Answer::new("first"));
        desk.clock.advance(minutes(61));
        let result = run(desk.silent(), &desk.script([Answer::new("second").reply()])).unwrap();
        let cached = run(desk.silent(), &desk.script([])).unwrap();
        assert!(
            cached.refresh_token().is_none(),
            "a cached token brought none"
        );
        result
            .refresh_token()
            .map(|token| token.expose().to_owned())
    };
    assert_eq!(ask(false), None);
    assert_eq!(ask(true).as_deref(), Some("rt-second"));
}
