use std::fmt;

use msal_core::app::AuthCodeFlow;
use msal_core::protocol::user_fic::FederatedUser;
use msal_core::{
    Account, Error, Flow, Password, RefreshToken, UserAssertion, UserFederatedIdentityCredential,
};

use crate::builder::{Buildable, Builder, Confidential};
use crate::call::{AsyncClient, Call, Client};
use crate::calls::{confidential_calls, user_calls};
use crate::host::AsyncDriver;
use crate::means::AsyncMeans;
use crate::request::{
    Accounts, ByAuthCode, ByPassword, ByRefreshToken, ByUserFederatedIdentityCredential, ForClient,
    InitiateAuthCode, LogoutUrl, OnBehalfOf, RemoveAccount, Silent, StopProcess,
};
use crate::runtime::BoxFuture;

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
}

confidential_calls!(ConfidentialClientApplication);
user_calls!(ConfidentialClientApplication);

impl Builder<ConfidentialClientApplication> {
    /// Makes the application. Sends nothing, and may run outside a runtime.
    ///
    /// Fails for an authority or an option that cannot be used, without a credential, and where neither a feature nor
    /// the program supplies transport or runtime.
    pub fn build(self) -> Result<ConfidentialClientApplication, Error> {
        let (core, means) = self.confidential()?;
        let driver = means.driver()?;
        Ok(ConfidentialClientApplication { core, driver })
    }
}

impl Buildable for ConfidentialClientApplication {
    type Means = AsyncMeans;
    const IS_ASYNC: bool = true;
}

impl Confidential for ConfidentialClientApplication {}

impl Client for ConfidentialClientApplication {
    type Core = msal_core::ConfidentialClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl AsyncClient for ConfidentialClientApplication {
    fn drive<T: Send + 'static>(&self, flow: Flow<T>) -> BoxFuture<Result<T, Error>> {
        self.driver.drive(flow)
    }
}

impl fmt::Debug for ConfidentialClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
