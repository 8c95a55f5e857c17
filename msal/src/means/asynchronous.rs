use std::sync::Arc;

use msal_core::{AsyncTransport, Error, ErrorKind};

use super::Takes;
use crate::builder::{Buildable, Builder};
use crate::host::AsyncDriver;
use crate::managed_builder::ManagedIdentityBuilder;
use crate::runtime::Runtime;

impl<A: Buildable<Means = AsyncMeans>> Builder<A> {
    /// What waits and runs tasks. By default tokio, by the feature of that name.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.means.runtime = Some(Arc::new(runtime));
        self
    }
}

impl<A: Buildable<Means = AsyncMeans>> ManagedIdentityBuilder<A> {
    /// What waits and runs tasks. By default tokio, by the feature of that name.
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.means.runtime = Some(Arc::new(runtime));
        self
    }
}

/// What the async API is driven by.
#[derive(Default)]
pub struct AsyncMeans {
    transport: Option<Arc<dyn AsyncTransport>>,
    runtime: Option<Arc<dyn Runtime>>,
}

impl AsyncMeans {
    pub(crate) fn driver(self) -> Result<AsyncDriver, Error> {
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

impl<T: AsyncTransport + 'static> Takes<T> for AsyncMeans {
    fn take(&mut self, transport: T) {
        self.transport = Some(Arc::new(transport));
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
