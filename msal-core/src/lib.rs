//! Sans-IO core of the Microsoft Authentication Library for Rust: flows, authorities, credentials and wire formats.

pub mod authority;
mod correlation;
mod env;
mod error;
mod model;
pub mod secret;
pub mod store;
mod time;
mod transport;

pub use authority::{Authority, AuthorityKind};
pub use correlation::CorrelationId;
pub use env::{Clock, Env, Random};
pub use error::{Error, ErrorKind, ServerError, sanitized};
pub use model::{Claims, ScopeCase, Scopes, Tenant, merged_claims};
pub use secret::{AccessToken, ClientAssertion, ClientSecret, RawIdToken, RefreshToken};
pub use time::Timestamp;
pub use transport::{
    AsyncTransport, ProxyUse, Request, Response, SendOptions, ServerTrust, Thumbprint, Transport,
    TransportError, TransportErrorKind,
};
