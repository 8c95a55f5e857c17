use msal_core::app::{AccountFilter, LogoutOptions};
use msal_core::{Account, CorrelationId, Flow};
use url::Url;

use super::UserCore;
use crate::call::{Ask, Call};

/// What [`accounts`](crate::PublicClientApplication::accounts) asks for: all of them, unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Accounts<'a>(AccountFilter<'a>);

impl<'a, A> Call<'a, A, Accounts<'a>> {
    /// Only the one of this home account id, as a session keeps it.
    pub fn home_account_id(mut self, id: &'a str) -> Self {
        self.request.0 = AccountFilter::HomeAccountId(id);
        self
    }

    /// Only those who sign in with this name, compared without case.
    pub fn username(mut self, name: &'a str) -> Self {
        self.request.0 = AccountFilter::Username(name);
        self
    }
}

impl<C: UserCore> Ask<C> for Accounts<'_> {
    type Output = Vec<Account>;

    fn flow(self, core: &C) -> Flow<Vec<Account>> {
        core.accounts(self.0)
    }
}

/// What [`remove_account`](crate::PublicClientApplication::remove_account) asks for.
#[derive(Clone, Debug)]
pub struct RemoveAccount<'a>(pub(crate) &'a Account);

impl<C: UserCore> Ask<C> for RemoveAccount<'_> {
    type Output = bool;

    fn flow(self, core: &C) -> Flow<bool> {
        core.remove_account(self.0)
    }
}

/// What [`logout_url`](crate::PublicClientApplication::logout_url) asks for.
#[derive(Clone, Debug, Default)]
pub struct LogoutUrl(LogoutOptions);

impl<A> Call<'_, A, LogoutUrl> {
    /// The user, so that the identity provider need not ask who it is.
    pub fn account(mut self, account: &Account) -> Self {
        self.request.0.account = Some(account.clone());
        self
    }

    /// Ties requests, logs and errors of the call to this id, rather than to a random one.
    pub fn correlation_id(mut self, id: CorrelationId) -> Self {
        self.request.0.correlation_id = Some(id);
        self
    }

    /// Where the browser goes afterwards: one of the application's registered URIs.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.request.0.post_logout_redirect_uri = Some(uri.into());
        self
    }

    /// What comes back with that, unchanged.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.request.0.state = Some(state.into());
        self
    }
}

impl<C: UserCore> Ask<C> for LogoutUrl {
    type Output = Url;

    fn flow(self, core: &C) -> Flow<Url> {
        core.logout_url(self.0)
    }
}
