//! Values that are encrypted before another store keeps them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

#[path = "../common/mod.rs"]
mod common;
mod keys;
mod persistent;
mod refusals;
mod shelf;
mod values;
