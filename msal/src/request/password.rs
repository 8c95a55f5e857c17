use msal_core::app::CallOptions;
use msal_core::{AuthenticationResult, Flow, Password};

use super::UserCore;
use crate::call::{Ask, AskFor};

/// What [`acquire_token_by_username_password`](crate::PublicClientApplication::acquire_token_by_username_password) asks
/// for. `Debug` shows neither.
#[derive(Clone)]
pub struct ByPassword<S> {
    username: String,
    password: Password,
    scopes: S,
    options: CallOptions,
}

impl<S> ByPassword<S> {
    pub(crate) fn new(username: String, password: Password, scopes: S) -> Self {
        Self {
            username,
            password,
            scopes,
            options: CallOptions::default(),
        }
    }
}

impl<S> std::fmt::Debug for ByPassword<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByPassword")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<S> AskFor for ByPassword<S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.options
    }
}

impl<C: UserCore, S: IntoIterator<Item: AsRef<str>>> Ask<C> for ByPassword<S> {
    type Output = AuthenticationResult;

    fn flow(self, core: &C) -> Flow<AuthenticationResult> {
        core.by_password(self.username, self.password, self.scopes, self.options)
    }
}
