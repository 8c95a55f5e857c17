//! Wire formats: each grant as a pure function that builds the request, and one that reads the answer.
//!
//! For somebody who wants nothing but these: no flow, no cache and no retry is involved.

pub mod auth_code;
pub mod client_credentials;
pub mod device_code;
pub mod on_behalf_of;
pub mod password;
mod post;
pub mod refresh;
pub mod saml;
#[cfg(test)]
pub(crate) mod tests;
pub mod token;
mod user;
pub mod user_fic;
pub mod user_realm;

pub use post::Post;
pub(crate) use post::{correlate, identify};
pub use user::{UserHint, UserRequest};
