//! Managed identities: what each token service is asked, what it may answer, and what comes of it.
//!
//! The numbers in comments are those of the table of cases that the services' behaviour was collected in.

mod answers;
mod arc;
mod cache;
mod claims;
mod detection;
mod endpoints;
mod fabric;
mod requests;
mod retry;
mod secrets;
mod stage;
