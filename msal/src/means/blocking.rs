use std::sync::Arc;

use msal_core::{Error, ErrorKind, Transport};

use crate::builder::{Buildable, Builder};
use crate::host::BlockingDriver;

impl<A: Buildable<Means = BlockingMeans>> Builder<A> {
    /// What sends the requests. By default ureq, by the feature of that name.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.means.transport = Some(Arc::new(transport));
        self
    }
}

/// What the blocking API is driven by.
#[derive(Default)]
pub struct BlockingMeans {
    transport: Option<Arc<dyn Transport>>,
}

impl BlockingMeans {
    pub(crate) fn driver(self) -> Result<BlockingDriver, Error> {
        let transport = self.transport.or_else(default_transport).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument("transport"))
                .because("give one, or turn on the feature `ureq`")
        })?;
        Ok(BlockingDriver::new(transport))
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
