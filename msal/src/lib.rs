//! Microsoft Authentication Library for Rust: signs in users and apps with Microsoft identities (Entra ID, External
//! ID, B2C, AD FS, any OpenID Connect issuer) and gets tokens for Microsoft Graph, Azure and APIs of one's own.
//!
//! Make one application and reuse it; it looks into its token cache first, and asks the identity provider only when
//! it must:
//!
//! ```no_run
//! use msal::{ClientCredential, ConfidentialClientApplication};
//!
//! # async fn example(secret: String) -> Result<(), msal::Error> {
//! let app = ConfidentialClientApplication::builder("client-id")
//!     .authority("https://login.microsoftonline.com/contoso.onmicrosoft.com")
//!     .credential(ClientCredential::from_secret(secret))
//!     .build()?;
//!
//! let result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"]).await?;
//! println!("{:?} until {}", result.token_source(), result.expires_on());
//! # Ok(())
//! # }
//! ```
//!
//! For users it is the same: whoever signed in before is in the cache, and only a new sign-in asks them.
//!
//! ```no_run
//! use msal::PublicClientApplication;
//!
//! # async fn example() -> Result<(), msal::Error> {
//! let app = PublicClientApplication::builder("client-id").build()?;
//! let scopes = ["User.Read"];
//! let silent = match app.accounts().await?.first() {
//!     Some(account) => match app.acquire_token_silent(scopes, account).await {
//!         Err(error) if error.needs_interaction() => None,
//!         outcome => Some(outcome?),
//!     },
//!     None => None,
//! };
//! let result = match silent {
//!     Some(result) => result,
//!     None => app.acquire_token_interactive(scopes).await?,
//! };
//! println!("{:?}", result.id_token_claims().and_then(|claims| claims.username()));
//! # Ok(())
//! # }
//! ```
//!
//! | for | there is |
//! | --- | --- |
//! | a desktop program, a command | [`acquire_token_interactive`](PublicClientApplication::acquire_token_interactive) |
//! | a device without a browser | [`initiate_device_code_flow`](PublicClientApplication::initiate_device_code_flow) |
//! | a web app | [`initiate_auth_code_flow`](ConfidentialClientApplication::initiate_auth_code_flow) |
//! | a web API that calls another | [`acquire_token_on_behalf_of`](ConfidentialClientApplication::acquire_token_on_behalf_of) |
//! | a daemon | [`acquire_token_for_client`](ConfidentialClientApplication::acquire_token_for_client) |
//!
//! The same without async is in [`blocking`].
//!
//! # No driver at all
//!
//! Every call is a value that says what it needs next. A program with a network of its own needs neither transport nor
//! runtime of this crate, just this loop:
//!
//! ```
//! use msal::{Ask, AuthenticationResult, Error, Flow, Request, Response, Step, TransportError};
//!
//! fn drive(
//!     flow: Flow<AuthenticationResult>,
//!     send: impl Fn(Request) -> Result<Response, TransportError>,
//! ) -> Result<AuthenticationResult, Error> {
//!     let mut step = flow.start();
//!     loop {
//!         step = match step {
//!             Step::Send(request, flow) => flow.resume(send(request)),
//!             Step::Wait(delay, flow) => flow.resume(std::thread::sleep(delay)),
//!             Step::Ask(Ask::Join(landing, limit, flow)) => flow.resume(landing.block(limit)),
//!             Step::Ask(question) => question.decline(),
//!             Step::Done(outcome) => return outcome,
//!         };
//!     }
//! }
//! ```
//!
//! The line with `Join` shares one request among threads that ask for the same; a loop that declines it works alone.

#[cfg(feature = "azure-core")]
pub mod azure;
pub mod blocking;
mod builder;
pub mod cache;
mod call;
mod calls;
mod confidential;
mod env;
pub mod federated;
mod host;
pub mod interactive;
mod machine;
mod managed;
mod managed_builder;
mod means;
mod public;
pub mod request;
mod runtime;

pub use builder::Builder;
pub use call::{Call, CallFuture};
pub use confidential::ConfidentialClientApplication;
pub use managed::ManagedIdentityApplication;
pub use managed_builder::ManagedIdentityBuilder;
pub use msal_cache::persist::PersistentCache;
pub use msal_cache::{Compatibility, TokenCache};
pub use msal_core::app::{
    AuthCodeFlow, DeviceCodeFlow, Explanation, Interaction, Prompt, ResponseMode,
};
pub use msal_core::authority::AuthoritySettings;
#[cfg(feature = "certificate")]
pub use msal_core::credential::Certificate;
pub use msal_core::credential::ClientCredential;
pub use msal_core::managed_identity::{Machine, ManagedIdentityId, ManagedIdentitySource};
pub use msal_core::protocol::user_fic::FederatedUser;
pub use msal_core::{
    AccessToken, Account, Ask, AsyncHost, AsyncTransport, AuthenticationResult, Authority,
    AuthorityKind, AuthorizationCode, Callback, Claims, ClaimsChallenge, ClientAssertion,
    ClientSecret, Clock, CorrelationId, Env, Error, ErrorKind, Flow, Freshness, Host,
    IdTokenClaims, Joined, Landing, Password, ProxyUse, Random, RefreshToken, Request, Response,
    Resume, ScopeCase, Scopes, SendOptions, ServerError, ServerTrust, SignedHttpRequest, Step,
    TenantProfile, Thumbprint, Timestamp, TokenScheme, TokenSource, Transport, TransportError,
    TransportErrorKind, UserAssertion, UserFederatedIdentityCredential, credential, run, run_async,
    store,
};
#[cfg(feature = "certificate")]
pub use msal_core::{PopAlgorithm, PopKey, PopRequest};
#[cfg(feature = "reqwest")]
pub use msal_http_reqwest::ReqwestTransport;
#[cfg(feature = "ureq")]
pub use msal_http_ureq::UreqTransport;
pub use public::PublicClientApplication;
pub use runtime::{BoxFuture, Runtime};
/// A URL, as the crate `url` has it.
pub use url::Url;

/// The examples of the README are compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
