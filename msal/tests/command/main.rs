//! The `msal` command as scripts see it: arguments and variables in, one JSON value, standard error and a status out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cache_file;
mod cache_look;
mod calls;
mod credentials;
mod explain;
mod failures;
mod secrets;
mod usage;
mod world;
