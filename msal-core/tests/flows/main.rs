//! The flows, each played against a script by both drivers.

mod client_credentials;
mod engine;
mod script;
