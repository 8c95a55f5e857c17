//! The applications as programs use them: many callers at once, callers that leave, callbacks and transports that
//! misbehave, renewal beside the call, and executors of every kind.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "certificate")]
mod bound;
mod callbacks;
mod cancelling;
mod executors;
#[cfg(unix)]
mod federated;
mod interactive;
mod leaving;
mod managed;
mod options;
mod persisted;
mod puppet;
mod refreshing;
mod sharing;
#[cfg(feature = "certificate")]
mod signatures;
mod stage;
mod stuck_stores;
mod transports;
mod types;
mod users;
