//! Giving up, from another thread and by dropping a future.

use std::net::TcpStream;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use msal::interactive::{
    CancelHandle, Expectation, ListenError, LoopbackListener, Pages, ResponseMode,
};

use super::client::{connect, post, receive, send};
use super::sign_in::{SignIn, TRUE, expectation};

#[test]
fn cancelling_ends_the_wait_at_once_and_closes_everything() {
    let sign_in = SignIn::start(ResponseMode::FormPost);
    let port = sign_in.port;
    let mut idle: Vec<_> = (0..20).map(|_| connect(port)).collect();
    let start = Instant::now();
    sign_in.cancel.cancel();
    assert!(matches!(sign_in.end(), Err(ListenError::Cancelled)));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    for stream in &mut idle {
        assert!(receive(stream, true).is_none());
    }
    // Nothing of it is left to hold the port.
    until_free(port);
}

#[test]
fn a_wait_that_was_cancelled_before_does_not_begin() {
    let cancel = CancelHandle::new();
    cancel.cancel();
    let listener = LoopbackListener::bind(0).unwrap();
    let port = listener.port();
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = listener.wait(
        expectation(ResponseMode::FormPost),
        &Pages::new(),
        deadline,
        &cancel,
    );
    assert!(matches!(ended, Err(ListenError::Cancelled)), "{ended:?}");
    until_free(port);
}

#[test]
fn a_check_that_panics_ends_the_wait() {
    let listener = LoopbackListener::bind(0).unwrap();
    let port = listener.port();
    let deadline = Instant::now() + Duration::from_secs(60);
    let check = Expectation::new(ResponseMode::FormPost, |_| {
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    let browser = thread::spawn(move || send(port, &post(port, "/", TRUE)));
    let ended = listener.wait(check, &Pages::new(), deadline, &CancelHandle::new());
    assert!(matches!(ended, Err(ListenError::Panicked)), "{ended:?}");
    browser.join().unwrap();
}

#[tokio::test]
async fn waiting_without_blocking_gives_the_response() {
    let listener = LoopbackListener::bind(0).unwrap();
    let port = listener.port();
    let browser = thread::spawn(move || send(port, &post(port, "/", TRUE)).unwrap());
    let response = wait(listener, &CancelHandle::new()).await.unwrap();
    assert_eq!(response.expose(), TRUE);
    assert!(!format!("{response:?}").contains("AXEA"));
    assert!(browser.join().unwrap().body.contains("signed in"));
}

#[tokio::test]
async fn waiting_without_blocking_is_cancelled_by_the_handle() {
    let listener = LoopbackListener::bind(0).unwrap();
    let cancel = CancelHandle::new();
    let waiting = tokio::spawn(wait(listener, &cancel));
    tokio::task::yield_now().await;
    cancel.cancel();
    assert!(matches!(
        waiting.await.unwrap(),
        Err(ListenError::Cancelled)
    ));
}

#[test]
fn dropping_the_future_closes_everything_and_cancels_nothing_else() {
    let listener = LoopbackListener::bind(0).unwrap();
    let port = listener.port();
    let cancel = CancelHandle::new();
    let mut waiting = Box::pin(wait(listener, &cancel));
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Pending));
    let mut idle = connect(port);
    drop(waiting);
    assert!(receive(&mut idle, true).is_none());
    assert!(!cancel.is_cancelled());
    until_free(port);
}

#[test]
fn a_future_that_was_never_polled_holds_no_port() {
    let listener = LoopbackListener::bind(0).unwrap();
    let port = listener.port();
    drop(wait(listener, &CancelHandle::new()));
    until_free(port);
}

fn wait(
    listener: LoopbackListener,
    cancel: &CancelHandle,
) -> impl Future<Output = Result<msal::interactive::ResponseText, ListenError>> + Send + use<> {
    let deadline = Instant::now() + Duration::from_secs(60);
    listener.wait_async(
        expectation(ResponseMode::FormPost),
        Pages::new(),
        deadline,
        cancel.clone(),
    )
}

/// Sees that a port is free but for a moment, which a thread takes to close it, or a child to be started.
fn until_free(port: u16) {
    let start = Instant::now();
    while let Err(error) = LoopbackListener::bind(port) {
        assert!(start.elapsed() < Duration::from_secs(1), "{error}");
        thread::yield_now();
    }
}
