//! What a call in silence gives when it is refused, unanswered, or answered with somebody else.

use std::time::Duration;

use msal_core::app::CallOptions;
use msal_core::store::{TokenStore, UserFilter};
use msal_core::{ErrorKind, TransportError, run};
use serde_json::json;

use crate::script::*;
use crate::users::*;

#[test]
fn a_token_that_still_works_outranks_an_error_that_may_be_over_soon() {
    // Less than five minutes: it is to be renewed before it is handed out.
    let almost = || {
        let desk = Desk::new();
        desk.clock.advance(minutes(57));
        desk
    };
    let failures: [Failure; 5] = [
        ("503", || reply(503, "")),
        ("429", || reply_after(429, "30", "")),
        ("busy", || {
            reply(400, r#"{"error":"temporarily_unavailable"}"#)
        }),
        ("unreachable", refused),
        ("cut", || Err(TransportError::interrupted("cut"))),
    ];
    for (name, failure) in failures {
        let desk = almost();
        let script = desk.script([failure(), failure(), failure()]);
        let result = run(desk.silent(), &script).unwrap();
        assert_eq!(result.access_token().expose(), "first", "{name}");
        let error = result.refresh_error().unwrap();
        assert!(error.is_retryable(), "{name}: {error}");
        desk.clock.advance(minutes(4));
        let error = run(desk.silent(), &desk.script([failure(), failure()])).unwrap_err();
        assert!(error.is_retryable(), "{name}: {error}");
    }
    for (code, kind) in [
        ("invalid_grant", ErrorKind::InteractionRequired),
        ("invalid_client", ErrorKind::Server),
    ] {
        let desk = almost();
        let error = run(desk.silent(), &desk.script([oauth_error(400, code)])).unwrap_err();
        assert_eq!(error.kind(), &kind);
    }
}

#[test]
fn an_answer_about_another_user_is_refused_and_leaves_everything_as_it_was() {
    let other = "e5e5e5e5-0000-4000-8000-000000000005";
    let mut of_other = claims();
    of_other["oid"] = other.into();
    for answer in [
        Answer::about("theirs", &of_other).with("client_info", client_info(other, TENANT)),
        Answer::new("theirs")
            .with("client_info", client_info(OID, AWAY))
            .without("id_token"),
        Answer::new("theirs")
            .with("client_info", client_info(other, TENANT))
            .without("id_token"),
    ] {
        let desk = Desk::expired();
        let before = (desk.refresh_tokens(), desk.store.access_tokens().len());
        let error = run(desk.silent(), &desk.script([answer.reply()])).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidResponse("id token"));
        assert_eq!(
            (desk.refresh_tokens(), desk.store.access_tokens().len()),
            before
        );
    }
}

#[test]
fn an_answer_that_tells_less_is_still_the_users() {
    for answer in [
        Answer::new("second")
            .without("client_info")
            .without("id_token"),
        Answer::new("second").without("id_token"),
        Answer::new("second").without("client_info"),
    ] {
        let desk = Desk::expired();
        let result = run(desk.silent(), &desk.script([answer.reply()])).unwrap();
        assert_eq!(result.account(), Some(&desk.account));
        assert_eq!(
            run(desk.silent(), &desk.script([]))
                .unwrap()
                .access_token()
                .expose(),
            "second"
        );
        assert_eq!(desk.accounts().len(), 1);
    }
}

#[test]
fn a_user_refused_once_is_not_asked_about_again_for_a_while_until_they_sign_in() {
    let challenge =
        json!({"error": "invalid_grant", "suberror": "consent_required", "claims": "{}"});
    let desk = Desk::expired();
    let script = desk.script([refusal(&challenge)]);
    for _ in 0..3 {
        let error = run(desk.silent(), &script).unwrap_err();
        assert!(error.needs_interaction());
        assert_eq!(error.claims(), Some("{}"));
    }
    assert_eq!(script.log().len(), 1);
    // Another request is another matter.
    let mail = desk
        .app
        .acquire_token_silent(["Mail.Read"], &desk.account, None);
    let mail_answer = Answer::new("mail")
        .with("scope", "Mail.Read")
        .without("refresh_token");
    run(mail, &desk.script([mail_answer.reply()])).unwrap();
    let forced = silent_options(|options| options.force_refresh = true);
    let flow = desk.app.acquire_token_silent([READ], &desk.account, forced);
    let script = desk.script([refusal(&challenge)]);
    run(flow, &script).unwrap_err();
    assert_eq!(script.log().len(), 1, "who insists is heard");
    desk.clock.advance(Duration::from_secs(119));
    assert!(
        run(desk.silent(), &desk.script([]))
            .unwrap_err()
            .needs_interaction()
    );
    desk.clock.advance(Duration::from_secs(1));
    run(desk.silent(), &desk.script([refusal(&challenge)])).unwrap_err();
    sign_in(&desk.app, &Answer::new("signed-in"), &desk.clock);
    desk.clock.advance(Duration::from_secs(3601));
    run(desk.silent(), &desk.script([Answer::new("late").reply()])).unwrap();
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept_for_the_same_request() {
    let desk = Desk::expired();
    let script = desk.script([reply_after(429, "90", ""), Answer::new("late").reply()]);
    let error = run(desk.silent(), &script).unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (&ErrorKind::Throttled, Some(Duration::from_secs(90)))
    );
    desk.clock.advance(Duration::from_secs(30));
    let error = run(desk.silent(), &script).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert_eq!(script.log().len(), 1);
    desk.clock.advance(Duration::from_secs(60));
    run(desk.silent(), &script).unwrap();
    let refused =
        desk.app
            .acquire_token_by_refresh_token("x".into(), [READ], CallOptions::default());
    let script = desk.script([reply_after(503, "9999999", "")]);
    let error = run(refused, &script).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[test]
fn a_call_ends_by_its_limit() {
    let desk = Desk::expired();
    let options = silent_options(|options| options.call.timeout = Some(Duration::ZERO));
    let flow = desk
        .app
        .acquire_token_silent([READ], &desk.account, options);
    let script = desk.script([Answer::new("second").reply()]);
    assert_eq!(run(flow, &script).unwrap_err().kind(), &ErrorKind::Timeout);
    assert_eq!(script.log(), [""; 0]);
}

#[test]
fn a_sign_out_while_a_refresh_is_in_the_air_stands() {
    let desk = Desk::expired();
    let msal_core::Step::Send(_, flow) = desk.silent().start() else {
        panic!("it should send");
    };
    assert!(
        desk.app
            .remove_account(&desk.account)
            .try_ready()
            .unwrap()
            .unwrap()
    );
    let msal_core::Step::Done(outcome) = flow.resume(Answer::new("second").reply()) else {
        panic!("it should be over");
    };
    assert_eq!(outcome.unwrap().access_token().expose(), "second");
    assert_eq!(desk.accounts().len(), 0);
    assert_eq!(desk.refresh_tokens(), [""; 0]);
    assert!(desk.store.users(CLOUD, UserFilter::All).is_empty());
    let error = run(desk.silent(), &desk.script([])).unwrap_err();
    assert!(error.needs_interaction());
}
