//! Wire formats: each grant as a pure function that builds the request, and one that reads the answer.
//!
//! For somebody who wants nothing but these: no flow, no cache and no retry is involved.

pub mod client_credentials;
pub mod password;
mod post;
pub mod saml;
#[cfg(test)]
pub(crate) mod tests;
pub mod token;
pub mod user_realm;

pub use post::Post;
pub(crate) use post::{correlate, identify};
