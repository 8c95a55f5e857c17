use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Flight;
use crate::Error;
use crate::store::AccessTokenEntry;

/// The end of another flow's work, good or bad.
///
/// Await [`or_timeout`](Self::or_timeout), or [`block`](Self::block) on it. Dropping it gives up the place in line.
pub struct Landing(Arc<Seat>);

impl Landing {
    pub(super) fn new(seat: Arc<Seat>) -> Self {
        Self(seat)
    }

    /// Holds this thread until the landing, but no longer than `limit`.
    pub fn block(self, limit: Duration) -> Joined {
        let state = self.0.lock();
        let waiting = |state: &mut SeatState| state.end.is_none();
        let (mut state, _) = self
            .0
            .ended
            .wait_timeout_while(state, limit, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        Joined(state.end.take().map_or(Join::TimedOut, Join::Ended))
    }

    /// Waits until the landing, or until `timeout` is over.
    pub async fn or_timeout(self, timeout: impl Future<Output = ()>) -> Joined {
        let mut timeout = pin!(timeout);
        poll_fn(|context| {
            if let Some(end) = self.0.poll(context) {
                return Poll::Ready(Joined(Join::Ended(end)));
            }
            timeout
                .as_mut()
                .poll(context)
                .map(|()| Joined(Join::TimedOut))
        })
        .await
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.left = true;
        // Dropping a flight takes other locks: not under this one.
        let unclaimed = state.end.take();
        drop(state);
        drop(unclaimed);
    }
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Landing")
    }
}

/// How waiting for another flow came out: what the waiting flow is resumed with.
#[derive(Debug)]
pub struct Joined(Join);

impl Joined {
    pub(crate) fn declined() -> Self {
        Self(Join::Declined)
    }

    pub(crate) fn outcome(self) -> Join {
        self.0
    }
}

/// How waiting came out.
#[derive(Debug)]
pub(crate) enum Join {
    /// Nobody waited.
    Declined,
    /// The flight ended.
    Ended(End),
    /// The limit passed before the flight ended.
    TimedOut,
}

/// How a flight ended, for one of those who waited.
#[derive(Debug)]
pub(crate) enum End {
    /// With an error that everyone would meet.
    Failed(Error),
    /// With an answer.
    Landed(Option<Arc<AccessTokenEntry>>),
    /// Cancelled, and it is this one's turn to lead.
    Lead(Flight),
}

/// One follower's place in line.
#[derive(Default)]
pub(super) struct Seat {
    state: Mutex<SeatState>,
    ended: Condvar,
}

#[derive(Default)]
struct SeatState {
    end: Option<End>,
    left: bool,
    waker: Option<Waker>,
}

impl Seat {
    /// Leaves the end for whoever sits here, or hands it back when nobody does any more.
    pub(super) fn take(self: Arc<Self>, end: End) -> Result<Wake, End> {
        let mut state = self.lock();
        if state.left {
            return Err(end);
        }
        state.end = Some(end);
        let waker = state.waker.take();
        drop(state);
        Ok(Wake { seat: self, waker })
    }

    fn poll(&self, context: &mut Context<'_>) -> Option<End> {
        let mut state = self.lock();
        if let Some(end) = state.end.take() {
            return Some(end);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, SeatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes whoever sits in a seat; kept apart, since a waker may run anything and no lock may be held then.
#[must_use]
pub(super) struct Wake {
    seat: Arc<Seat>,
    waker: Option<Waker>,
}

impl Wake {
    pub(super) fn now(self) {
        self.seat.ended.notify_all();
        if let Some(waker) = self.waker {
            waker.wake();
        }
    }
}
