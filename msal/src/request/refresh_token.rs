use msal_core::app::CallOptions;
use msal_core::{AuthenticationResult, Flow, RefreshToken};

use super::UserCore;
use crate::call::{Ask, AskFor};

/// What [`acquire_token_by_refresh_token`](crate::PublicClientApplication::acquire_token_by_refresh_token) asks for.
#[derive(Clone, Debug)]
pub struct ByRefreshToken<S> {
    refresh_token: RefreshToken,
    scopes: S,
    options: CallOptions,
}

impl<S> ByRefreshToken<S> {
    pub(crate) fn new(refresh_token: RefreshToken, scopes: S) -> Self {
        Self {
            refresh_token,
            scopes,
            options: CallOptions::default(),
        }
    }
}

impl<S> AskFor for ByRefreshToken<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl<C: UserCore, S: IntoIterator<Item: AsRef<str>>> Ask<C> for ByRefreshToken<S> {
    type Output = AuthenticationResult;

    fn flow(self, core: &C) -> Flow<AuthenticationResult> {
        core.by_refresh_token(self.refresh_token, self.scopes, self.options)
    }
}
