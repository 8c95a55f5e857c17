//! Wire formats: each grant as a pure function that builds the request, and one that reads the answer.
//!
//! For somebody who wants nothing but these: no flow, no cache and no retry is involved.

pub mod client_credentials;
mod post;
#[cfg(test)]
mod tests;
pub mod token;

pub use post::Post;
pub(crate) use post::identify;
