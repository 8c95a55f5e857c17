use std::sync::Arc;
use std::time::Duration;

use msal::store::{
    AccessTokenEntry, AccountEntry, Change, Entity, Extras, Lifetime, Members, Owner,
    RefreshTokenEntry, TokenKey, TokenStore as _,
};
use msal::{AccessToken, PublicClientApplication, Scopes, TokenCache, blocking};

use super::network::Network;
use super::{CLIENT, HOST, TENANT, authority, now, unlimited};

/// What Microsoft Graph grants to who asks for `User.Read` alone.
pub(crate) const GRANTED: &str =
    "Calendars.Read Files.Read Mail.Read User.Read User.ReadBasic.All email openid profile";

/// The user of this number, by home account id.
pub(crate) fn home_account_id(user: usize) -> String {
    format!("0f8fad5b-d9cb-469f-a165-{user:012}.{TENANT}")
}

pub(crate) fn username(user: usize) -> String {
    format!("user{user}@contoso.com")
}

/// A cache with so many users, each with an account, a refresh token and one access token; and the access tokens.
pub(crate) fn cache_of_users(
    users: usize,
    granted: &str,
) -> (TokenCache, Vec<Arc<AccessTokenEntry>>) {
    let cache = unlimited();
    let mut tokens = Vec::with_capacity(users);
    for user in 0..users {
        let id: Arc<str> = home_account_id(user).into();
        let token = access_token(id.clone(), granted, Duration::from_secs(43_200));
        cache.apply(&Change {
            upserts: vec![
                Entity::AccessToken(token.clone()),
                Entity::Account(Arc::new(AccountEntry {
                    environment: HOST.into(),
                    realm: TENANT.into(),
                    home_account_id: id.clone(),
                    local_account_id: id.clone(),
                    username: username(user).into(),
                    authority_type: "MSSTS".into(),
                    members: Members::none(),
                })),
                Entity::RefreshToken(Arc::new(RefreshTokenEntry {
                    environment: HOST.into(),
                    client_id: CLIENT.into(),
                    home_account_id: id,
                    family_id: None,
                    secret: "a refresh token".into(),
                    last_modified: now(),
                    extras: Extras::default(),
                })),
            ],
            ..Change::default()
        });
        tokens.push(token);
    }
    (cache, tokens)
}

/// A user's token, good for a day, to be renewed after this time.
pub(crate) fn access_token(
    user: Arc<str>,
    granted: &str,
    refresh_in: Duration,
) -> Arc<AccessTokenEntry> {
    let key = TokenKey {
        environment: HOST.into(),
        realm: TENANT.into(),
        client_id: CLIENT.into(),
        owner: Owner::Account(user),
        binding: None,
        extended: None,
    };
    let now = now();
    let lifetime = Lifetime {
        cached_at: now,
        expires_on: now + Duration::from_secs(86_400),
        extended_expires_on: None,
        refresh_on: Some(now + refresh_in),
    };
    // Short, since a hit does not look at the token's text.
    let secret = AccessToken::new("x".repeat(16));
    Arc::new(AccessTokenEntry::new(
        key,
        Scopes::granted(granted),
        secret,
        lifetime,
    ))
}

pub(crate) fn blocking_public(
    cache: &TokenCache,
    network: &Network,
) -> blocking::PublicClientApplication {
    blocking::PublicClientApplication::builder(CLIENT)
        .authority(authority())
        .token_cache(cache.clone())
        .transport(network.clone())
        .build()
        .expect("an application of constants")
}

pub(crate) fn async_public(cache: &TokenCache, network: &Network) -> PublicClientApplication {
    PublicClientApplication::builder(CLIENT)
        .authority(authority())
        .token_cache(cache.clone())
        .transport(network.clone())
        .build()
        .expect("an application of constants")
}
