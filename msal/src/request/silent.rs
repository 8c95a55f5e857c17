use msal_core::app::{CallOptions, Explanation, SilentOptions};
use msal_core::{Account, AuthenticationResult, Error, Flow};

use super::UserCore;
use crate::call::{Ask, AskFor, Call, Client};

/// What [`acquire_token_silent`](crate::PublicClientApplication::acquire_token_silent) asks for.
#[derive(Clone, Debug)]
pub struct Silent<'a, S> {
    scopes: S,
    account: &'a Account,
    options: Option<Box<SilentOptions>>,
}

impl<'a, S> Silent<'a, S> {
    pub(crate) fn new(scopes: S, account: &'a Account) -> Self {
        Self {
            scopes,
            account,
            options: None,
        }
    }

    fn own_options(&mut self) -> &mut SilentOptions {
        self.options.get_or_insert_default()
    }
}

impl<A, S> Call<'_, A, Silent<'_, S>> {
    /// Asks nothing but the cache: the network is not reached. Where a refresh token could have helped the error is of
    /// the kind [`NotCached`](msal_core::ErrorKind::NotCached).
    pub fn cache_only(mut self) -> Self {
        self.request.own_options().cache_only = true;
        self
    }

    /// Goes past the cached access token. Not for every call: the identity provider limits how often it is asked.
    pub fn force_refresh(mut self) -> Self {
        self.request.own_options().force_refresh = true;
        self
    }
}

impl<A, S> Call<'_, A, Silent<'_, S>>
where
    A: Client<Core: UserCore>,
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    /// Why the call would be answered from the cache, or why not, instead of making it. Sends nothing.
    pub fn explain(self) -> Result<Explanation, Error> {
        let Silent {
            scopes,
            account,
            options,
        } = self.request;
        self.app.core().explain_silent(scopes, account, options)
    }
}

impl<S> AskFor for Silent<'_, S> {
    fn options(&mut self) -> &mut CallOptions {
        &mut self.own_options().call
    }
}

impl<C: UserCore, S> Ask<C> for Silent<'_, S>
where
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    type Output = AuthenticationResult;

    fn flow(self, core: &C) -> Flow<AuthenticationResult> {
        core.silent(self.scopes, self.account, self.options)
    }
}
