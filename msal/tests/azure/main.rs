//! Applications as credentials of the Azure SDK, at the local identity provider.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod deployed;
#[path = "../../examples/key_vault.rs"]
#[allow(dead_code, reason = "an example has a `main` of its own")]
mod key_vault;
mod stage;
mod tokens;
mod users;
mod vault;
