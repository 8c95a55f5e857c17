//! Where calls are made: inside tokio, outside, and on an executor of the program's own.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use msal::credential::{AppToken, AppTokenRequest};
use msal::{AccessToken, BoxFuture, ClientCredential, Error, ErrorKind, Runtime, TokenSource};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider};

use crate::stage::{LONG, SCOPE, Stage, TestClock, asynchronous, poll_once};
use crate::transports::{InMemory, proxied};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn an_application_is_built_outside_a_runtime_and_used_in_several() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    for _ in 0..3 {
        let call = app.acquire_token_for_client([SCOPE]).force_refresh();
        runtime().block_on(call.into_future()).unwrap();
    }
    assert_eq!(stage.token_requests(), 3);
}

#[test]
fn a_hit_needs_no_runtime() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    runtime()
        .block_on(app.acquire_token_for_client([SCOPE]).into_future())
        .unwrap();
    let mut hit = app.acquire_token_for_client([SCOPE]).into_future();
    let Poll::Ready(Ok(found)) = poll_once(&mut hit) else {
        panic!("not at once");
    };
    assert_eq!(found.token_source(), TokenSource::Cache);
    // Whoever polls again has made a mistake, which is not worth a panic.
    let Poll::Ready(Err(error)) = poll_once(&mut hit) else {
        panic!("an end after the end");
    };
    assert!(matches!(error.kind(), ErrorKind::Internal(_)));
}

#[test]
fn a_miss_outside_tokio_is_an_error_that_says_so_and_no_panic() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let mut miss = app.acquire_token_for_client([SCOPE]).into_future();
    let Poll::Ready(Err(error)) = poll_once(&mut miss) else {
        panic!("not at once");
    };
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("a call outside tokio")
    );
    assert!(error.correlation_id().is_some());
    assert_eq!(stage.token_requests(), 0);
    runtime()
        .block_on(app.acquire_token_for_client([SCOPE]).into_future())
        .unwrap();
}

#[test]
fn a_stale_token_outside_tokio_is_an_error_too_since_nothing_can_renew_it() {
    let provider = LocalIdentityProvider::builder()
        .lifetime(4_000)
        .refresh_in(1_000);
    let stage = Stage::with(provider.start().unwrap());
    let app = stage.asynchronous().build().unwrap();
    runtime()
        .block_on(app.acquire_token_for_client([SCOPE]).into_future())
        .unwrap();
    stage.clock.advance(1_500);
    let mut call = app.acquire_token_for_client([SCOPE]).into_future();
    let Poll::Ready(Err(error)) = poll_once(&mut call) else {
        panic!("not at once");
    };
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("a call outside tokio")
    );
    let again = app.acquire_token_for_client([SCOPE]).into_future();
    runtime().block_on(again).unwrap();
}

#[test]
fn a_runtime_that_ends_takes_its_calls_along_and_no_others() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    stage.provider.script(Fault::hang().on(Endpoint::Token));
    let first = runtime();
    first.spawn(app.acquire_token_for_client([SCOPE]).into_future());
    first.block_on(stage.arrived(1));
    let second = runtime();
    let mut follower = app.acquire_token_for_client([SCOPE]).into_future();
    {
        let _inside = second.enter();
        assert!(poll_once(&mut follower).is_pending());
    }
    drop(first);
    second.block_on(follower).unwrap();
}

#[test]
fn a_call_can_be_spawned() {
    fn is_spawnable<T: Send + 'static>(_: &T) {}
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let scope = String::from(SCOPE);
    let scopes = vec![&*scope];
    let call = app.acquire_token_for_client(&scopes).into_future();
    is_spawnable(&call);
    drop(scopes);
    drop((scope, app));
    runtime()
        .block_on(async move { tokio::spawn(call).await })
        .unwrap()
        .unwrap();
}

#[test]
fn reqwest_outside_tokio_is_an_error_and_no_panic_whatever_the_runtime() {
    let stage = Stage::new();
    let app = asynchronous(&stage.clock)
        .transport(proxied(&stage.provider))
        .runtime(Threads)
        .build()
        .unwrap();
    let error = block_on(app.acquire_token_for_client([SCOPE]).into_future()).unwrap_err();
    assert!(error.correlation_id().is_some(), "{error:?}");
    let said = format!("{error:?}");
    assert!(said.contains("tokio"), "{said}");
}

#[test]
fn an_executor_of_ones_own_needs_no_tokio() {
    let app = asynchronous(&TestClock::new())
        .transport(InMemory)
        .runtime(Threads)
        .build()
        .unwrap();
    block_on(app.acquire_token_for_client([SCOPE]).into_future()).unwrap();
    let found = block_on(app.acquire_token_for_client([SCOPE]).into_future()).unwrap();
    assert_eq!(found.token_source(), TokenSource::Cache);
}

#[test]
fn an_executor_of_ones_own_runs_callbacks_and_renewals_and_keeps_time() {
    let clock = TestClock::new();
    let (asked, requests) = mpsc::channel();
    let asked = Mutex::new(asked);
    let credential = ClientCredential::from_app_token_provider(move |_: &AppTokenRequest| {
        asked.lock().unwrap().send(thread::current().id()).unwrap();
        let token = AppToken::new(AccessToken::new("token"), Duration::from_secs(4_000));
        Ok::<_, Error>(token.refresh_in(Duration::from_secs(1_000)))
    });
    let app = asynchronous(&clock)
        .transport(InMemory)
        .runtime(Threads)
        .credential(credential)
        .build()
        .unwrap();
    block_on(app.acquire_token_for_client([SCOPE]).into_future()).unwrap();
    assert_ne!(requests.recv().unwrap(), thread::current().id());
    clock.advance(1_500);
    let found = block_on(app.acquire_token_for_client([SCOPE]).into_future()).unwrap();
    assert_eq!(found.token_source(), TokenSource::Cache);
    requests
        .recv_timeout(LONG)
        .expect("a renewal beside the call");

    let never = |_: &AppTokenRequest| -> Result<AppToken, Error> {
        thread::sleep(Duration::from_secs(2));
        Err(Error::new(ErrorKind::Credential))
    };
    let app = asynchronous(&clock)
        .transport(InMemory)
        .runtime(Threads)
        .credential(ClientCredential::from_app_token_provider(never))
        .build()
        .unwrap();
    let begun = Instant::now();
    let call = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(50));
    let error = block_on(call.into_future()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// A thread for everything.
struct Threads;

impl Runtime for Threads {
    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        let (done, waiting) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            thread::sleep(time);
            let _ = done.send(());
        });
        Box::pin(async move { drop(waiting.await) })
    }

    fn spawn(&self, task: BoxFuture<()>) {
        thread::spawn(move || block_on(task));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        thread::spawn(work);
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
