use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use msal_core::app::DeviceCodeFlow;
use msal_core::{Account, AuthenticationResult, Error, ErrorKind};

use super::{TokenContext, given};
use crate::interactive::Browser;
use crate::{ConfidentialClientApplication, PublicClientApplication, Url};

/// A user of a program: silent while the cache suffices, and what its [`SignIn`] says when only the user can help.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use msal::PublicClientApplication;
/// use msal::azure::{SignIn, UserCredential};
///
/// # fn example() -> Result<(), msal::Error> {
/// let app = PublicClientApplication::builder("client-id").build()?;
/// let credential = Arc::new(UserCredential::new(app, SignIn::browser()));
/// # Ok(())
/// # }
/// ```
///
/// Several clients of the SDK can share one: they wait for one sign-in.
pub struct UserCredential {
    app: App,
    sign_in: SignIn,
    /// Whose credential it is, as soon as that is known.
    account: Mutex<Option<Account>>,
    /// Held while the user is asked.
    turn: async_lock::Mutex<()>,
}

/// What becomes of a call that only the user can help.
#[derive(Clone)]
#[non_exhaustive]
pub enum SignIn {
    /// The user signs in with a browser: the default one, unless another is given.
    Browser(Option<Arc<dyn Browser>>),
    /// The user signs in on another device, with a code that this shows them.
    DeviceCode(Arc<dyn Fn(&DeviceCodeFlow) + Send + Sync>),
    /// It fails, with an error that [`needs_interaction`](Error::needs_interaction): for a program that signs users in at a
    /// time of its own choice.
    Never,
}

enum App {
    Confidential(ConfidentialClientApplication),
    Public(PublicClientApplication),
}

impl UserCredential {
    /// The user of this program: the only one in its cache, or whoever signs in first.
    pub fn new(app: PublicClientApplication, sign_in: SignIn) -> Self {
        Self::of(App::Public(app), sign_in, None)
    }

    /// A user of this program, who may have signed in before. Nobody else will do.
    pub fn of_account(app: PublicClientApplication, account: Account, sign_in: SignIn) -> Self {
        Self::of(App::Public(app), sign_in, Some(account))
    }

    /// A user who has signed in to this web app. Nobody can be asked when the cache does not suffice.
    pub fn of_web_app(app: ConfidentialClientApplication, account: Account) -> Self {
        Self::of(App::Confidential(app), SignIn::Never, Some(account))
    }

    /// Whose credential it is, as soon as that is known.
    pub fn account(&self) -> Option<Account> {
        self.known().clone()
    }

    fn of(app: App, sign_in: SignIn, account: Option<Account>) -> Self {
        Self {
            app,
            sign_in,
            account: Mutex::new(account),
            turn: async_lock::Mutex::new(()),
        }
    }

    async fn token(
        &self,
        scopes: &[&str],
        context: TokenContext,
    ) -> Result<AuthenticationResult, Error> {
        match self.silent(scopes, &context).await {
            Err(error) if error.needs_interaction() && !self.sign_in.is_never() => {}
            outcome => return outcome,
        }
        let _turn = self.turn.lock().await;
        // Whoever had the turn before may have signed in.
        let error = match self.silent(scopes, &context).await {
            Err(error) if error.needs_interaction() => error,
            outcome => return outcome,
        };
        let App::Public(app) = &self.app else {
            return Err(error);
        };
        let result = self
            .ask_user(app, scopes, context.with_claims_of(&error))
            .await?;
        self.remember(&result)?;
        Ok(result)
    }

    async fn silent(
        &self,
        scopes: &[&str],
        context: &TokenContext,
    ) -> Result<AuthenticationResult, Error> {
        let account = self.cached_account().await?;
        match &self.app {
            App::Confidential(app) => {
                let call = app.acquire_token_silent(scopes, &account);
                context.clone().apply(call).await
            }
            App::Public(app) => {
                let call = app.acquire_token_silent(scopes, &account);
                context.clone().apply(call).await
            }
        }
    }

    async fn ask_user(
        &self,
        app: &PublicClientApplication,
        scopes: &[&str],
        context: TokenContext,
    ) -> Result<AuthenticationResult, Error> {
        match &self.sign_in {
            SignIn::Browser(browser) => {
                let mut call = context.apply(app.acquire_token_interactive(scopes));
                if let Some(browser) = browser.clone() {
                    call = call.browser(move |url: &Url| browser.open(url));
                }
                if let Some(account) = self.account() {
                    call = call.login_hint(account.username());
                }
                call.await
            }
            SignIn::DeviceCode(show) => {
                let flow = context.apply(app.initiate_device_code_flow(scopes)).await?;
                show(&flow);
                app.acquire_token_by_device_code(flow).await
            }
            SignIn::Never => Err(Error::new(ErrorKind::InteractionRequired)),
        }
    }

    /// Whose token is looked for in the cache.
    async fn cached_account(&self) -> Result<Account, Error> {
        if let Some(account) = self.account() {
            return Ok(account);
        }
        let accounts = match &self.app {
            App::Confidential(app) => app.accounts().await?,
            App::Public(app) => app.accounts().await?,
        };
        match accounts.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Error::new(ErrorKind::InteractionRequired).because("nobody has signed in")),
            _ => Err(Error::new(ErrorKind::InvalidArgument("account"))
                .because("several users have signed in: say which one this credential is for")),
        }
    }

    fn remember(&self, result: &AuthenticationResult) -> Result<(), Error> {
        let signed_in = result.account();
        let mut known = self.known();
        let is_other = match (&*known, signed_in) {
            (Some(known), Some(now)) => known.home_account_id() != now.home_account_id(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_other {
            return Err(Error::new(ErrorKind::InteractionRequired)
                .because("somebody else has signed in than the user whom this credential is for"));
        }
        *known = signed_in.cloned();
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Account>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenCredential for UserCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let context = TokenContext::of(options.as_ref());
        given(self.token(scopes, context).await)
    }
}

impl fmt::Debug for UserCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCredential")
            .field("sign_in", &self.sign_in)
            .finish_non_exhaustive()
    }
}

impl SignIn {
    /// With the default browser.
    pub fn browser() -> Self {
        Self::Browser(None)
    }

    /// With this browser, which a closure is too.
    pub fn with_browser(browser: impl Browser + 'static) -> Self {
        Self::Browser(Some(Arc::new(browser)))
    }

    /// On another device; `show` tells the user where to go and what to type,
    /// such as [`prompt`](DeviceCodeFlow::prompt).
    pub fn device_code(show: impl Fn(&DeviceCodeFlow) + Send + Sync + 'static) -> Self {
        Self::DeviceCode(Arc::new(show))
    }

    fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser(_) => "Browser",
            Self::DeviceCode(_) => "DeviceCode",
            Self::Never => "Never",
        })
    }
}
