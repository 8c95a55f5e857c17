//! Caches in a real Redis, which the tests start, kill and start again.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod access;
mod cluster;
mod contract;
#[cfg(feature = "encrypted")]
mod encrypted;
mod faults;
mod leases;
mod monitor;
mod network;
mod server;
mod stores;
mod tls;
mod worker;
mod writers;
