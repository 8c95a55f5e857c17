//! The flows, each played against a script by both drivers.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod accounts;
mod auth_code;
mod auth_code_issuer;
mod auth_code_kept;
#[cfg(feature = "certificate")]
mod bound;
mod client_credentials;
mod device_code;
mod engine;
mod federated;
#[cfg(feature = "certificate")]
mod id_token_signatures;
mod identity;
mod interactive;
mod kept;
mod kept_accounts;
mod kept_apps;
mod kept_faults;
mod kept_rotation;
mod kept_store;
mod leases;
mod list_store;
mod managed_identity;
mod on_behalf_of;
mod processes;
mod refresh_tokens;
mod renewal;
mod scheme;
mod script;
#[cfg(feature = "certificate")]
mod sign_in;
mod silent;
mod silent_errors;
mod site;
mod tenants;
mod turns;
mod users;
