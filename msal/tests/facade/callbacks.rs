//! A program's own callbacks, at their worst.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use msal::credential::{AppToken, AppTokenRequest, AssertionContext};
use msal::{AccessToken, ClientAssertion, ClientCredential, Error, ErrorKind, TokenSource};

use crate::stage::{LONG, OTHER_SCOPE, SCOPE, Stage};

type Assertion = Result<ClientAssertion, Error>;

#[tokio::test]
async fn a_callback_that_blocks_past_the_deadline_ends_the_call_and_not_the_executor() {
    let stage = Stage::new();
    let (credential, release) = stuck();
    let app = stage.asynchronous().credential(credential).build().unwrap();
    let begun = Instant::now();
    let call = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(100));
    // Others go on meanwhile: this runtime has one thread.
    let (outcome, ()) = tokio::join!(call.into_future(), tokio::task::yield_now());
    assert_stopped(&outcome.unwrap_err(), begun);
    drop(release);
}

#[test]
fn a_callback_that_blocks_past_the_deadline_ends_the_blocking_call() {
    let stage = Stage::new();
    let (credential, release) = stuck();
    let app = stage.blocking().credential(credential).build().unwrap();
    let begun = Instant::now();
    let call = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(100));
    assert_stopped(&call.send().unwrap_err(), begun);
    drop(release);
}

#[tokio::test]
async fn an_async_callback_that_never_ends_is_given_up_at_the_deadline() {
    let stage = Stage::new();
    let never = |_: AssertionContext| std::future::pending::<Assertion>();
    let credential = ClientCredential::from_async_assertion_provider(never);
    let app = stage.asynchronous().credential(credential).build().unwrap();
    let begun = Instant::now();
    let call = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(100));
    assert_stopped(&call.await.unwrap_err(), begun);
}

fn assert_stopped(error: &Error, begun: Instant) {
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(error.correlation_id().is_some());
    assert!(error.to_string().contains("took too long"), "{error}");
    assert!(begun.elapsed() < LONG / 3);
}

/// A callback that does not return before the other half is dropped.
fn stuck() -> (ClientCredential, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let credential = ClientCredential::from_assertion_provider(move |_: &AssertionContext| {
        let _ = released.lock().unwrap().recv();
        Assertion::Ok(ClientAssertion::new("late"))
    });
    (credential, release)
}

#[tokio::test]
async fn a_callback_that_panics_fails_its_call_and_no_later_one() {
    let stage = Stage::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let blocking = ClientCredential::from_app_token_provider(move |_: &AppTokenRequest| {
        assert!(seen.fetch_add(1, Ordering::SeqCst) > 0, "the first time");
        token()
    });
    let app = stage
        .asynchronous()
        .credential(blocking.clone())
        .build()
        .unwrap();
    let error = app.acquire_token_for_client([SCOPE]).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::CallbackPanicked(_)),
        "{error}"
    );
    app.acquire_token_for_client([SCOPE]).await.unwrap();

    calls.store(0, Ordering::SeqCst);
    let app = stage.blocking().credential(blocking).build().unwrap();
    let error = app.acquire_token_for_client([SCOPE]).send().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::CallbackPanicked(_)),
        "{error}"
    );
    app.acquire_token_for_client([SCOPE]).send().unwrap();

    let first = Arc::new(AtomicBool::new(true));
    let awaited = ClientCredential::from_async_app_token_provider(move |_: AppTokenRequest| {
        let first = first.swap(false, Ordering::SeqCst);
        async move {
            assert!(!first, "the first time");
            token()
        }
    });
    let app = stage.asynchronous().credential(awaited).build().unwrap();
    let error = app.acquire_token_for_client([SCOPE]).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::CallbackPanicked(_)),
        "{error}"
    );
    app.acquire_token_for_client([SCOPE]).await.unwrap();
}

#[tokio::test]
async fn who_waits_for_a_callback_that_panics_calls_it_again() {
    let stage = Stage::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let credential = ClientCredential::from_app_token_provider(move |_: &AppTokenRequest| {
        assert!(seen.fetch_add(1, Ordering::SeqCst) > 0, "the first time");
        token()
    });
    let app = stage.asynchronous().credential(credential).build().unwrap();
    let call = || app.acquire_token_for_client([SCOPE]).into_future();
    let (one, two, three) = tokio::join!(call(), call(), call());
    let failed = [one, two, three].into_iter().filter(Result::is_err).count();
    assert_eq!(failed, 1);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_callback_may_use_the_application_itself() {
    let stage = Stage::new();
    let inner = stage.blocking().build().unwrap();
    let calls = inner.clone();
    let credential = ClientCredential::from_app_token_provider(move |_: &AppTokenRequest| {
        let result = calls.acquire_token_for_client([OTHER_SCOPE]).send()?;
        Ok::<_, Error>(AppToken::new(
            result.access_token().clone(),
            Duration::from_secs(3600),
        ))
    });
    let app = stage.asynchronous().credential(credential).build().unwrap();
    app.acquire_token_for_client([SCOPE]).await.unwrap();
    let found = inner
        .acquire_token_for_client([OTHER_SCOPE])
        .send()
        .unwrap();
    assert_eq!(found.token_source(), TokenSource::Cache);
}

#[test]
fn the_blocking_builder_refuses_a_callback_that_must_be_awaited() {
    let stage = Stage::new();
    let never = |_: AssertionContext| std::future::pending::<Assertion>();
    let credential = ClientCredential::from_async_assertion_provider(never);
    let error = stage.blocking().credential(credential).build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
}

fn token() -> Result<AppToken, Error> {
    Ok(AppToken::new(
        AccessToken::new("token"),
        Duration::from_secs(3600),
    ))
}
