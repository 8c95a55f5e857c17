//! WS-Trust: how the federation server of an organisation, mostly AD FS, turns a user name and a password into an
//! assertion that the identity provider accepts.
//!
//! Pure wire formats, as in [`protocol`](crate::protocol). The server's metadata ([`mex`]) names the endpoint, which
//! is asked for an assertion ([`rst`]) and answers with one, or with a fault ([`response`]). Everything is https, and
//! no document is parsed before it was looked through: at most 256 KiB of UTF-8, without a document type, entities
//! or processing instructions, and not deeper or wider than any real one.

mod endpoint;
pub mod mex;
pub mod response;
pub mod rst;
mod xml;

pub(crate) use endpoint::secure_url;
pub use endpoint::{Endpoint, Version};
pub use response::{SamlAssertion, SamlVersion};
