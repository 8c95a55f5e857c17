//! A local identity provider that behaves as Entra ID does, for tests of programs that sign in.
//!
//! ```
//! use msal_testing::{Endpoint, LocalIdentityProvider, defaults};
//!
//! let provider = LocalIdentityProvider::start()?;
//! let proxy = provider.proxy_url(); // give both to the program under test
//! let ca = provider.ca_file();
//! // it signs in at https://login.microsoftonline.com/{defaults::TENANT_ID} ...
//! assert_eq!(provider.count(Endpoint::Token), 0);
//! # let _ = (proxy, ca);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It depends on none of the libraries that it tests, so that it cannot share their mistakes.

mod adfs;
mod builder;
mod certificate;
mod clock;
mod cloud;
mod context;
mod control;
pub mod defaults;
mod endpoint;
mod entra;
mod fault;
mod files;
mod hold;
mod instance_metadata;
mod journal;
mod jws;
mod provider;
mod realm;
mod registry;
mod reply;
mod request;
mod routes;
mod server;
mod signing_key;
mod summary;

pub use self::builder::LocalIdentityProviderBuilder;
pub use self::certificate::{
    ClientCertificate, ClientCertificateAuthority, ServerCertificate, Thumbprint,
};
pub use self::endpoint::Endpoint;
pub use self::fault::{Fault, Wire};
pub use self::hold::Hold;
pub use self::provider::LocalIdentityProvider;
pub use self::registry::{App, FederatedCredential, OidcIssuer, Resource, Tenant};
pub use self::request::{Request, Via};
