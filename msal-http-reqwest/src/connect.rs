//! Ends the making of a connection with the request that wants it.
//!
//! The HTTP client knows one time limit for connections and one for requests. When the latter passes first, it cannot
//! say whether a byte of the request was sent; with this layer a connection that came too late is a failed connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, timeout_at};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    static CONNECT_BY: Instant;
}

/// Runs `sending`, whose connection must be there by `deadline`.
pub(crate) fn connecting_by<F: Future>(
    deadline: Instant,
    sending: F,
) -> impl Future<Output = F::Output> {
    CONNECT_BY.scope(deadline, sending)
}

/// Puts the limit of [`connecting_by`] around a connector.
#[derive(Clone)]
pub(crate) struct InTime;

impl<S> Layer<S> for InTime {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(inner)
    }
}

#[derive(Clone)]
pub(crate) struct Connector<S>(S);

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let connecting = self.0.call(destination);
        let Ok(deadline) = CONNECT_BY.try_with(|deadline| *deadline) else {
            return Box::pin(connecting);
        };
        Box::pin(async move {
            match timeout_at(deadline, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(TooLate.into()),
            }
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the time for the whole request passed before there was a connection")]
struct TooLate;
