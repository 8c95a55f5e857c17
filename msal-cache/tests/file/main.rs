//! A cache file on a real file system, with real processes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod damage;
mod engine;
mod hostile;
mod layouts;
mod leases;
mod locks;
mod peers;
mod processes;
mod replay;
mod worker;
