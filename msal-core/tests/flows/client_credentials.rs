use std::time::Duration;

use msal_core::{ErrorKind, Step, TokenSource, TransportError, run, run_async};

use crate::script::*;

#[test]
fn the_first_call_asks_and_the_second_finds() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("one")]);

    let first = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    let second = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();

    assert_eq!(script.log(), [format!("POST {TOKEN_URL}")]);
    assert_eq!(first.token_source(), TokenSource::IdentityProvider);
    assert_eq!(second.token_source(), TokenSource::Cache);
    assert_eq!(second.access_token().expose(), "one");
    assert_ne!(first.correlation_id(), second.correlation_id());
    assert_eq!(second.correlation_id(), second.clone().correlation_id());
}

#[test]
fn a_hit_is_over_before_it_starts() {
    let clock = ManualClock::new();
    let app = app(&clock);
    run(
        app.acquire_token_for_client([SCOPE], None),
        &Script::new(&clock, [token("one")]),
    )
    .unwrap();
    let flow = app.acquire_token_for_client([SCOPE.to_uppercase()], None);
    assert!(flow.try_ready().unwrap().is_ok());

    let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
    let options = options(|options| options.call.correlation_id = Some(id));
    let flow = app.acquire_token_for_client([SCOPE], options);
    assert_eq!(flow.try_ready().unwrap().unwrap().correlation_id(), id);
}

#[test]
fn the_request_says_what_rfc_6749_wants_and_nothing_more() {
    let clock = ManualClock::new();
    let script = Script::new(&clock, [token("one")]);
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let options = options(|options| options.call.correlation_id = Some(id.parse().unwrap()));

    let result = run(
        app(&clock).acquire_token_for_client([SCOPE], options),
        &script,
    )
    .unwrap();

    let pairs = [
        ("client_id", "client"),
        ("grant_type", "client_credentials"),
        ("scope", SCOPE),
        ("client_secret", "hush"),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    assert_eq!(script.forms(), [pairs.map(own)]);
    assert_eq!(script.request(0).headers()["client-request-id"], id);
    assert_eq!(result.correlation_id().to_string(), id);
}

#[test]
fn both_drivers_play_the_same_transcript() {
    let replies = || [reply(503, ""), token("late")];
    let blocking = {
        let clock = ManualClock::new();
        let script = Script::new(&clock, replies());
        run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap();
        script.log()
    };
    let clock = ManualClock::new();
    let script = Script::new(&clock, replies());
    let flow = app(&clock).acquire_token_for_client([SCOPE], None);
    block_on(run_async(flow, &script)).unwrap();
    let post = format!("POST {TOKEN_URL}");
    assert_eq!(script.log(), [&post, "wait", &post]);
    assert_eq!(blocking, script.log());
}

#[test]
fn a_challenge_goes_past_the_cache_and_its_answer_replaces_what_was_there() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("old"), token("new")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    let challenge = r#"{"access_token":{"nbf":{"value":"1"}}}"#;
    let options = options(|options| options.call.claims = Some(challenge.to_owned()));
    let answer = run(app.acquire_token_for_client([SCOPE], options), &script).unwrap();
    assert_eq!(answer.access_token().expose(), "new");
    assert!(script.forms()[1].contains(&("claims".to_owned(), challenge.to_owned())));

    let after = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(after.access_token().expose(), "new");
    assert_eq!(script.log().len(), 2);
}

#[test]
fn tokens_under_client_claims_or_a_path_are_kept_apart() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [
            token("plain"),
            token("path"),
            token("claims"),
            token("extra"),
        ],
    );
    let path = || options(|options| options.fmi_path = Some("a/b".to_owned()));
    let claims = || options(|options| options.call.client_claims = Some("{}".to_owned()));
    let extra = || {
        options(|options| {
            options
                .call
                .parameters
                .push(("dc".to_owned(), "x".to_owned()))
        })
    };
    for expected in [
        "plain", "path", "claims", "extra", "plain", "path", "claims", "extra",
    ] {
        let options = match expected {
            "path" => path(),
            "claims" => claims(),
            "extra" => extra(),
            _ => None,
        };
        let result = run(app.acquire_token_for_client([SCOPE], options), &script).unwrap();
        assert_eq!(result.access_token().expose(), expected);
    }
    assert_eq!(script.log().len(), 4);
    assert!(script.forms()[1].contains(&("fmi_path".to_owned(), "a/b".to_owned())));
    assert!(script.forms()[3].contains(&("dc".to_owned(), "x".to_owned())));
}

#[test]
fn another_tenant_is_asked_and_cached_apart() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("home"), token("away")]);
    let away = || options(|options| options.call.tenant = Some("Fabrikam.com".to_owned()));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    run(app.acquire_token_for_client([SCOPE], away()), &script).unwrap();
    let again = run(app.acquire_token_for_client([SCOPE], away()), &script).unwrap();
    assert_eq!(again.access_token().expose(), "away");
    assert_eq!(
        script.log()[1],
        "POST https://login.microsoftonline.com/fabrikam.com/oauth2/v2.0/token"
    );
    assert_eq!(script.log().len(), 2);
}

#[test]
fn malformed_input_is_refused_before_anything_is_sent() {
    let clock = ManualClock::new();
    let script = Script::new(&clock, []);
    let app = app(&clock);
    let kind = |flow| run(flow, &script).map(drop).unwrap_err().kind().clone();
    let invalid = ErrorKind::InvalidArgument;
    assert_eq!(
        kind(app.acquire_token_for_client(["a b"], None)),
        invalid("scope")
    );
    assert_eq!(
        kind(app.acquire_token_for_client([""; 0], None)),
        invalid("scope")
    );
    let tenant = |name: &str| options(|options| options.call.tenant = Some(name.to_owned()));
    assert_eq!(
        kind(app.acquire_token_for_client([SCOPE], tenant("a/b"))),
        invalid("tenant")
    );
    assert_eq!(
        kind(app.acquire_token_for_client([SCOPE], tenant("common"))),
        invalid("tenant")
    );
    // The first two would change who asks or what the token is kept under, the third would be kept under one of two.
    for names in [&["client_id"][..], &["client_claims"], &["a", "a"]] {
        let parameters = names
            .iter()
            .map(|name| ((*name).to_owned(), "x".to_owned()));
        let bad = options(|options| options.call.parameters = parameters.collect());
        assert_eq!(
            kind(app.acquire_token_for_client([SCOPE], bad)),
            invalid("extra parameter"),
            "{names:?}"
        );
    }
    let claims = options(|options| options.call.claims = Some("[]".to_owned()));
    assert_eq!(
        kind(app.acquire_token_for_client([SCOPE], claims)),
        invalid("claims")
    );
    let bound = options(|options| {
        options
            .call
            .parameters
            .push(("token_type".to_owned(), "mtls_pop".to_owned()));
    });
    let unsupported = ErrorKind::Unsupported("proof of possession by mTLS");
    assert_eq!(
        kind(app.acquire_token_for_client([SCOPE], bound)),
        unsupported
    );
    let everybody = built(
        builder().authority("https://login.microsoftonline.com/common"),
        &clock,
    );
    assert_eq!(
        kind(everybody.acquire_token_for_client([SCOPE], None)),
        invalid("authority")
    );
    assert!(script.log().is_empty());
}

#[test]
fn a_refusal_is_told_whole_and_stands_for_a_minute() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [oauth_error(401, "invalid_client"), token("mended")],
    );
    for _ in 0..2 {
        let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Server);
        assert_eq!(error.code(), Some("invalid_client"));
        assert_eq!(error.aadsts_codes(), [7_000_215]);
        assert!(error.correlation_id().is_some() && !error.needs_interaction());
    }
    assert_eq!(script.log().len(), 1);
    clock.advance(minutes(1));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
}

#[test]
fn who_insists_goes_past_a_standing_refusal() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [oauth_error(401, "invalid_client"), token("mended")],
    );
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    let insist = options(|options| options.force_refresh = true);
    run(app.acquire_token_for_client([SCOPE], insist), &script).unwrap();
}

#[test]
fn a_pause_that_is_asked_for_is_kept_without_waiting() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [reply_after(429, "7", "busy"), token("late")]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    clock.advance(Duration::from_secs(3));
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(4)));
    assert_eq!(script.log().len(), 1);
    clock.advance(Duration::from_secs(4));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
}

#[test]
fn retry_after_is_a_number_or_a_date_and_never_more_than_an_hour() {
    let cases = [
        ("0", 0),
        ("3601", 3600),
        ("99999999999", 3600),
        ("Sun, 15 Jun 2025 15:07:40 GMT", 60),
        ("Sat, 15 Jun 2024 15:07:40 GMT", 0),
    ];
    for (header, seconds) in cases {
        let clock = ManualClock::new();
        let script = Script::new(&clock, [reply_after(503, header, "")]);
        let error = run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(seconds)),
            "{header}"
        );
    }
    for nonsense in ["-1", "soon", "1.5", ""] {
        let clock = ManualClock::new();
        let script = Script::new(&clock, [reply_after(503, nonsense, "")]);
        let error = run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(error.retry_after(), None, "{nonsense}");
    }
}

#[test]
fn a_failed_connection_is_tried_once_more_and_then_told() {
    let clock = ManualClock::new();
    let script = Script::new(&clock, [refused(), refused(), token("never")]);
    let error = run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Transport);
    assert!(error.is_retryable());
    assert_eq!(script.log().len(), 3, "send, wait, send");
}

#[test]
fn a_redirect_is_an_error() {
    for status in [301, 302, 303, 307, 308] {
        let clock = ManualClock::new();
        let script = Script::new(&clock, [reply(status, ""), token("never")]);
        let error = run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Redirected);
        assert_eq!(script.log().len(), 1);
    }
}

#[test]
fn an_answer_that_is_larger_than_asked_for_is_refused() {
    let clock = ManualClock::new();
    let script = Script::new(&clock, [reply(200, &" ".repeat(1024 * 1024 + 1))]);
    let error = run(app(&clock).acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidResponse("response body"));
}

#[test]
fn a_token_of_no_life_is_handed_out_but_not_kept() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let brief = || {
        reply(
            200,
            r#"{"token_type":"Bearer","expires_in":-1,"access_token":"brief"}"#,
        )
    };
    let script = Script::new(&clock, [brief(), brief()]);
    for _ in 0..2 {
        let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        assert_eq!(result.token_source(), TokenSource::IdentityProvider);
    }
}

#[test]
fn a_call_is_over_when_its_time_is() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let slow = options(|options| options.call.timeout = Some(Duration::from_secs(5)));
    let Step::Send(_, flow) = app.acquire_token_for_client([SCOPE], slow).start() else {
        panic!("it should ask");
    };
    clock.advance(Duration::from_secs(5));
    let Step::Done(Err(error)) = flow.resume(Err(TransportError::timeout())) else {
        panic!("it should be over");
    };
    assert_eq!(error.kind(), &ErrorKind::Timeout);
}
