//! A sign-in that waits for its response.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use msal::ResponseMode;
use msal::interactive::{CancelHandle, Expectation, ListenError, LoopbackListener, Pages, Verdict};

use super::client::{self, Reply};

/// What the true response has.
pub(crate) const STATE: &str = "c3RhdGUtb2Ytb3Vycw";
/// The true response.
pub(crate) const TRUE: &str = "code=0.AXEA&state=c3RhdGUtb2Ytb3Vycw&session_state=1";

pub(crate) struct SignIn {
    pub(crate) port: u16,
    pub(crate) cancel: CancelHandle,
    mode: ResponseMode,
    waiter: JoinHandle<Result<String, ListenError>>,
}

impl SignIn {
    pub(crate) fn start(mode: ResponseMode) -> Self {
        Self::with(
            LoopbackListener::bind(0).unwrap(),
            mode,
            Pages::new(),
            Duration::from_secs(60),
        )
    }

    pub(crate) fn with(
        listener: LoopbackListener,
        mode: ResponseMode,
        pages: Pages,
        time: Duration,
    ) -> Self {
        let cancel = CancelHandle::new();
        let theirs = cancel.clone();
        let port = listener.port();
        let deadline = Instant::now() + time;
        let waiter = thread::spawn(move || {
            let response = listener.wait(expectation(mode), &pages, deadline, &theirs)?;
            Ok(response.expose().to_owned())
        });
        Self {
            port,
            cancel,
            mode,
            waiter,
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> Option<Reply> {
        client::send(self.port, bytes)
    }

    /// Sends what is refused, and gives the status; 0 for a connection closed without an answer.
    pub(crate) fn refused(&self, bytes: &[u8]) -> u16 {
        let Some(reply) = self.send(bytes) else {
            return 0;
        };
        assert!(reply.status >= 400, "{reply:?}");
        assert!(!reply.head.contains(STATE) && !reply.body.contains(STATE));
        assert_eq!(reply.header("connection"), Some("close"));
        reply.status
    }

    /// The true response as this sign-in takes it.
    pub(crate) fn true_response(&self) -> Vec<u8> {
        match self.mode {
            ResponseMode::FormPost => client::post(self.port, "/", TRUE),
            _ => client::get(self.port, &format!("/?{TRUE}")),
        }
    }

    /// Sends the true response and sees that it is taken.
    pub(crate) fn succeed(self) -> Reply {
        assert!(!self.waiter.is_finished(), "{:?}", self.waiter.join());
        let reply = self.send(&self.true_response()).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(self.end().unwrap(), TRUE);
        reply
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiter.is_finished()
    }

    pub(crate) fn end(self) -> Result<String, ListenError> {
        self.waiter.join().unwrap()
    }
}

/// Exactly one `state`, and ours.
pub(crate) fn expectation(mode: ResponseMode) -> Expectation {
    Expectation::new(mode, |form| {
        let states: Vec<_> = form
            .split('&')
            .filter_map(|pair| pair.strip_prefix("state="))
            .collect();
        match states == [STATE] {
            true => Verdict::Ours,
            false => Verdict::NotOurs,
        }
    })
}
