//! The `msal` command as scripts see it: arguments and variables in, one JSON value, standard error and a status out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod auth_code;
mod auth_code_refusals;
mod cache_faults;
mod cache_file;
mod cache_keyring;
mod cache_look;
mod cache_processes;
mod cache_redis;
mod cache_store;
mod calls;
mod credentials;
mod device_code;
mod explain;
mod explain_silent;
mod failures;
mod interactive;
mod issuers;
mod machine;
mod on_behalf_of;
mod other_libraries;
mod refresh_token;
mod secrets;
mod sign_out;
mod silent;
mod silent_refusals;
mod usage;
mod user_secrets;
mod user_usage;
mod username_password;
mod users;
mod world;
