use std::fmt;
use std::path::Path;
use std::sync::Arc;

use msal_core::app::{AuthCodeOptions, CallOptions};
use msal_core::{AuthenticationResult, Error, Flow, PublicClientApplication};
use url::Url;

use super::auth_code::SignIn;
use crate::call::{Ask, AskFor, Call};
use crate::interactive::{Browser, BrowserSignIn, OpenWith, Pages, Setup};

/// What [`acquire_token_interactive`](crate::PublicClientApplication::acquire_token_interactive) asks for.
pub struct Interactive<S> {
    scopes: S,
    options: AuthCodeOptions,
    setup: Setup,
}

impl<S> Interactive<S> {
    pub(crate) fn new(scopes: S) -> Self {
        Self {
            scopes,
            options: AuthCodeOptions::default(),
            setup: Setup::default(),
        }
    }
}

impl<A, S> Call<'_, A, Interactive<S>> {
    /// What opens the URL, in place of the default browser: a [`Browser`], which a closure is too. It must not wait until
    /// the user is done.
    pub fn browser(mut self, browser: impl Browser + 'static) -> Self {
        self.request.setup.browser = Arc::new(browser);
        self
    }

    /// Opens the URL with this program, which gets it as its one argument.
    pub fn open_with(self, program: impl AsRef<Path>) -> Self {
        self.browser(OpenWith::new(program.as_ref()))
    }

    /// What is told the URL, also where a browser opens: for showing it to the user. Without it, the URL is written to
    /// the standard error where no browser can be opened.
    pub fn on_url(mut self, show: impl Fn(&Url) + Send + Sync + 'static) -> Self {
        self.request.setup.show = Some(Arc::new(show));
        self
    }

    /// The pages that the browser shows when the sign-in is over.
    pub fn pages(mut self, pages: Pages) -> Self {
        self.request.setup.pages = pages;
        self
    }

    /// The port to wait on, for a redirect URI that is registered with one. Any free one otherwise; one that is taken is
    /// an error, and no other is used in its stead.
    pub fn port(mut self, port: u16) -> Self {
        self.request.setup.port = port;
        self
    }

    /// The path of the redirect URI, such as `/auth/redirect`, where one is registered.
    pub fn redirect_path(mut self, path: impl Into<String>) -> Self {
        self.request.setup.path = path.into();
        self
    }
}

impl<S> AskFor for Interactive<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options.call
    }
}

impl<S> SignIn for Interactive<S> {
    fn sign_in(&mut self) -> &mut AuthCodeOptions {
        &mut self.options
    }
}

impl<S: IntoIterator<Item: AsRef<str>>> Ask<PublicClientApplication> for Interactive<S> {
    type Output = AuthenticationResult;

    fn flow(self, core: &PublicClientApplication) -> Flow<AuthenticationResult> {
        let id = self.options.call.correlation_id;
        match BrowserSignIn::new(self.setup) {
            Ok(browser) => {
                core.acquire_token_interactive(self.scopes, Arc::new(browser), self.options)
            }
            Err(error) => Flow::failed(match id {
                Some(id) => Error::with_correlation_id(error, id),
                None => error,
            }),
        }
    }
}

impl<S> fmt::Debug for Interactive<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interactive")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
