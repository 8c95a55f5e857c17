//! Giving up, from another thread.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use msal::ResponseMode;
use msal::interactive::{CancelHandle, Expectation, ListenError, LoopbackListener, Pages};

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

/// Sees that a port is free but for a moment, which a thread takes to close it, or a child to be started.
fn until_free(port: u16) {
    let start = Instant::now();
    while let Err(error) = LoopbackListener::bind(port) {
        assert!(start.elapsed() < Duration::from_secs(1), "{error}");
        thread::yield_now();
    }
}
