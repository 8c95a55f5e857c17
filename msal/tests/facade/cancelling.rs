//! Callers that leave before the end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use msal::{ErrorKind, TokenSource};
use msal_testing::{Endpoint, Fault};

use crate::stage::{LONG, SCOPE, Stage, poll_once};

#[tokio::test]
async fn when_the_leader_leaves_the_next_in_line_leads() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    stage.provider.script(Fault::hang().on(Endpoint::Token));
    let leader = tokio::spawn(app.acquire_token_for_client([SCOPE]).into_future());
    stage.arrived(1).await;
    let mut followers: Vec<_> = (0..10)
        .map(|_| app.acquire_token_for_client([SCOPE]).into_future())
        .collect();
    assert!(
        followers
            .iter_mut()
            .all(|call| poll_once(call).is_pending())
    );
    // The first in line leaves too.
    drop(followers.remove(0));
    let followers: Vec<_> = followers.into_iter().map(tokio::spawn).collect();
    leader.abort();
    for follower in followers {
        let token = tokio::time::timeout(LONG, follower).await.unwrap();
        token.unwrap().unwrap();
    }
    assert_eq!(stage.token_requests(), 2);
}

#[tokio::test]
async fn a_call_dropped_at_any_point_leaves_nothing_behind() {
    for polls in 0.. {
        let stage = Stage::new();
        // Both a failed attempt and a good one are on the way.
        stage
            .provider
            .script(Fault::status(503).on(Endpoint::Token));
        let app = stage.asynchronous().build().unwrap();
        let call = app.acquire_token_for_client([SCOPE]).into_future();
        let finished = AtMost(call, polls).await;
        let again = tokio::time::timeout(LONG, app.acquire_token_for_client([SCOPE]).into_future());
        again.await.expect("no lock is held").unwrap();
        assert!(stage.token_requests() <= 4);
        if finished.is_some() {
            assert!(polls > 2, "{polls}");
            return;
        }
    }
}

#[tokio::test]
async fn a_follower_dropped_at_any_point_does_not_disturb_the_others() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let hold = stage.provider.hold(Endpoint::Token);
    let mut leader = app.acquire_token_for_client([SCOPE]).into_future();
    assert!(poll_once(&mut leader).is_pending());
    for polls in 0..4 {
        let follower = app.acquire_token_for_client([SCOPE]).into_future();
        let left = tokio::time::timeout(Duration::from_millis(1), AtMost(follower, polls)).await;
        assert!(!matches!(left, Ok(Some(_))));
    }
    let mut last = app.acquire_token_for_client([SCOPE]).into_future();
    assert!(poll_once(&mut last).is_pending());
    hold.release();
    leader.await.unwrap();
    assert_eq!(last.await.unwrap().token_source(), TokenSource::Cache);
    assert_eq!(stage.token_requests(), 1);
}

#[tokio::test]
async fn a_followers_own_time_runs_out_and_the_flight_goes_on() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let hold = stage.provider.hold(Endpoint::Token);
    let mut leader = app.acquire_token_for_client([SCOPE]).into_future();
    assert!(poll_once(&mut leader).is_pending());
    let hurried = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(50));
    let error = hurried.await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(error.correlation_id().is_some());
    hold.release();
    leader.await.unwrap();
    assert_eq!(stage.token_requests(), 1);
}

#[tokio::test]
async fn a_leader_whose_time_runs_out_takes_nobody_along() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    stage.provider.script(Fault::hang().on(Endpoint::Token));
    let hurried = app
        .acquire_token_for_client([SCOPE])
        .timeout(Duration::from_millis(200));
    let mut leader = hurried.into_future();
    assert!(poll_once(&mut leader).is_pending());
    let mut patient = app.acquire_token_for_client([SCOPE]).into_future();
    assert!(poll_once(&mut patient).is_pending());
    let patient = tokio::spawn(patient);
    assert_eq!(leader.await.unwrap_err().kind(), &ErrorKind::Timeout);
    patient.await.unwrap().unwrap();
    assert_eq!(stage.token_requests(), 2);
}

/// A future that is polled so often and no more.
struct AtMost<F>(F, usize);

impl<F: Future + Unpin> Future for AtMost<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.1.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.1 = left;
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
