//! Tokens that still work, and should be renewed.

use std::thread;
use std::time::{Duration, Instant};

use msal::{AuthenticationResult, ErrorKind, TokenSource};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider};

use crate::stage::{LONG, SCOPE, Stage};

/// Tokens live 4,000 seconds and are to be renewed after 1,000.
fn stage() -> Stage {
    let provider = LocalIdentityProvider::builder()
        .lifetime(4_000)
        .refresh_in(1_000);
    Stage::with(provider.start().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stale_token_is_handed_out_at_once_and_renewed_once_beside_the_call() {
    let stage = stage();
    let app = stage.asynchronous().build().unwrap();
    let old = app.acquire_token_for_client([SCOPE]).await.unwrap();
    stage.clock.advance(1_500);
    let hold = stage.provider.hold(Endpoint::Token);
    for _ in 0..50 {
        let found = app.acquire_token_for_client([SCOPE]).await.unwrap();
        assert_found(&found, &old);
    }
    stage.arrived(2).await;
    let found = app.acquire_token_for_client([SCOPE]).await.unwrap();
    assert_found(&found, &old);
    hold.release();
    let begun = Instant::now();
    loop {
        let found = app.acquire_token_for_client([SCOPE]).await.unwrap();
        assert_eq!(found.token_source(), TokenSource::Cache);
        if found.access_token() != old.access_token() {
            break;
        }
        assert!(begun.elapsed() < LONG, "no new token");
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.token_requests(), 2);
}

#[test]
fn a_stale_token_is_handed_out_at_once_and_renewed_once_on_a_thread_of_its_own() {
    let stage = stage();
    let app = stage.blocking().build().unwrap();
    let old = app.acquire_token_for_client([SCOPE]).send().unwrap();
    stage.clock.advance(1_500);
    let hold = stage.provider.hold(Endpoint::Token);
    for _ in 0..50 {
        assert_found(&app.acquire_token_for_client([SCOPE]).send().unwrap(), &old);
    }
    stage.provider.wait_for(Endpoint::Token, 2, LONG).unwrap();
    assert_found(&app.acquire_token_for_client([SCOPE]).send().unwrap(), &old);
    hold.release();
    let begun = Instant::now();
    loop {
        let found = app.acquire_token_for_client([SCOPE]).send().unwrap();
        if found.access_token() != old.access_token() {
            break;
        }
        assert!(begun.elapsed() < LONG, "no new token");
        thread::yield_now();
    }
    assert_eq!(stage.token_requests(), 2);
}

fn assert_found(found: &AuthenticationResult, token: &AuthenticationResult) {
    assert_eq!(found.token_source(), TokenSource::Cache);
    assert_eq!(found.access_token(), token.access_token());
    assert!(found.refresh_error().is_none());
}

#[tokio::test]
async fn who_waits_for_the_refresh_gets_the_new_token() {
    let stage = stage();
    let app = stage.asynchronous().build().unwrap();
    let old = app.acquire_token_for_client([SCOPE]).await.unwrap();
    stage.clock.advance(1_500);
    let new = app
        .acquire_token_for_client([SCOPE])
        .wait_for_refresh()
        .await
        .unwrap();
    assert_eq!(new.token_source(), TokenSource::IdentityProvider);
    assert_ne!(new.access_token(), old.access_token());

    let app = stage.blocking().build().unwrap();
    app.acquire_token_for_client([SCOPE]).send().unwrap();
    stage.clock.advance(1_500);
    let new = app
        .acquire_token_for_client([SCOPE])
        .wait_for_refresh()
        .send()
        .unwrap();
    assert_eq!(new.token_source(), TokenSource::IdentityProvider);
}

#[tokio::test]
async fn who_waits_for_a_refresh_that_fails_gets_the_old_token_and_the_reason() {
    for (fault, kind) in [
        (Fault::status(503), ErrorKind::Server),
        (
            Fault::json(401, r#"{"error":"invalid_client"}"#),
            ErrorKind::Server,
        ),
        (Fault::close(), ErrorKind::Transport),
        (
            Fault::status(429).header("retry-after", "9"),
            ErrorKind::Throttled,
        ),
        (
            Fault::json(200, "{}"),
            ErrorKind::InvalidResponse("token response"),
        ),
    ] {
        let stage = stage();
        let app = stage.asynchronous().build().unwrap();
        let old = app.acquire_token_for_client([SCOPE]).await.unwrap();
        stage.clock.advance(1_500);
        stage.provider.script(fault.on(Endpoint::Token).forever());
        let call = app.acquire_token_for_client([SCOPE]).wait_for_refresh();
        let found = call.await.unwrap();
        assert_eq!(found.access_token(), old.access_token());
        assert_eq!(found.token_source(), TokenSource::Cache);
        assert_eq!(found.refresh_error().unwrap().kind(), &kind);
    }
}

#[tokio::test]
async fn a_token_about_to_expire_outranks_a_passing_error_and_no_other() {
    for (fault, passing) in [
        (Fault::status(503), true),
        (Fault::hang(), true),
        (Fault::status(429), true),
        (Fault::json(401, r#"{"error":"invalid_client"}"#), false),
        (Fault::redirect(307, "https://elsewhere.example/"), false),
    ] {
        let stage = stage();
        let app = stage.asynchronous().build().unwrap();
        app.acquire_token_for_client([SCOPE]).await.unwrap();
        stage.clock.advance(3_800);
        stage.provider.script(fault.on(Endpoint::Token).forever());
        let call = app
            .acquire_token_for_client([SCOPE])
            .timeout(Duration::from_millis(300));
        let outcome = call.await;
        assert_eq!(outcome.is_ok(), passing, "{outcome:?}");
        if let Ok(found) = outcome {
            assert!(found.refresh_error().is_some());
        }
        // Over is over.
        stage.clock.advance(300);
        stage.provider.clear_faults();
        stage
            .provider
            .script(Fault::status(503).on(Endpoint::Token).forever());
        app.acquire_token_for_client([SCOPE]).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_refresh_that_failed_is_left_alone_for_a_while_and_then_made() {
    let stage = stage();
    let app = stage.asynchronous().build().unwrap();
    let old = app.acquire_token_for_client([SCOPE]).await.unwrap();
    stage.clock.advance(1_500);
    stage
        .provider
        .script(Fault::json(401, r#"{"error":"invalid_client"}"#).on(Endpoint::Token));
    for _ in 0..20 {
        assert_found(&app.acquire_token_for_client([SCOPE]).await.unwrap(), &old);
        tokio::task::yield_now().await;
    }
    stage.arrived(2).await;
    stage.clock.advance_uptime(120);
    let begun = Instant::now();
    while app
        .acquire_token_for_client([SCOPE])
        .await
        .unwrap()
        .access_token()
        == old.access_token()
    {
        assert!(begun.elapsed() < LONG, "no new token");
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.token_requests(), 3);
}
