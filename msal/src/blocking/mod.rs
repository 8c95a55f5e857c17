//! The same applications, on the caller's thread.
//!
//! ```no_run
//! use msal::{ClientCredential, blocking::ConfidentialClientApplication};
//!
//! # fn example(secret: String) -> Result<(), msal::Error> {
//! let app = ConfidentialClientApplication::builder("client-id")
//!     .authority("https://login.microsoftonline.com/contoso.onmicrosoft.com")
//!     .credential(ClientCredential::from_secret(secret))
//!     .build()?;
//! let result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"]).send()?;
//! # Ok(())
//! # }
//! ```

mod confidential;
mod managed;
mod public;

pub use confidential::ConfidentialClientApplication;
pub use managed::ManagedIdentityApplication;
pub use public::PublicClientApplication;
