use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::TokenKey;
use crate::{AccessToken, RawIdToken, RefreshToken, Scopes, Timestamp};

/// A cached access token.
#[derive(Debug)]
pub struct AccessTokenEntry {
    key: TokenKey,
    scopes: Scopes,
    secret: AccessToken,
    cached_at: Timestamp,
    expires_on: Timestamp,
    // `NonZeroU64` so that an absent time costs no extra word in each of a million entries.
    extended_expires_on: Option<NonZeroU64>,
    refresh_on: Option<NonZeroU64>,
    members: Members,
}

impl AccessTokenEntry {
    /// A token as it was issued.
    pub fn new(key: TokenKey, scopes: Scopes, secret: AccessToken, lifetime: Lifetime) -> Self {
        let nonzero = |time: Option<Timestamp>| NonZeroU64::new(time?.as_secs());
        Self {
            key,
            scopes,
            secret,
            cached_at: lifetime.cached_at,
            expires_on: lifetime.expires_on,
            extended_expires_on: nonzero(lifetime.extended_expires_on),
            refresh_on: nonzero(lifetime.refresh_on),
            members: Members::default(),
        }
    }

    /// The same token with members of other libraries that are to be kept.
    #[must_use]
    pub fn with_members(self, members: Members) -> Self {
        Self { members, ..self }
    }

    /// What identifies it beside its scopes.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// The scopes granted, or those asked for where the answer named none.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The token itself.
    pub fn secret(&self) -> &AccessToken {
        &self.secret
    }

    /// When it was issued.
    pub fn cached_at(&self) -> Timestamp {
        self.cached_at
    }

    /// When it stops working.
    pub fn expires_on(&self) -> Timestamp {
        self.expires_on
    }

    /// Until when a resource may accept it in an outage of the identity provider; recorded, not acted on.
    pub fn extended_expires_on(&self) -> Option<Timestamp> {
        self.extended_expires_on
            .map(|time| Timestamp::from_secs(time.get()))
    }

    /// From when it should be renewed although it still works.
    pub fn refresh_on(&self) -> Option<Timestamp> {
        self.refresh_on.map(|time| Timestamp::from_secs(time.get()))
    }

    /// Members that only other libraries know.
    pub fn members(&self) -> &Members {
        &self.members
    }
}

/// The times of an access token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetime {
    /// When it was issued.
    pub cached_at: Timestamp,
    /// When it stops working.
    pub expires_on: Timestamp,
    /// Until when a resource may accept it in an outage.
    pub extended_expires_on: Option<Timestamp>,
    /// From when it should be renewed.
    pub refresh_on: Option<Timestamp>,
}

/// A cached refresh token. It serves every tenant and scope of its user.
#[derive(Debug)]
pub struct RefreshTokenEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The client it was issued to.
    pub client_id: Arc<str>,
    /// The user, by home account id.
    pub home_account_id: Arc<str>,
    /// The family of clients that may use it; only `1` exists.
    pub family_id: Option<Arc<str>>,
    /// The hash of the assertion that an on-behalf-of flow obtained it with.
    pub assertion_hash: Option<Arc<str>>,
    /// The token itself.
    pub secret: RefreshToken,
    /// The scopes it was issued with, where the file says so.
    pub scopes: Option<Scopes>,
    /// When it was last written; zero when unknown.
    pub last_modified: Timestamp,
    /// Members that only other libraries know.
    pub members: Members,
}

/// A cached id token.
#[derive(Debug)]
pub struct IdTokenEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The tenant.
    pub realm: Arc<str>,
    /// The client it was issued to.
    pub client_id: Arc<str>,
    /// The user, by home account id.
    pub home_account_id: Arc<str>,
    /// The hash of the assertion that an on-behalf-of flow obtained it with.
    pub assertion_hash: Option<Arc<str>>,
    /// The token itself.
    pub secret: RawIdToken,
    /// Members that only other libraries know.
    pub members: Members,
}

/// A cached account: a user in one tenant.
#[derive(Clone, Debug)]
pub struct AccountEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The tenant.
    pub realm: Arc<str>,
    /// The user, by home account id.
    pub home_account_id: Arc<str>,
    /// The user's object id in this tenant.
    pub local_account_id: Arc<str>,
    /// What the user signs in with, such as `alice@contoso.com`; may be empty.
    pub username: Arc<str>,
    /// `MSSTS`, `ADFS` or `Generic`.
    pub authority_type: Arc<str>,
    /// Members that only other libraries know, and those that we only pass on (`name`, `client_info`,
    /// `account_source`, `tenantProfiles`).
    pub members: Members,
}

/// What is known of an application.
#[derive(Clone, Debug)]
pub struct AppMetadataEntry {
    /// The host of the authority.
    pub environment: Arc<str>,
    /// The client.
    pub client_id: Arc<str>,
    /// The family it belongs to; none means known not to be in one.
    pub family_id: Option<Arc<str>>,
    /// Members that only other libraries know.
    pub members: Members,
}

/// Members of a cache entry that are kept as they were read. Mostly there are none, which costs one word.
#[derive(Clone, Debug, Default)]
pub struct Members(Option<Box<BTreeMap<String, Box<RawValue>>>>);

impl Members {
    /// These members.
    pub fn new(members: BTreeMap<String, Box<RawValue>>) -> Self {
        Self((!members.is_empty()).then(|| Box::new(members)))
    }

    /// Name and JSON text of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let members = self.0.as_deref().into_iter().flatten();
        members.map(|(name, value)| (name.as_str(), &**value))
    }

    /// The JSON text of one.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.as_deref()?.get(name).map(AsRef::as_ref)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}
