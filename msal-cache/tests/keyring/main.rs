//! The key store of the operating system: a real Secret Service, and one that does what real ones do on bad days.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod bus;
mod daemon;
mod faults;
mod items;
mod keys;
mod service;
mod worker;
