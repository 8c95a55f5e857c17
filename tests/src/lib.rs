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
//! as one line of JSON, and with `--control` serves the journal, faults, the clock, users and their
//! sign-ins under `/.control/`.
//!
//! # What it knows
//!
//! Instance discovery, OpenID configuration, keys, sign-in, sign-out and tokens of Entra ID in all clouds
//! and regions, of B2C, CIAM, AD FS, dSTS, and of any OpenID issuer that a test registers; and the region
//! that a virtual machine's metadata service tells. Client assertions are verified for real.
//!
//! Users sign in on pages of plain HTML: with a password and, where asked, a second factor, at an
//! organization's own AD FS, and with consent. A session saves them the next password. Codes, refresh
//! tokens (of families of clients too) and device codes give tokens; those may be bound to a key. They end as
//! they do at Entra ID: by use, time, revocation, a new password, or claims that a resource demands.
//!
//! ```
//! use msal_testing::{LocalIdentityProvider, defaults};
//!
//! let provider = LocalIdentityProvider::start()?;
//! let url = format!(
//!     "{}/oauth2/v2.0/authorize?client_id={}&redirect_uri=http://localhost:5000&response_type=code\
//!      &response_mode=form_post&scope=openid%20User.Read&state=0123",
//!     provider.authority(),
//!     defaults::PUBLIC_CLIENT_ID,
//! );
//! let answer = provider.sign_in(&url, defaults::USERNAME, defaults::PASSWORD)?;
//! assert_eq!((answer.method(), answer.redirect_uri()), ("POST", "http://localhost:5000"));
//! assert_eq!(answer.get("state"), Some("0123"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`Browser`] keeps its cookies from one sign-in to the next; a real browser works as well, through the
//! provider's proxy. [`approve_device`](LocalIdentityProvider::approve_device) needs neither.
//!
//! Users with a password kept elsewhere ([`FederatedDomain`]): the user realm service, and an AD FS that describes
//! itself (MEX), takes a password over WS-Trust 1.3 and 2005, and signs SAML assertions of both versions, which
//! the token endpoint believes only as the very bytes that were signed. Users with a password kept here:
//! the password grant, and ten wrong ones lock the account for a minute. On behalf of: an API gets tokens with
//! the token it was called with.
//!
//! Programs on machines of Azure's get tokens for managed identities: from the instance metadata service, App Service,
//! Azure Machine Learning, Azure Arc (with its challenge and key file), Service Fabric (over TLS) and Cloud Shell,
//! found by the variables of [`environment`](LocalIdentityProvider::environment).
//!
//! Issuers of tokens for programs that run in GitHub Actions and Azure Pipelines ([`workloads`]), and agent identities,
//! which sign in as users of their own.
//!
//! And, for whoever brings a token for them, Microsoft Graph's `https://graph.microsoft.com/v1.0/me`, and a secret of
//! Azure Key Vault.
//!
//! It depends on none of the libraries that it tests, so that it cannot share their mistakes.
//!
//! # Where it differs
//!
//! A tenant and an app are known in every cloud and at every kind of provider, unless the app names
//! its tenants. A host that is nobody else's serves tenants as a private cloud does. Which of two
//! errors comes first, where a request has both, is not documented for Entra ID, and may differ.
//!
//! The same wrong password counts each time it is given; Entra ID counts it once. AD FS locks no account, and knows
//! no Kerberos: its endpoints for Windows sign-in say `401`. Assertions for the wrong audience are `AADSTS50008`,
//! whose code for this is not documented. An AD FS signs with the same key as the rest of the provider.
//!
//! What App Service and Azure Machine Learning say to a wrong secret is not documented. Azure Arc's keys are good for one
//! token each.
//!
//! Every user of the registry can sign in at every AD FS and OpenID issuer. A federated user's browser
//! comes back from AD FS by a redirect, without a WS-Federation token. Nobody is asked to stay signed in.
//! Only claims that a test demands are checked; other claims requests are taken as met.

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
mod key_vault;
mod machine;
mod provider;
mod provider_machines;
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
pub mod workloads;
mod ws_trust;

pub use self::browser::{AuthorizationAnswer, Browser, Person};
pub use self::builder::LocalIdentityProviderBuilder;
pub use self::certificate::{
    ClientCertificate, ClientCertificateAuthority, ServerCertificate, Thumbprint,
};
pub use self::endpoint::Endpoint;
pub use self::fault::{Fault, Wire};
pub use self::hold::Hold;
pub use self::machine::Machine;
pub use self::provider::LocalIdentityProvider;
pub use self::registry::{
    App, FederatedCredential, FederatedDomain, OidcIssuer, Resource, SamlVersion, Tenant, User,
    WsTrustVersion,
};
pub use self::request::{Request, Via};
