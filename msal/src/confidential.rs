use std::fmt;
use std::sync::Arc;

use msal_core::{AsyncTransport, AuthenticationResult, Error, ErrorKind, Flow};

use crate::builder::{Buildable, Builder, Confidential};
use crate::call::{AsyncClient, Call, Client, ForClient};
use crate::host::AsyncDriver;
use crate::runtime::{BoxFuture, Runtime};

/// An application that can keep a secret: a web app, a web API, a daemon. Cheap to clone; make one and reuse it.
///
/// ```no_run
/// use msal::{ClientCredential, ConfidentialClientApplication};
///
/// # async fn example(secret: String) -> Result<(), msal::Error> {
/// let app = ConfidentialClientApplication::builder("client-id")
///     .authority("https://login.microsoftonline.com/contoso.onmicrosoft.com")
///     .credential(ClientCredential::from_secret(secret))
///     .build()?;
/// let result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConfidentialClientApplication {
    core: msal_core::ConfidentialClientApplication,
    driver: AsyncDriver,
}

impl ConfidentialClientApplication {
    /// Begins an application of this client id (the "application id" of its registration).
    pub fn builder(client_id: impl Into<String>) -> Builder<Self> {
        Builder::new(client_id)
    }

    /// A token for the application itself: from the cache, or by the client credentials grant, RFC 6749 section 4.4.
    ///
    /// `scopes` are mostly one resource's `/.default`. The tenant must be a certain one, not `common`. A token that is
    /// due for renewal but still works is handed out at once and renewed beside.
    pub fn acquire_token_for_client<S>(&self, scopes: S) -> Call<'_, Self, ForClient<S>>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        Call::new(self, ForClient::new(scopes))
    }
}

impl Builder<ConfidentialClientApplication> {
    /// What sends the requests. By default reqwest, by the feature of that name.
    pub fn transport(mut self, transport: impl AsyncTransport + 'static) -> Self {
        self.means.transport = Some(Arc::new(transport));
        self
    }

    /// What waits and runs tasks. By default tokio, by the feature of that name.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.means.runtime = Some(Arc::new(runtime));
        self
    }

    /// Makes the application. Sends nothing, and may run outside a runtime.
    ///
    /// Fails for an authority or an option that cannot be used, without a credential, and where neither a feature nor
    /// the program supplies transport or runtime.
    pub fn build(self) -> Result<ConfidentialClientApplication, Error> {
        let (core, means) = self.parts()?;
        let driver = means.driver()?;
        Ok(ConfidentialClientApplication { core, driver })
    }
}

/// What the async API is driven by.
#[derive(Default)]
pub struct AsyncMeans {
    transport: Option<Arc<dyn AsyncTransport>>,
    runtime: Option<Arc<dyn Runtime>>,
}

impl AsyncMeans {
    fn driver(self) -> Result<AsyncDriver, Error> {
        let transport = self
            .transport
            .or_else(default_transport)
            .ok_or_else(|| missing("transport", "give one, or turn on the feature `reqwest`"))?;
        let runtime = self
            .runtime
            .or_else(default_runtime)
            .ok_or_else(|| missing("runtime", "give one, or turn on the feature `tokio`"))?;
        Ok(AsyncDriver::new(transport, runtime))
    }
}

impl Buildable for ConfidentialClientApplication {
    type Means = AsyncMeans;
}

impl Confidential for ConfidentialClientApplication {}

impl Client for ConfidentialClientApplication {
    type Core = msal_core::ConfidentialClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl AsyncClient for ConfidentialClientApplication {
    fn drive(
        &self,
        flow: Flow<AuthenticationResult>,
    ) -> BoxFuture<Result<AuthenticationResult, Error>> {
        self.driver.drive(flow)
    }
}

impl fmt::Debug for ConfidentialClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Option<Arc<dyn AsyncTransport>> {
    Some(Arc::new(msal_http_reqwest::ReqwestTransport::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Option<Arc<dyn AsyncTransport>> {
    None
}

#[cfg(feature = "tokio")]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(crate::runtime::Tokio))
}

#[cfg(not(feature = "tokio"))]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    None
}

fn missing(what: &'static str, how: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(what)).because(how)
}
