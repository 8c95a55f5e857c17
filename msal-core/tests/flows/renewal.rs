//! Tokens that are due for renewal, about to expire, or out of time with the clock.

use std::time::Duration;

use msal_core::{ErrorKind, Freshness, run};

use crate::script::*;

#[test]
fn a_stale_token_is_handed_out_and_renewed_beside_once() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [renewable("old"), renewable("new")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(31));

    for _ in 0..3 {
        let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        assert_eq!(result.access_token().expose(), "old");
    }
    assert_eq!(script.log()[1..], ["background"]);
    let [renewal] = script.take_background().try_into().unwrap();
    run(renewal, &script).unwrap();
    let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(result.access_token().expose(), "new");
    assert_eq!(script.log().len(), 3);
}

#[test]
fn a_renewal_that_failed_is_left_alone_for_a_while() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [renewable("old"), refused(), refused(), renewable("new")],
    );
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(31));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    let [renewal] = script.take_background().try_into().unwrap();
    run(renewal, &script).unwrap_err();
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert!(script.take_background().is_empty());
    clock.advance(minutes(1));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(script.take_background().len(), 1);
}

#[test]
fn where_nothing_runs_beside_the_call_renews_and_falls_back() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let replies = [renewable("old"), refused(), refused(), renewable("new")];
    let script = Script::new(&clock, replies).without_background();
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(31));
    let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(result.access_token().expose(), "old");
    assert_eq!(
        result.refresh_error().unwrap().kind(),
        &ErrorKind::Transport
    );
    let wait = options(|options| options.call.wait_for_refresh = true);
    let result = run(app.acquire_token_for_client([SCOPE], wait), &script).unwrap();
    assert_eq!(result.access_token().expose(), "new");
}

#[test]
fn who_waits_for_a_renewal_gets_the_token_there_is_whatever_came_of_it() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [renewable("old"), oauth_error(401, "invalid_client")],
    );
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(31));
    let wait = options(|options| options.call.wait_for_refresh = true);
    let result = run(app.acquire_token_for_client([SCOPE], wait), &script).unwrap();
    assert_eq!(result.access_token().expose(), "old");
    assert_eq!(
        result.refresh_error().unwrap().code(),
        Some("invalid_client")
    );
}

#[test]
fn what_the_cache_says_is_explained_without_asking() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [renewable("one")]);
    let explain = |options| app.explain_token_for_client([SCOPE], options).unwrap();
    assert!(!explain(None).is_hit());
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    for (minutes_later, freshness, is_hit) in [
        (0, Freshness::Fresh, true),
        (31, Freshness::Stale, true),
        (26, Freshness::Expiring, false),
        (60, Freshness::Missing, false),
    ] {
        clock.advance(minutes(minutes_later));
        let explanation = explain(None);
        assert_eq!(
            (explanation.freshness(), explanation.is_hit()),
            (freshness, is_hit)
        );
        let word = if is_hit { "hit: " } else { "miss: " };
        assert!(explanation.to_string().starts_with(word), "{explanation}");
    }
    let forced = explain(options(|options| options.force_refresh = true));
    assert!(forced.goes_past_cache() && !forced.is_hit());
    let malformed = options(|options| options.call.claims = Some("[]".to_owned()));
    assert!(app.explain_token_for_client([SCOPE], malformed).is_err());
    assert_eq!(script.log().len(), 1);
}

#[test]
fn a_token_about_to_expire_is_renewed_first_but_outranks_a_passing_error() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(
        &clock,
        [
            token("old"),
            reply(503, ""),
            reply(503, ""),
            oauth_error(400, "invalid_scope"),
        ],
    );
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(56));
    let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(result.access_token().expose(), "old");
    assert!(result.refresh_error().unwrap().is_retryable());
    clock.advance(Duration::from_secs(6));
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(
        error.code(),
        Some("invalid_scope"),
        "an error that will not pass is told"
    );
}

#[test]
fn an_expired_token_is_never_handed_out() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("old")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(60));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
}

#[test]
fn a_token_from_the_future_is_not_trusted_after_the_clock_went_back() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, [token("old"), token("new")]);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.set_wall(START - 600);
    let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(result.access_token().expose(), "new");
}

#[test]
fn a_clock_ten_years_off_makes_no_panic_and_no_eternal_token() {
    for wall in [0, START - 315_360_000, START + 315_360_000, u64::MAX] {
        let clock = ManualClock::new();
        let app = app(&clock);
        let script = Script::new(&clock, [token("old"), token("new"), token("newer")]);
        run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        clock.set_wall(wall);
        let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
        assert_eq!(result.access_token().expose(), "new", "{wall}");
    }
}
