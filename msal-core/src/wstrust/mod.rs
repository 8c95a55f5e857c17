//! WS-Trust: how the federation server of an organisation, mostly AD FS, turns a user name and a password into an
//! assertion that the identity provider accepts.
//!
//! Pure wire formats, as in [`protocol`](crate::protocol). The server's metadata ([`mex`]) names the endpoint, which
//! is asked for an assertion ([`rst`]) and answers with one, or with a fault ([`response`]). Everything is https, and
//! no document is parsed before it was looked through: at most 256 KiB of UTF-8, without a document type, entities
//! or processing instructions, and not deeper or wider than any real one.
//!
//! ```
//! use msal_core::protocol::user_realm::UserRealm;
//! use msal_core::wstrust::{SamlAssertion, mex, response, rst};
//! use msal_core::{CorrelationId, Error, ErrorKind, Password, Request, Response, Timestamp};
//! use uuid::Uuid;
//!
//! fn assertion(
//!     realm: &UserRealm,
//!     (username, password): (&str, &Password),
//!     (now, guid): (Timestamp, fn() -> Uuid),
//!     call: CorrelationId,
//!     send: impl Fn(Request) -> Result<Response, Error>,
//! ) -> Result<SamlAssertion, Error> {
//!     let UserRealm::Federated { metadata_url: Some(metadata), audience_urn, .. } = realm else {
//!         return Err(Error::new(ErrorKind::Unsupported("a realm without metadata")));
//!     };
//!     let endpoint = mex::parse(&send(mex::request(metadata)?)?)?;
//!     let ask = rst::TokenRequest {
//!         username,
//!         password,
//!         audience: audience_urn,
//!         message_id: guid(),
//!         token_id: guid(),
//!         created: now,
//!     };
//!     response::parse(&send(rst::request(&ask, &endpoint, call)?)?)
//! }
//! ```

mod endpoint;
pub mod mex;
pub mod response;
pub mod rst;
mod xml;

pub(crate) use endpoint::secure_url;
pub use endpoint::{Endpoint, Version};
pub use response::{SamlAssertion, SamlVersion};
