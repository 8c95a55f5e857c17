//! The loopback listener, its pages, the opener and what cancels them, over real sockets and processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod addresses;
mod alone;
#[cfg(unix)]
mod browser;
mod cancelling;
mod client;
mod forged;
mod malformed;
mod pages;
mod sign_in;
mod slow;
