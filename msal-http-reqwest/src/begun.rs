//! Knows whether a request was begun: its body is asked for when its first byte is about to be written, not before.
//!
//! The HTTP client has one time limit for connections and one for requests. When the latter passes first, it cannot say
//! whether anything was sent; this can.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// A body that is given out once, unless it was taken back before.
pub(crate) struct OnceBody {
    bytes: Option<Bytes>,
    begun: Arc<AtomicBool>,
}

/// The sender's end of a [`OnceBody`].
pub(crate) struct Begun(Arc<AtomicBool>);

impl OnceBody {
    pub(crate) fn new(bytes: Bytes) -> (Self, Begun) {
        let begun = Arc::new(AtomicBool::new(false));
        let body = Self {
            bytes: Some(bytes),
            begun: Arc::clone(&begun),
        };
        (body, Begun(begun))
    }
}

impl Begun {
    /// Takes the body back. False when it is too late for that: the request may have been sent.
    pub(crate) fn take_back(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl http_body::Body for OnceBody {
    type Data = Bytes;
    type Error = TakenBack;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TakenBack>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(match self.begun.swap(true, Ordering::AcqRel) {
            false => Ok(Frame::data(bytes)),
            true => Err(TakenBack),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the request was taken back before it was begun")]
pub(crate) struct TakenBack;

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body;

    use super::*;

    fn poll(body: &mut OnceBody) -> Option<Result<Bytes, TakenBack>> {
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(frame) = Pin::new(body).poll_frame(&mut cx) else {
            panic!("a body in memory never waits");
        };
        Some(frame?.map(|frame| frame.into_data().unwrap()))
    }

    #[test]
    fn a_body_is_given_out_or_taken_back_but_not_both() {
        let (mut body, begun) = OnceBody::new(Bytes::from_static(b"secret"));
        assert_eq!(body.size_hint().exact(), Some(6));
        assert_eq!(poll(&mut body).unwrap().unwrap(), "secret");
        assert!(body.is_end_stream() && poll(&mut body).is_none());
        assert!(!begun.take_back());

        let (mut body, begun) = OnceBody::new(Bytes::from_static(b"secret"));
        assert!(begun.take_back());
        assert!(poll(&mut body).unwrap().is_err());
        assert!(poll(&mut body).is_none());
    }
}
