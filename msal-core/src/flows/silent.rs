//! A token for a user who signed in before.

use super::cached::{Grant, Wanted};
use super::finish::Whose;
use super::refresh;
use crate::app::App;
use crate::flow::Io;
use crate::result::User;
use crate::store::UserFilter;
use crate::{Account, AuthenticationResult, Error, ErrorKind};

/// The refresh token grant, RFC 6749 section 6, with the refresh tokens of the cache.
pub(crate) struct Silent {
    pub(crate) account: Account,
}

impl Grant for Silent {
    const FLOW: &'static str = "silent";
    const RENEWAL: &'static str = "silent renewal";

    async fn obtain(
        &self,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let whose = Whose::Account(&self.account);
        refresh::redeem(self.filter(), whose, wanted, app, io).await
    }

    fn takes_turns(&self) -> bool {
        true
    }

    fn user(&self, app: &App) -> Option<User> {
        Some(User::cached(app.clone(), Some(self.account.clone())))
    }

    fn can_renew(&self, wanted: &Wanted, app: &App) -> Option<bool> {
        Some(refresh::is_any(self.filter(), wanted, app))
    }

    fn not_cached(&self, wanted: &Wanted, app: &App) -> Error {
        match refresh::is_any(self.filter(), wanted, app) {
            true => Error::new(ErrorKind::NotCached)
                .because("there is a refresh token: a call that may use the network can renew it"),
            false => Error::new(ErrorKind::InteractionRequired)
                .because("the cache holds no token of this account for this application"),
        }
    }
}

impl Silent {
    fn filter(&self) -> UserFilter<'_> {
        UserFilter::HomeAccountId(self.account.home_account_id())
    }
}
