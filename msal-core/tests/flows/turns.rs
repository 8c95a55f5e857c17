//! Flows that want one refresh token at the same time, which goes out once at a time.

use std::time::Duration;

use msal_core::{Ask, AuthenticationResult, PublicClientApplication, Step, run};

use crate::refresh_tokens::*;
use crate::users::*;

type TokenStep = Step<AuthenticationResult>;

/// The token that a step sends, and the flow that waits for the answer.
macro_rules! sends {
    ($step:expr) => {
        match $step {
            Step::Send(request, flow) => {
                let form = url::form_urlencoded::parse(request.body());
                let mut token = form.filter(|(name, _)| name == "refresh_token");
                (token.next().unwrap().1.into_owned(), flow)
            }
            other => panic!("it should send, not {other:?}"),
        }
    };
}

macro_rules! waits {
    ($step:expr) => {
        match $step {
            Step::Ask(Ask::Join(landing, _, flow)) => (landing, flow),
            other => panic!("it should wait for its turn, not {other:?}"),
        }
    };
}

fn done(step: TokenStep) -> AuthenticationResult {
    match step {
        Step::Done(outcome) => outcome.unwrap(),
        other => panic!("it should be over, not {other:?}"),
    }
}

fn for_scope(app: &PublicClientApplication, scope: &str, desk: &Desk) -> TokenStep {
    app.acquire_token_silent([scope], &desk.account, None)
        .start()
}

#[test]
fn two_that_want_different_scopes_take_turns_at_one_refresh_token() {
    let desk = Desk::expired();
    let (token, first) = sends!(for_scope(&desk.app, "User.Read", &desk));
    assert_eq!(token, "rt-first");
    let (landing, second) = waits!(for_scope(&desk.app, "Mail.Read", &desk));
    done(first.resume(Answer::new("second").reply()));
    let (token, second) = sends!(second.resume(landing.block(Duration::ZERO)));
    assert_eq!(
        token, "rt-second",
        "the one that was rotated away is not sent again"
    );
    done(second.resume(Answer::new("third").with("scope", "Mail.Read").reply()));
    assert_eq!(desk.refresh_tokens(), ["rt-third of client -"]);
}

#[test]
fn turns_at_a_familys_token_are_taken_across_its_members() {
    let (desk, app) = sibling("new");
    let (token, first) = sends!(for_scope(&app, "User.Read", &desk));
    assert_eq!(token, "family");
    let (landing, second) = waits!(for_scope(&app, "Mail.Read", &desk));
    done(first.resume(for_new("joined").with("foci", "1").reply()));
    let (token, _) = sends!(second.resume(landing.block(Duration::ZERO)));
    assert_eq!(token, "rt-joined");
}

#[test]
fn who_joins_the_family_meanwhile_leaves_no_old_token_to_be_sent() {
    let desk = Desk::expired();
    let (_, first) = sends!(for_scope(&desk.app, "User.Read", &desk));
    let (landing, second) = waits!(for_scope(&desk.app, "Mail.Read", &desk));
    done(first.resume(Answer::new("second").with("foci", "1").reply()));
    let (token, _) = sends!(second.resume(landing.block(Duration::ZERO)));
    assert_eq!(token, "rt-second");
}

#[test]
fn a_leader_that_is_dropped_hands_over_its_turn() {
    let desk = Desk::expired();
    let (_, first) = sends!(for_scope(&desk.app, "User.Read", &desk));
    let (landing, second) = waits!(for_scope(&desk.app, "Mail.Read", &desk));
    let (third_landing, third) = waits!(for_scope(&desk.app, "Files.Read", &desk));
    drop(first);
    let (token, second) = sends!(second.resume(landing.block(Duration::ZERO)));
    assert_eq!(token, "rt-first");
    drop(second);
    let (_, third) = sends!(third.resume(third_landing.block(Duration::ZERO)));
    done(third.resume(Answer::new("third").with("scope", "Files.Read").reply()));
    assert_eq!(desk.refresh_tokens(), ["rt-third of client -"]);
}

#[test]
fn a_sign_out_while_one_waits_for_its_turn_stands() {
    let desk = Desk::expired();
    let (_, first) = sends!(for_scope(&desk.app, "User.Read", &desk));
    let (landing, second) = waits!(for_scope(&desk.app, "Mail.Read", &desk));
    desk.app
        .remove_account(&desk.account)
        .try_ready()
        .unwrap()
        .unwrap();
    done(first.resume(Answer::new("second").reply()));
    let Step::Done(outcome) = second.resume(landing.block(Duration::ZERO)) else {
        panic!("the token of a user who signed out is not sent");
    };
    assert!(outcome.unwrap_err().needs_interaction());
    assert_eq!(desk.refresh_tokens(), [""; 0]);
}

#[test]
fn threads_that_want_different_scopes_never_send_a_token_twice() {
    let desk = Desk::expired();
    let answer = |at: usize| Answer::new(&format!("at{at}")).reply();
    let script = desk.script((0..16).map(answer));
    std::thread::scope(|threads| {
        for at in 0..16 {
            let (desk, script) = (&desk, &script);
            threads.spawn(move || {
                let scope = format!("s{at}");
                let flow = desk.app.acquire_token_silent([scope], &desk.account, None);
                run(flow, script).unwrap();
            });
        }
    });
    let mut tokens = tried(&script);
    assert_eq!(tokens.len(), 16);
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 16);
}

#[test]
fn other_users_and_other_clients_do_not_wait() {
    let desk = Desk::expired();
    let (_, _first) = sends!(for_scope(&desk.app, "User.Read", &desk));
    let other = "e5e5e5e5-0000-4000-8000-000000000005";
    let mut claims = claims();
    claims["oid"] = other.into();
    let answer = Answer::about("theirs", &claims).with("client_info", client_info(other, TENANT));
    let account = sign_in(&desk.app, &answer, &desk.clock);
    let step = desk
        .app
        .acquire_token_silent(["Mail.Read"], &account, None)
        .start();
    assert_eq!(sends!(step).0, "rt-theirs");
}
