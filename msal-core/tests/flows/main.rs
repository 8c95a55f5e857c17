//! The flows, each played against a script by both drivers.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod accounts;
mod auth_code;
mod auth_code_issuer;
mod auth_code_kept;
mod client_credentials;
mod device_code;
mod engine;
mod identity;
mod interactive;
mod on_behalf_of;
mod refresh_tokens;
mod renewal;
mod scheme;
mod script;
mod silent;
mod site;
mod users;
