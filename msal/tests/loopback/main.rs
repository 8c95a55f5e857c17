//! The loopback listener, its pages, the opener and what cancels them, over real sockets and processes.

mod addresses;
mod alone;
mod browser;
mod cancelling;
mod client;
mod forged;
mod malformed;
mod pages;
mod sign_in;
mod slow;
