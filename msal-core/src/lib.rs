//! Sans-IO core of the Microsoft Authentication Library for Rust: flows, authorities, credentials and wire formats.

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod account;
pub mod app;
pub mod authority;
mod callback;
mod correlation;
pub mod credential;
mod drive;
mod env;
mod error;
mod exchange;
mod flights;
mod flow;
mod flows;
mod freshness;
mod jwt;
pub mod managed_identity;
mod model;
mod pkce;
#[cfg(feature = "certificate")]
mod pop;
pub mod protocol;
mod result;
mod retry;
mod scheme;
pub mod secret;
mod slot;
pub mod store;
mod throttle;
mod time;
mod transport;
pub mod wstrust;

pub use account::{Account, TenantProfile};
pub use app::{ConfidentialClientApplication, ManagedIdentityApplication, PublicClientApplication};
pub use authority::{Authority, AuthorityKind};
pub use callback::{Callback, Task};
pub use correlation::CorrelationId;
pub use drive::{AsyncHost, Host, run, run_async};
pub use env::{Clock, Env, Random};
pub use error::{Error, ErrorKind, ServerError, sanitized};
pub use flights::{Joined, Landing};
pub use flow::{Ask, Flow, Resume, Step};
pub use freshness::Freshness;
pub use model::{Claims, ClaimsChallenge, IdTokenClaims, ScopeCase, Scopes, Tenant, merged_claims};
#[cfg(feature = "certificate")]
pub use pop::{PopAlgorithm, PopKey, PopRequest};
pub use result::{AuthenticationResult, TokenSource};
pub use scheme::TokenScheme;
pub use secret::{
    AccessToken, AuthorizationCode, ClientAssertion, ClientSecret, DeviceCode, Password,
    PkceVerifier, RawIdToken, RefreshToken, SignedHttpRequest, UserAssertion,
    UserFederatedIdentityCredential,
};
pub use time::Timestamp;
pub use transport::{
    AsyncTransport, ProxyUse, Request, Response, SendOptions, ServerTrust, Thumbprint, Transport,
    TransportError, TransportErrorKind,
};
