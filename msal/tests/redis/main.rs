//! Web farms: processes that share their users' tokens through a real Redis, before a provider that counts.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod farm;
mod member;
#[path = "../../../msal-cache/tests/redis/monitor.rs"]
mod monitor;
mod partitions;
#[allow(dead_code, reason = "the tests of the store use the rest")]
#[path = "../../../msal-cache/tests/redis/server.rs"]
mod server;
#[allow(dead_code, reason = "the tests of the facade use the rest")]
#[path = "../facade/stage.rs"]
mod stage;
