use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use msal::{AsyncTransport, Request, Response, Transport, TransportError};

use super::TOKEN_LENGTH;

/// A network in memory: every request is answered with a token, after a fixed round trip. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Network(Arc<Inner>);

struct Inner {
    answer: Bytes,
    round_trip: Duration,
    requests: AtomicU64,
}

impl Network {
    pub(crate) fn new(round_trip: Duration) -> Self {
        let token = "x".repeat(TOKEN_LENGTH);
        let answer = format!(
            r#"{{"token_type":"Bearer","expires_in":86399,"ext_expires_in":86399,"refresh_in":43199,"access_token":"{token}"}}"#
        );
        Self(Arc::new(Inner {
            answer: answer.into(),
            round_trip,
            requests: AtomicU64::new(0),
        }))
    }

    /// Answers at once.
    pub(crate) fn instant() -> Self {
        Self::new(Duration::ZERO)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    fn answer(&self) -> Response {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        Response::new(self.0.answer.clone())
    }
}

impl Transport for Network {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        if !self.0.round_trip.is_zero() {
            thread::sleep(self.0.round_trip);
        }
        Ok(self.answer())
    }
}

#[async_trait::async_trait]
impl AsyncTransport for Network {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        if !self.0.round_trip.is_zero() {
            tokio::time::sleep(self.0.round_trip).await;
        }
        Ok(self.answer())
    }
}
