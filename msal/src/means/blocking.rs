use std::sync::Arc;

use msal_core::{Error, ErrorKind, Transport};

use super::Takes;
use crate::host::BlockingDriver;

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

impl<T: Transport + 'static> Takes<T> for BlockingMeans {
    fn take(&mut self, transport: T) {
        self.transport = Some(Arc::new(transport));
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
