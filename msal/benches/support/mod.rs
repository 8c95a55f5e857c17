//! What the benches share: applications over a network in memory, and caches of any size.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod limit;
pub(crate) mod network;
pub(crate) mod race;
pub(crate) mod report;
pub(crate) mod signed_in;
pub(crate) mod users;

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use msal::store::{AccessTokenEntry, Change, Entity, Lifetime, Owner, TokenKey, TokenStore};
use msal::{AccessToken, Certificate, ClientCredential, Scopes, Timestamp, TokenCache, blocking};
use msal_testing::defaults;

use network::Network;

pub(crate) const HOST: &str = "login.microsoftonline.com";
pub(crate) const TENANT: &str = "3d4f8a3c-0a52-4d1e-9a0c-6f7f0f6e4b11";
pub(crate) const CLIENT: &str = "5f2c6a1e-7d3b-4c8e-9f10-2b4d6e8fa0c1";
/// As long as a token of Microsoft Graph for an application.
pub(crate) const TOKEN_LENGTH: usize = 1_100;

pub(crate) fn authority() -> String {
    format!("https://{HOST}/{TENANT}")
}

pub(crate) fn secret() -> ClientCredential {
    ClientCredential::from_secret("lo8Q~cal.only-0123456789_abcdefghijklmnop")
}

/// A certificate with its key of 2,048 bits.
pub(crate) fn certificate() -> Result<Certificate, Box<dyn Error>> {
    let pem = defaults::client_certificate()?.pem();
    Ok(Certificate::from_pem(&pem, &pem)?)
}

/// That key in PKCS #8.
pub(crate) fn private_key() -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(defaults::client_certificate()?.private_key_der().to_vec())
}

/// A blocking application over this cache and network.
pub(crate) fn blocking_app(
    cache: &TokenCache,
    network: &Network,
) -> blocking::ConfidentialClientApplication {
    blocking::ConfidentialClientApplication::builder(CLIENT)
        .authority(authority())
        .credential(secret())
        .token_cache(cache.clone())
        .transport(network.clone())
        .build()
        .expect("an application of constants")
}

/// An async application over this cache and network.
pub(crate) fn async_app(
    cache: &TokenCache,
    network: &Network,
) -> msal::ConfidentialClientApplication {
    msal::ConfidentialClientApplication::builder(CLIENT)
        .authority(authority())
        .credential(secret())
        .token_cache(cache.clone())
        .transport(network.clone())
        .build()
        .expect("an application of constants")
}

/// The scopes of so many resources.
pub(crate) fn scopes(count: usize) -> Vec<String> {
    let resource = |n| format!("api://0f8fad5b-d9cb-469f-a165-{n:012}/.default");
    (0..count).map(resource).collect()
}

/// An app token for this scope, good for a day.
pub(crate) fn token(realm: Arc<str>, scope: &str, length: usize) -> Arc<AccessTokenEntry> {
    let key = TokenKey {
        environment: HOST.into(),
        realm,
        client_id: CLIENT.into(),
        owner: Owner::App,
        binding: None,
        extended: None,
    };
    let now = now();
    let lifetime = Lifetime {
        cached_at: now,
        expires_on: now + Duration::from_secs(86_400),
        extended_expires_on: None,
        refresh_on: Some(now + Duration::from_secs(43_200)),
    };
    let secret = AccessToken::new("x".repeat(length));
    Arc::new(AccessTokenEntry::new(
        key,
        Scopes::granted(scope),
        secret,
        lifetime,
    ))
}

/// A cache with a token of this length for each scope.
pub(crate) fn cache_of(scopes: &[String], length: usize) -> TokenCache {
    let cache = unlimited();
    for scope in scopes {
        keep(&cache, token(TENANT.into(), scope, length));
    }
    cache
}

pub(crate) fn unlimited() -> TokenCache {
    TokenCache::builder()
        .max_entries(usize::MAX)
        .max_bytes(usize::MAX)
        .build()
}

pub(crate) fn keep(cache: &TokenCache, token: Arc<AccessTokenEntry>) {
    keep_in(cache, token);
}

pub(crate) fn keep_in(cache: &dyn TokenStore, token: Arc<AccessTokenEntry>) {
    cache.apply(&Change::upsert(Entity::AccessToken(token)));
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap_or_default().as_secs())
}

/// The outcome of a future that need not wait.
pub(crate) fn ready<T>(future: impl IntoFuture<Output = T>) -> T {
    let mut future = pin!(future.into_future());
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits"),
    }
}
