//! Sans-IO core of the Microsoft Authentication Library for Rust: flows, authorities, credentials and wire formats.

pub mod authority;
mod callback;
mod correlation;
mod drive;
mod env;
mod error;
mod exchange;
mod flights;
mod flow;
mod model;
mod retry;
pub mod secret;
pub mod store;
mod throttle;
mod time;
mod transport;

pub use callback::Callback;
pub use correlation::CorrelationId;
pub use drive::{AsyncHost, Host, run, run_async};
pub use env::{Clock, Env, Random};
pub use error::{Error, ErrorKind, ServerError, sanitized};
pub use flights::{Joined, Landing};
pub use flow::{Ask, Flow, Resume, Step};
pub use model::{Claims, ScopeCase, Scopes, merged_claims};
pub use secret::{AccessToken, ClientAssertion, ClientSecret, RawIdToken, RefreshToken};
pub use time::Timestamp;
pub use transport::{
    AsyncTransport, ProxyUse, Request, Response, SendOptions, ServerTrust, Thumbprint, Transport,
    TransportError, TransportErrorKind,
};
