use std::fmt;

use msal_core::managed_identity::{ManagedIdentityId, ManagedIdentitySource};
use msal_core::{Error, Flow};

use crate::builder::Buildable;
use crate::call::{AsyncClient, Call, Client};
use crate::calls::managed_calls;
use crate::host::AsyncDriver;
use crate::managed_builder::ManagedIdentityBuilder;
use crate::means::AsyncMeans;
use crate::request::ForMachine;
use crate::runtime::BoxFuture;

/// An application that runs on a machine of Azure's, under an identity that Azure has given that machine, so that it needs
/// no secret. Cheap to clone; make one and reuse it.
///
/// ```no_run
/// use msal::{ManagedIdentityApplication, ManagedIdentityId};
///
/// # async fn example() -> Result<(), msal::Error> {
/// let app = ManagedIdentityApplication::builder(ManagedIdentityId::SystemAssigned).build()?;
/// let result = app.acquire_token("https://vault.azure.net").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ManagedIdentityApplication {
    core: msal_core::ManagedIdentityApplication,
    driver: AsyncDriver,
}

managed_calls!(ManagedIdentityApplication);

impl ManagedIdentityBuilder<ManagedIdentityApplication> {
    /// Makes the application. Decides which service is asked, sends nothing, and may run outside a runtime.
    ///
    /// Fails for an id that this service does not take, where the environment does not say enough of it or names an
    /// address that secrets must not be sent to, and where neither a feature nor the program supplies transport or
    /// runtime.
    pub fn build(self) -> Result<ManagedIdentityApplication, Error> {
        let (core, means) = self.parts()?;
        let driver = means.driver()?;
        Ok(ManagedIdentityApplication { core, driver })
    }
}

impl Buildable for ManagedIdentityApplication {
    type Means = AsyncMeans;
    const IS_ASYNC: bool = true;
}

impl Client for ManagedIdentityApplication {
    type Core = msal_core::ManagedIdentityApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl AsyncClient for ManagedIdentityApplication {
    fn drive<T: Send + 'static>(&self, flow: Flow<T>) -> BoxFuture<Result<T, Error>> {
        self.driver.drive(flow)
    }
}

impl fmt::Debug for ManagedIdentityApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
