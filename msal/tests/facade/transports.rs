//! Transports of a program's own, at their worst.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use msal::{
    AsyncTransport, ErrorKind, Request, ReqwestTransport, Response, Transport, TransportError,
};
use msal_testing::LocalIdentityProvider;

use crate::stage::{LONG, SCOPE, TestClock, asynchronous, blocking, poll_once};

/// reqwest, by way of the provider.
pub(crate) fn proxied(provider: &LocalIdentityProvider) -> ReqwestTransport {
    let transport = ReqwestTransport::builder()
        .proxy(provider.proxy_url())
        .add_root_certificates_pem(provider.ca_pem());
    transport.build().unwrap()
}

/// Answers with a token.
pub(crate) struct InMemory;

impl Transport for InMemory {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        let body = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"token"}"#;
        Ok(Response::new(body.into()))
    }
}

#[async_trait]
impl AsyncTransport for InMemory {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Transport::send(self, request)
    }
}

struct Never;

#[async_trait]
impl AsyncTransport for Never {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_transport_that_never_answers_is_given_up_at_the_deadline() {
    let app = asynchronous(&TestClock::new())
        .transport(Never)
        .build()
        .unwrap();
    let begun = Instant::now();
    let call = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(100));
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(error.correlation_id().is_some() && error.is_retryable());
    assert!(begun.elapsed() < LONG / 3);
}

/// Panics the first time.
#[derive(Default)]
struct Panics(AtomicUsize);

impl Transport for Panics {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "the first time");
        Transport::send(&InMemory, request)
    }
}

#[async_trait]
impl AsyncTransport for Panics {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Transport::send(self, request)
    }
}

#[tokio::test]
async fn a_transport_that_panics_fails_its_task_and_no_other() {
    let app = asynchronous(&TestClock::new())
        .transport(Panics::default())
        .build()
        .unwrap();
    let call = || tokio::spawn(app.acquire_token_for_client([SCOPE]).into_future());
    let (one, two) = tokio::join!(call(), call());
    assert!(one.is_err_and(|error| error.is_panic()));
    two.unwrap().unwrap();
    call().await.unwrap().unwrap();
}

#[test]
fn a_blocking_transport_that_panics_fails_its_call_and_no_other() {
    let app = blocking(&TestClock::new())
        .transport(Panics::default())
        .build()
        .unwrap();
    let call = || app.acquire_token_for_client([SCOPE]).send();
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    call().unwrap();
}

/// Says that it answers with a token, after so many polls.
struct Slowly(usize);

#[async_trait]
impl AsyncTransport for Slowly {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        for _ in 0..self.0 {
            tokio::task::yield_now().await;
        }
        Transport::send(&InMemory, request)
    }
}

#[tokio::test]
async fn a_call_dropped_at_each_poll_of_its_transport_can_be_made_again() {
    for polls in 0..6 {
        let app = asynchronous(&TestClock::new())
            .transport(Slowly(5))
            .build()
            .unwrap();
        let mut call = app.acquire_token_for_client([SCOPE]).into_future();
        for _ in 0..polls {
            assert!(poll_once(&mut call).is_pending());
        }
        let mut follower = app.acquire_token_for_client([SCOPE]).into_future();
        assert!(poll_once(&mut follower).is_pending());
        drop(call);
        follower.await.unwrap();
        app.acquire_token_for_client([SCOPE]).await.unwrap();
    }
}
