use std::fmt;

use msal_core::app::{AuthCodeFlow, DeviceCodeFlow};
use msal_core::{Account, Error, Flow, Password, RefreshToken};

use crate::builder::{Buildable, Builder};
use crate::call::{BlockingClient, Call, Client};
use crate::calls::{public_calls, user_calls};
use crate::host::BlockingDriver;
use crate::interactive::CancelHandle;
use crate::means::BlockingMeans;
use crate::request::{
    Accounts, ByAuthCode, ByDeviceCode, ByPassword, ByRefreshToken, InitiateAuthCode,
    InitiateDeviceCode, Interactive, LogoutUrl, RemoveAccount, Silent,
};

/// An application that cannot keep a secret: a desktop program, a command, a device. Cheap to clone; make one and
/// reuse it.
///
/// The blocking form of [`msal::PublicClientApplication`](crate::PublicClientApplication).
#[derive(Clone)]
pub struct PublicClientApplication {
    core: msal_core::PublicClientApplication,
    driver: BlockingDriver,
}

impl PublicClientApplication {
    /// Begins an application of this client id (the "application id" of its registration).
    pub fn builder(client_id: impl Into<String>) -> Builder<Self> {
        Builder::new(client_id)
    }
}

public_calls!(PublicClientApplication);
user_calls!(PublicClientApplication);

impl Builder<PublicClientApplication> {
    /// Makes the application. Sends nothing.
    ///
    /// Fails for an authority or an option that cannot be used, and where neither a feature nor the program supplies
    /// a transport.
    pub fn build(self) -> Result<PublicClientApplication, Error> {
        let (core, means) = self.public()?;
        let driver = means.driver()?;
        Ok(PublicClientApplication { core, driver })
    }
}

impl Buildable for PublicClientApplication {
    type Means = BlockingMeans;
    const IS_ASYNC: bool = false;
}

impl Client for PublicClientApplication {
    type Core = msal_core::PublicClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl BlockingClient for PublicClientApplication {
    fn drive<T>(&self, flow: Flow<T>) -> Result<T, Error> {
        msal_core::run(flow, &self.driver)
    }

    fn drive_until_cancelled<T>(&self, flow: Flow<T>, handle: &CancelHandle) -> Result<T, Error> {
        msal_core::run(flow, &self.driver.until_cancelled(handle))
    }
}

impl fmt::Debug for PublicClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
