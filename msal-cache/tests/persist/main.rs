//! A cache with something behind it that other processes share.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod bounded;
#[path = "../common/mod.rs"]
mod common;
mod events;
mod items;
mod map;
mod model;
mod saves;
mod values;
