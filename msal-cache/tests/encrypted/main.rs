//! Values that are encrypted before another store keeps them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod keys;
mod refusals;
mod shelf;
mod values;
