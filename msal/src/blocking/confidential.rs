use std::fmt;

use msal_core::app::AuthCodeFlow;
use msal_core::credential::ClientCredential;
use msal_core::protocol::user_fic::FederatedUser;
use msal_core::{
    Account, Error, ErrorKind, Flow, Password, RefreshToken, UserAssertion,
    UserFederatedIdentityCredential,
};

use crate::builder::{Buildable, Builder, Confidential};
use crate::call::{BlockingClient, Call, Client};
use crate::calls::{confidential_calls, user_calls};
use crate::host::BlockingDriver;
use crate::interactive::CancelHandle;
use crate::means::BlockingMeans;
use crate::request::{
    Accounts, ByAuthCode, ByPassword, ByRefreshToken, ByUserFederatedIdentityCredential, ForClient,
    InitiateAuthCode, LogoutUrl, OnBehalfOf, RemoveAccount, Silent, StopProcess,
};

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
}

confidential_calls!(ConfidentialClientApplication);
user_calls!(ConfidentialClientApplication);

impl Builder<ConfidentialClientApplication> {
    /// Makes the application. Sends nothing.
    ///
    /// Fails for an authority or an option that cannot be used, without a credential, for a credential with an async
    /// callback, and where neither a feature nor the program supplies a transport.
    pub fn build(self) -> Result<ConfidentialClientApplication, Error> {
        let (core, means) = self.confidential()?;
        if core.credential().is_some_and(ClientCredential::needs_async) {
            let why = "its callback is async: give one that blocks, or use the async API";
            return Err(Error::new(ErrorKind::Unsupported("this credential")).because(why));
        }
        let driver = means.driver()?;
        Ok(ConfidentialClientApplication { core, driver })
    }
}

impl Buildable for ConfidentialClientApplication {
    type Means = BlockingMeans;
    const IS_ASYNC: bool = false;
}

impl Confidential for ConfidentialClientApplication {}

impl Client for ConfidentialClientApplication {
    type Core = msal_core::ConfidentialClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl BlockingClient for ConfidentialClientApplication {
    fn drive<T>(&self, flow: Flow<T>) -> Result<T, Error> {
        msal_core::run(flow, &self.driver)
    }

    fn drive_until_cancelled<T>(&self, flow: Flow<T>, handle: &CancelHandle) -> Result<T, Error> {
        msal_core::run(flow, &self.driver.until_cancelled(handle))
    }
}

impl fmt::Debug for ConfidentialClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
