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

use std::fmt;
use std::sync::Arc;

use msal_core::{AuthenticationResult, Error, ErrorKind, Flow, Transport};

use crate::builder::{Buildable, Builder, Confidential};
use crate::call::{BlockingClient, Call, Client, ForClient};
use crate::host::BlockingDriver;

/// An application that can keep a secret: a web app, a web API, a daemon. Cheap to clone; make one and reuse it.
///
/// The blocking form of [`msal::ConfidentialClientApplication`](crate::ConfidentialClientApplication).
#[derive(Clone)]
pub struct ConfidentialClientApplication {
    core: msal_core::ConfidentialClientApplication,
    driver: BlockingDriver,
}

impl ConfidentialClientApplication {
    /// Begins an application of this client id (the "application id" of its registration).
    pub fn builder(client_id: impl Into<String>) -> Builder<Self> {
        Builder::new(client_id)
    }

    /// A token for the application itself: from the cache, or by the client credentials grant, RFC 6749 section 4.4.
    ///
    /// `scopes` are mostly one resource's `/.default`. The tenant must be a certain one, not `common`. A token that is
    /// due for renewal but still works is handed out at once and renewed on a thread of its own.
    pub fn acquire_token_for_client<S>(&self, scopes: S) -> Call<'_, Self, ForClient<S>>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        Call::new(self, ForClient::new(scopes))
    }
}

impl Builder<ConfidentialClientApplication> {
    /// What sends the requests. By default ureq, by the feature of that name.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.means.transport = Some(Arc::new(transport));
        self
    }

    /// Makes the application. Sends nothing.
    ///
    /// Fails for an authority or an option that cannot be used, without a credential, for a credential with an async
    /// callback, and where neither a feature nor the program supplies a transport.
    pub fn build(self) -> Result<ConfidentialClientApplication, Error> {
        let (core, means) = self.parts()?;
        if core.credential().needs_async() {
            let why = "its callback is async: give one that blocks, or use the async API";
            return Err(Error::new(ErrorKind::Unsupported("this credential")).because(why));
        }
        let driver = means.driver()?;
        Ok(ConfidentialClientApplication { core, driver })
    }
}

/// What the blocking API is driven by.
#[derive(Default)]
pub struct BlockingMeans {
    transport: Option<Arc<dyn Transport>>,
}

impl BlockingMeans {
    fn driver(self) -> Result<BlockingDriver, Error> {
        let transport = self.transport.or_else(default_transport).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument("transport"))
                .because("give one, or turn on the feature `ureq`")
        })?;
        Ok(BlockingDriver::new(transport))
    }
}

impl Buildable for ConfidentialClientApplication {
    type Means = BlockingMeans;
}

impl Confidential for ConfidentialClientApplication {}

impl Client for ConfidentialClientApplication {
    type Core = msal_core::ConfidentialClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl BlockingClient for ConfidentialClientApplication {
    fn drive(&self, flow: Flow<AuthenticationResult>) -> Result<AuthenticationResult, Error> {
        msal_core::run(flow, &self.driver)
    }
}

impl fmt::Debug for ConfidentialClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

#[cfg(feature = "ureq")]
fn default_transport() -> Option<Arc<dyn Transport>> {
    Some(Arc::new(msal_http_ureq::UreqTransport::new()))
}

#[cfg(not(feature = "ureq"))]
fn default_transport() -> Option<Arc<dyn Transport>> {
    None
}
