//! Suites that cross crates: the whole library against the local identity provider, over real sockets and TLS.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod canaries;
mod clock;
mod dropped;
mod faults;
mod isolation;
mod misuse;
#[cfg(unix)]
mod processes;
mod rules;
mod sent;
mod wire;
