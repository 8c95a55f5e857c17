//! What several of the suites need.

#![allow(dead_code, reason = "each suite uses its own part")]

use std::sync::Arc;

use msal_cache::TokenCache;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, Change, Entity, Lifetime, Owner, OwnerRef, TokenKey,
    TokenStore,
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
