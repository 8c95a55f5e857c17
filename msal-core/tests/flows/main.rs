//! The flows, each played against a script by both drivers.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod auth_code;
mod client_credentials;
mod engine;
mod renewal;
mod script;
mod users;
