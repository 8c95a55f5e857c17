//! A token for the user who called an API, for the API to call another with.

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest, Sha256};
use url::Url;

use super::cached::{Grant, Wanted};
use super::finish::{Process, Whose};
use super::refresh;
use super::stored;
use super::user_grant::UserGrant;
use crate::app::App;
use crate::flow::Io;
use crate::protocol::{UserRequest, on_behalf_of};
use crate::result::User;
use crate::store::{Change, Entity, Owner, Partition, Removal, TokenKey, UserFilter};
use crate::{AuthenticationResult, Authority, Error, ErrorKind, UserAssertion};

/// The on-behalf-of grant. Its tokens are cached under the hash of the assertion, and answer nothing but it.
pub(crate) struct OnBehalfOf {
    /// None where a long-running process goes on without it.
    pub(crate) assertion: Option<UserAssertion>,
    /// The assertion's hash, or the process's key.
    pub(crate) key: String,
    /// Whether a refresh token is kept for a process that outlives the assertion.
    pub(crate) is_long: bool,
}

impl Grant for OnBehalfOf {
    const FLOW: &'static str = "on behalf of";
    const RENEWAL: &'static str = "on behalf of renewal";

    async fn obtain(
        &self,
        wanted: &Wanted,
        app: &App,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let whose = Whose::Assertion {
            hash: &self.key,
            process: self.is_long.then_some(Process::Begins),
        };
        let Some(assertion) = &self.assertion else {
            let filter = UserFilter::Assertion(&self.key);
            if !refresh::is_any(filter, wanted, app) {
                return Err(unknown_process());
            }
            return refresh::redeem(filter, whose, wanted, app, io).await;
        };
        let make = |user: &UserRequest<'_>, endpoint: &Url, id| {
            on_behalf_of::request(assertion, user, endpoint, id)
        };
        UserGrant::new(whose, wanted, app).redeem(make, io).await
    }

    fn flight(&self, key: TokenKey) -> TokenKey {
        match &self.assertion {
            // Two processes that begin under one key at once may be for two users.
            Some(assertion) if self.is_long => TokenKey {
                owner: Owner::Assertion {
                    hash: [&self.key, " ", &*hash(assertion)].concat().into(),
                    home_account_id: None,
                },
                ..key
            },
            _ => key,
        }
    }

    fn takes_turns(&self) -> bool {
        self.assertion.is_none()
    }

    fn user(&self, app: &App) -> Option<User> {
        Some(User::cached(app.clone(), None))
    }

    fn not_cached(&self, _wanted: &Wanted, _app: &App) -> Error {
        match self.assertion {
            Some(_) => Error::new(ErrorKind::NotCached),
            None => unknown_process(),
        }
    }
}

/// What an assertion is known by in the cache, as in MSAL .NET, Java and Node.
pub(crate) fn hash(assertion: &UserAssertion) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(assertion.expose()))
}

/// What a long-running process is known by in the cache. Keys may come from anywhere: none is another's, and none is
/// the hash of an assertion.
pub(crate) fn process(key: &str) -> String {
    let hash = Sha256::new_with_prefix("long-running process\n").chain_update(key);
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The tenant that has answered this assertion or process already, where the authority is for many.
pub(crate) fn answered_realm(key: &str, authority: &Authority, app: &App) -> Option<Arc<str>> {
    if authority.is_tenanted() {
        return None;
    }
    let users = app
        .store
        .users(authority.cloud(), UserFilter::Assertion(key));
    let mut entities = users.iter().flat_map(|user| user.iter());
    entities.find_map(|entity| match entity {
        Entity::IdToken(token) if token.client_id == app.client_id => Some(token.realm.clone()),
        _ => None,
    })
}

/// Forgets all tokens of a long-running process, in the store too. Fails where it could not be forgotten for good.
pub(crate) async fn stop(key: Arc<str>, app: &App, mut io: Io) -> Result<(), Error> {
    forget(key.clone(), app);
    stored::save(&Partition::Assertion(key), app, &mut io).await
}

/// Forgets them in memory.
pub(crate) fn forget(key: Arc<str>, app: &App) {
    app.store.apply(&Change::remove(Removal::Assertion {
        environment: app.authority.environment().clone(),
        client_id: app.client_id.clone(),
        hash: key,
    }));
}

fn unknown_process() -> Error {
    Error::new(ErrorKind::NotCached)
        .because("the cache knows no long-running process of this key: begin it with an assertion")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_has_the_hash_of_the_other_libraries() {
        let assertion = UserAssertion::new("fake.user.assertion");
        assert_eq!(
            hash(&assertion),
            "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU"
        );
    }
}
