use std::fmt;

use msal_core::app::{AuthCodeFlow, DeviceCodeFlow};
use msal_core::{Account, Error, Flow, Password, RefreshToken};

use crate::builder::{Buildable, Builder};
use crate::call::{AsyncClient, Call, Client};
use crate::calls::{public_calls, user_calls};
use crate::host::AsyncDriver;
use crate::means::AsyncMeans;
use crate::request::{
    Accounts, ByAuthCode, ByDeviceCode, ByPassword, ByRefreshToken, InitiateAuthCode,
    InitiateDeviceCode, Interactive, LogoutUrl, RemoveAccount, Silent,
};
use crate::runtime::BoxFuture;

/// An application that cannot keep a secret: a desktop program, a command, a device. Cheap to clone; make one and
/// reuse it.
///
/// ```no_run
/// use msal::PublicClientApplication;
///
/// # async fn example() -> Result<(), msal::Error> {
/// let app = PublicClientApplication::builder("client-id").build()?;
/// let scopes = ["User.Read"];
///
/// // Whoever signed in before need not do so again ..
/// let mut silent = None;
/// if let Some(account) = app.accounts().await?.first() {
///     silent = match app.acquire_token_silent(scopes, account).await {
///         Ok(result) => Some(result),
///         Err(error) if error.needs_interaction() => None,
///         Err(error) => return Err(error),
///     };
/// }
/// // .. and who did not, or must once more, gets a code for a browser.
/// let result = match silent {
///     Some(result) => result,
///     None => {
///         let flow = app.initiate_device_code_flow(scopes).await?;
///         println!("{}", flow.prompt());
///         app.acquire_token_by_device_code(flow).await?
///     }
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PublicClientApplication {
    core: msal_core::PublicClientApplication,
    driver: AsyncDriver,
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
    /// Makes the application. Sends nothing, and may run outside a runtime.
    ///
    /// Fails for an authority or an option that cannot be used, and where neither a feature nor
    /// the program supplies transport or runtime.
    pub fn build(self) -> Result<PublicClientApplication, Error> {
        let (core, means) = self.public()?;
        let driver = means.driver()?;
        Ok(PublicClientApplication { core, driver })
    }
}

impl Buildable for PublicClientApplication {
    type Means = AsyncMeans;
    const IS_ASYNC: bool = true;
}

impl Client for PublicClientApplication {
    type Core = msal_core::PublicClientApplication;

    fn core(&self) -> &Self::Core {
        &self.core
    }
}

impl AsyncClient for PublicClientApplication {
    fn drive<T: Send + 'static>(&self, flow: Flow<T>) -> BoxFuture<Result<T, Error>> {
        self.driver.drive(flow)
    }
}

impl fmt::Debug for PublicClientApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
