//! The way of a hit: one look-up, no allocation, no flow.

use std::sync::Arc;

use super::user::home_of;
use super::{Account, App};
use crate::AuthenticationResult;
use crate::flows::cached::is_being_renewed;
use crate::flows::stored;
use crate::freshness::Freshness;
use crate::result::User;
use crate::store::{AccessTokenEntry, AccessTokenLookup, ExtendedKey, OwnerRef};

impl App {
    /// A cached token of the application itself that can be handed out without any work.
    pub(super) fn app_hit<S>(&self, scopes: S) -> Option<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        let realm = self.authority.realm();
        let good = |scopes: &[&str]| self.good(OwnerRef::App, realm, None, scopes);
        let token = with_borrowed(scopes, good)?;
        Some(AuthenticationResult::from_cache(token, self.ids))
    }

    /// A cached token of a managed identity that can be handed out without any work.
    pub(super) fn machine_hit(
        &self,
        resource: &str,
        key: Option<&ExtendedKey>,
    ) -> Option<AuthenticationResult> {
        let realm = self.authority.realm();
        let token = self.good(OwnerRef::App, realm, key, &[resource])?;
        Some(AuthenticationResult::from_cache(token, self.ids))
    }

    /// A cached token of a user that can be handed out without any work.
    pub(super) fn user_hit<S>(&self, scopes: S, account: &Account) -> Option<AuthenticationResult>
    where
        S: IntoIterator<Item: AsRef<str>> + Clone,
    {
        let owner = OwnerRef::Account(account.home_account_id());
        let realm = match home_of(&self.authority, account) {
            Some(home) => home,
            None => self.authority.realm(),
        };
        let token = with_borrowed(scopes, |scopes| self.good(owner, realm, None, scopes))?;
        let user = User::cached(self.clone(), Some(account.clone()));
        Some(AuthenticationResult::from_cache(token, self.ids).with_user(Some(user)))
    }

    fn good(
        &self,
        owner: OwnerRef<'_>,
        realm: &str,
        extended: Option<&ExtendedKey>,
        scopes: &[&str],
    ) -> Option<Arc<AccessTokenEntry>> {
        let now = self.env.now();
        let lookup = AccessTokenLookup {
            cloud: self.authority.cloud(),
            realm,
            client_id: &self.client_id,
            owner,
            binding: None,
            extended,
            scopes,
            scope_case: self.authority.scope_case(),
        };
        if stored::is_due(&lookup, self, now) {
            return None;
        }
        let token = self.store.access_token(&lookup, now)?;
        match Freshness::of(&token, now) {
            Freshness::Fresh => Some(token),
            Freshness::Stale if is_being_renewed(&token, scopes, self) => Some(token),
            _ => None,
        }
    }
}

/// Calls `use_them` with the scopes as a slice, without allocating while they are few.
fn with_borrowed<S, R>(scopes: S, use_them: impl FnOnce(&[&str]) -> R) -> R
where
    S: IntoIterator<Item: AsRef<str>> + Clone,
{
    let mut rest = scopes.clone().into_iter().fuse();
    let few: [Option<S::Item>; FEW] = std::array::from_fn(|_| rest.next());
    if rest.next().is_some() {
        let many: Vec<S::Item> = scopes.into_iter().collect();
        let many: Vec<&str> = many.iter().map(AsRef::as_ref).collect();
        return use_them(&many);
    }
    let mut borrowed = [""; FEW];
    let mut count = 0;
    for (place, scope) in borrowed.iter_mut().zip(few.iter().flatten()) {
        *place = scope.as_ref();
        count += 1;
    }
    use_them(borrowed.get(..count).unwrap_or_default())
}

const FEW: usize = 4;
