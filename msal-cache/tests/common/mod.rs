//! What several of the suites need.

#![allow(dead_code, reason = "each suite uses its own part")]

use std::sync::Arc;

use msal_cache::TokenCache;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AccountEntry, Change, Entity, Extras, IdTokenEntry,
    Lifetime, Members, Owner, OwnerRef, RefreshTokenEntry, Removal, TokenKey, TokenStore,
    UserFilter, UserKey,
};
use msal_core::{ScopeCase, Scopes, Timestamp};

pub(crate) const CLOUD: &str = "login.microsoftonline.com";
pub(crate) const GRAPH: &str = "https://graph.microsoft.com/.default";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_750_000_100);

/// The key of a bearer token of an application.
pub(crate) fn app_key(realm: &str, client_id: &str) -> TokenKey {
    TokenKey {
        environment: CLOUD.into(),
        realm: realm.into(),
        client_id: client_id.into(),
        owner: Owner::App,
        binding: None,
        extended: None,
    }
}

/// Cached a hundred seconds ago, good for an hour.
pub(crate) fn an_hour() -> Lifetime {
    lifetime(1_750_000_000, 1_750_003_600)
}

pub(crate) fn lifetime(cached_at: u64, expires_on: u64) -> Lifetime {
    Lifetime {
        cached_at: Timestamp::from_secs(cached_at),
        expires_on: Timestamp::from_secs(expires_on),
        extended_expires_on: None,
        refresh_on: None,
    }
}

pub(crate) fn token(key: TokenKey, scopes: &str, secret: &str, lifetime: Lifetime) -> Entity {
    let scopes = Scopes::granted(scopes);
    let entry = AccessTokenEntry::new(key, scopes, secret.into(), lifetime);
    Entity::AccessToken(Arc::new(entry))
}

pub(crate) fn put(cache: &TokenCache, entity: Entity) {
    cache.apply(&Change::upsert(entity));
}

/// A look-up of a bearer token of an application.
pub(crate) fn app_lookup<'a>(
    realm: &'a str,
    client_id: &'a str,
    scopes: &'a [&'a str],
) -> AccessTokenLookup<'a> {
    AccessTokenLookup {
        cloud: CLOUD,
        realm,
        client_id,
        owner: OwnerRef::App,
        binding: None,
        extended: None,
        scopes,
        scope_case: ScopeCase::Ignored,
    }
}

/// The secret of the token found at [`NOW`].
pub(crate) fn found(cache: &TokenCache, lookup: &AccessTokenLookup<'_>) -> Option<String> {
    found_at(cache, lookup, NOW)
}

pub(crate) fn found_at(
    cache: &TokenCache,
    lookup: &AccessTokenLookup<'_>,
    now: Timestamp,
) -> Option<String> {
    let token = cache.access_token(lookup, now)?;
    Some(token.secret().expose().to_owned())
}

/// A count for a soak (`MSAL_SOAK=1`), a hundredth of it otherwise.
pub(crate) fn soaked(count: u32) -> u32 {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => count,
        None => (count / 100).max(1_000),
    }
}

/// A user's account, refresh and id token of one client, as a flow would leave them.
pub(crate) struct SignIn<'a> {
    pub(crate) environment: &'a str,
    pub(crate) realm: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) home_account_id: &'a str,
    pub(crate) username: &'a str,
    pub(crate) family_id: Option<&'a str>,
    pub(crate) assertion: Option<&'a str>,
}

impl<'a> SignIn<'a> {
    pub(crate) fn of(home_account_id: &'a str, username: &'a str) -> Self {
        Self {
            environment: CLOUD,
            realm: "t",
            client_id: "client",
            home_account_id,
            username,
            family_id: None,
            assertion: None,
        }
    }

    pub(crate) fn account(&self) -> Entity {
        Entity::Account(Arc::new(AccountEntry {
            environment: self.environment.into(),
            realm: self.realm.into(),
            home_account_id: self.home_account_id.into(),
            local_account_id: "oid".into(),
            username: self.username.into(),
            authority_type: "MSSTS".into(),
            members: Members::none(),
        }))
    }

    pub(crate) fn refresh_token(&self, secret: &str) -> Entity {
        Entity::RefreshToken(Arc::new(RefreshTokenEntry {
            environment: self.environment.into(),
            client_id: self.client_id.into(),
            home_account_id: self.home_account_id.into(),
            family_id: self.family_id.map(Into::into),
            secret: secret.into(),
            last_modified: NOW,
            extras: self.extras(),
        }))
    }

    pub(crate) fn id_token(&self, secret: &str) -> Entity {
        Entity::IdToken(Arc::new(IdTokenEntry {
            environment: self.environment.into(),
            realm: self.realm.into(),
            client_id: self.client_id.into(),
            home_account_id: self.home_account_id.into(),
            secret: secret.into(),
            extras: self.extras(),
        }))
    }

    pub(crate) fn access_token(&self, scopes: &str, secret: &str) -> Entity {
        let id: Arc<str> = self.home_account_id.into();
        let key = TokenKey {
            environment: self.environment.into(),
            owner: match self.assertion {
                Some(hash) => Owner::Assertion {
                    hash: hash.into(),
                    home_account_id: Some(id).filter(|id| !id.is_empty()),
                },
                None => Owner::Account(id),
            },
            ..app_key(self.realm, self.client_id)
        };
        token(key, scopes, secret, an_hour())
    }

    /// All four; each secret begins with `secret`.
    pub(crate) fn all(&self, secret: &str) -> Vec<Entity> {
        let mut entities = vec![
            self.access_token("s", &format!("{secret}-access")),
            self.refresh_token(&format!("{secret}-refresh")),
            self.id_token(&format!("{secret}-id")),
        ];
        if self.assertion.is_none() {
            entities.push(self.account());
        }
        entities
    }

    pub(crate) fn key(&self) -> UserKey {
        UserKey {
            environment: self.environment.into(),
            home_account_id: self.home_account_id.into(),
        }
    }

    pub(crate) fn sign_out(&self) -> Removal {
        Removal::User {
            user: self.key(),
            client_id: self.client_id.into(),
            family_id: self.family_id.map(Into::into),
        }
    }

    /// A look-up of its access token.
    pub(crate) fn lookup<'s>(&'s self, scopes: &'s [&'s str]) -> AccessTokenLookup<'s> {
        AccessTokenLookup {
            cloud: msal_core::authority::cloud::canonical(self.environment),
            owner: match self.assertion {
                Some(hash) => OwnerRef::Assertion(hash),
                None => OwnerRef::Account(self.home_account_id),
            },
            ..app_lookup(self.realm, self.client_id, scopes)
        }
    }

    fn extras(&self) -> Extras {
        Extras::new(self.assertion.map(Into::into), Members::none())
    }
}

pub(crate) fn apply(cache: &TokenCache, upserts: Vec<Entity>) {
    cache.apply(&Change {
        upserts,
        ..Change::default()
    });
}

/// The secrets of all that `filter` finds, and the usernames of accounts, sorted.
pub(crate) fn seen(cache: &TokenCache, cloud: &str, filter: UserFilter<'_>) -> Vec<String> {
    let users = cache.users(cloud, filter);
    let mut seen: Vec<_> = users
        .iter()
        .flat_map(|user| user.iter().map(label))
        .collect();
    seen.sort();
    seen
}

/// The secret of an entry, or the username of an account.
pub(crate) fn label(entity: &Entity) -> String {
    let label = match entity {
        Entity::AccessToken(token) => token.secret().expose(),
        Entity::Account(account) => &account.username,
        Entity::IdToken(token) => token.secret.expose(),
        Entity::RefreshToken(token) => token.secret.expose(),
        other => panic!("{other:?}"),
    };
    label.to_owned()
}
