//! A local identity provider that behaves as Entra ID does, for tests of programs that sign in.
//!
//! A program under test needs two settings, as its users have them: an HTTP proxy, and a certificate
//! authority to trust. It then signs in at `https://login.microsoftonline.com` or any other host,
//! and what answers is on this machine.
//!
//! ```
//! use msal_testing::{Endpoint, Fault, LocalIdentityProvider, defaults};
//!
//! let provider = LocalIdentityProvider::start()?;
//! let settings = (provider.proxy_url(), provider.ca_file());
//! let (authority, client_id) = (provider.authority(), defaults::SECRET_CLIENT_ID);
//!
//! provider.script(Fault::status(503).on(Endpoint::Token)); // the next token request fails
//! let hold = provider.hold(Endpoint::Token); // and all of them wait ..
//! hold.release(); // .. until now
//!
//! assert_eq!(provider.count(Endpoint::Token), 0);
//! for request in provider.journal() {
//!     println!("{} {} {:?}", request.method, request.url(), request.status());
//! }
//! # let _ = (settings, authority, client_id);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Programs in other languages start the binary `local-identity-provider`, which prints the settings
//! as one line of JSON, and with `--control` serves the journal, faults and the clock under
//! `/.control/`.
//!
//! # What it knows
//!
//! Instance discovery, OpenID configuration, keys and the token endpoint (client credentials) of
//! Entra ID in all clouds and regions, of B2C, CIAM, AD FS, dSTS, and of any OpenID issuer that a test
//! registers; and the region that a virtual machine's metadata service tells. Client assertions are
//! verified for real. `https://graph.microsoft.com/v1.0/me` answers whoever brings a token for it.
//!
//! It depends on none of the libraries that it tests, so that it cannot share their mistakes.
//!
//! # Where it differs
//!
//! A tenant and an app are known in every cloud and at every kind of provider, unless the app names
//! its tenants. A host that is nobody else's serves tenants as a private cloud does. Which of two
//! errors comes first, where a request has both, is not documented for Entra ID, and may differ.

mod adfs;
mod browser;
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
mod graph;
mod hold;
mod instance_metadata;
mod journal;
mod jws;
mod provider;
mod provider_users;
mod realm;
mod registry;
mod reply;
mod request;
mod routes;
mod server;
mod sign_in;
mod signing_key;
mod summary;

pub use self::browser::{AuthorizationAnswer, Browser, Person};
pub use self::builder::LocalIdentityProviderBuilder;
pub use self::certificate::{
    ClientCertificate, ClientCertificateAuthority, ServerCertificate, Thumbprint,
};
pub use self::endpoint::Endpoint;
pub use self::fault::{Fault, Wire};
pub use self::hold::Hold;
pub use self::provider::LocalIdentityProvider;
pub use self::registry::{App, FederatedCredential, OidcIssuer, Resource, Tenant, User};
pub use self::request::{Request, Via};
