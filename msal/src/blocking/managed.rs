use std::fmt;

use msal_core::managed_identity::{ManagedIdentityId, ManagedIdentitySource};
use msal_core::{Error, Flow};

use crate::builder::Buildable;
use crate::call::{BlockingClient, Call, Client};
use crate::calls::managed_calls;
use crate::host::BlockingDriver;
use crate::interactive::CancelHandle;
use crate::managed_builder::ManagedIdentityBuilder;
use crate::means::BlockingMeans;
use crate::request::ForMachine;

/// An application that runs on a machine of Azure's, under an identity that Azure has given that machine, so that it needs
/// no secret. Cheap to clone; make one and reuse it.
///
/// The blocking form of [`msal::ManagedIdentityApplication`](crate::ManagedIdentityApplication).
#[derive(Clone)]
pub struct ManagedIdentityApplication {
    core: msal_core::ManagedIdentityApplication,
    driver: BlockingDriver,
}

managed_calls!(ManagedIdentityApplication);

impl ManagedIdentityBuilder<ManagedIdentityApplication> {
    /// Makes the application. Decides which service is asked, and sends nothing.
    ///
    /// Fails for an id that this service does not take, where the environment does not say enough of it or names an
    /// address that secrets must not be sent to, and where neither a feature nor the program supplies a transport.
    pub fn build(self) -> Result<ManagedIdentityApplication, Error> {
        let (core, means) = self.parts()?;
        let driver = means.driver()?;
        Ok(ManagedIdentityApplication { core, driver })
    }
}

impl Buildable for ManagedIdentityApplication {
    type Means = BlockingMeans;
    const IS_ASYNC: bool = false;
}

impl Client for ManagedIdentityApplication {
    type Core = msal_core::ManagedIdentityApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl BlockingClient for ManagedIdentityApplication {
    fn drive<T>(&self, flow: Flow<T>) -> Result<T, Error> {
        msal_core::run(flow, &self.driver)
    }

    fn drive_until_cancelled<T>(&self, flow: Flow<T>, handle: &CancelHandle) -> Result<T, Error> {
        msal_core::run(flow, &self.driver.until_cancelled(handle))
    }
}

impl fmt::Debug for ManagedIdentityApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
