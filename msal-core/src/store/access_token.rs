use std::fmt;
use std::sync::Arc;

use super::{Binding, BindingRef, ExtendedKey, Members, Owner, OwnerRef, TokenKey};
use crate::{AccessToken, Scopes, Timestamp};

/// A cached access token.
///
/// Laid out to be small, since there may be a million: what most tokens lack shares one word.
pub struct AccessTokenEntry {
    environment: Arc<str>,
    realm: Arc<str>,
    client_id: Arc<str>,
    home_account_id: Option<Arc<str>>,
    scopes: Scopes,
    secret: AccessToken,
    cached_at: Seconds,
    expires_on: Seconds,
    // Zero stands for none in the next two.
    extended_expires_on: Seconds,
    refresh_on: Seconds,
    rare: Option<Box<Rare>>,
}

/// What most access tokens do not have.
#[derive(Clone, Default)]
struct Rare {
    assertion_hash: Option<Arc<str>>,
    binding: Option<Arc<Binding>>,
    extended: Option<Arc<ExtendedKey>>,
    members: Members,
}

impl AccessTokenEntry {
    /// A token as it was issued.
    pub fn new(key: TokenKey, scopes: Scopes, secret: AccessToken, lifetime: Lifetime) -> Self {
        let (assertion_hash, home_account_id) = match key.owner {
            Owner::Account(home_account_id) => (None, Some(home_account_id)),
            Owner::App => (None, None),
            Owner::Assertion {
                hash,
                home_account_id,
            } => (Some(hash), home_account_id),
        };
        let rare = Rare {
            assertion_hash,
            binding: key.binding,
            extended: key.extended,
            members: Members::default(),
        };
        let seconds = |time: Option<Timestamp>| Seconds::from(time.unwrap_or_default());
        Self {
            environment: key.environment,
            realm: key.realm,
            client_id: key.client_id,
            home_account_id,
            scopes,
            secret,
            cached_at: lifetime.cached_at.into(),
            expires_on: lifetime.expires_on.into(),
            extended_expires_on: seconds(lifetime.extended_expires_on),
            refresh_on: seconds(lifetime.refresh_on),
            rare: rare.boxed(),
        }
    }

    /// The same token with members of other libraries that are to be kept.
    #[must_use]
    pub fn with_members(mut self, members: Members) -> Self {
        let mut rare = self.rare.take().map_or_else(Rare::default, |rare| *rare);
        rare.members = members;
        self.rare = rare.boxed();
        self
    }

    /// What identifies it beside its scopes, put together from the parts below.
    pub fn key(&self) -> TokenKey {
        let home_account_id = self.home_account_id.clone();
        let owner = match (self.assertion_hash(), home_account_id) {
            (Some(hash), home_account_id) => Owner::Assertion {
                hash: Arc::clone(hash),
                home_account_id,
            },
            (None, Some(home_account_id)) => Owner::Account(home_account_id),
            (None, None) => Owner::App,
        };
        TokenKey {
            environment: Arc::clone(&self.environment),
            realm: Arc::clone(&self.realm),
            client_id: Arc::clone(&self.client_id),
            owner,
            binding: self.rare().and_then(|rare| rare.binding.clone()),
            extended: self.extended().cloned(),
        }
    }

    /// The host of the authority.
    pub fn environment(&self) -> &Arc<str> {
        &self.environment
    }

    /// The tenant.
    pub fn realm(&self) -> &Arc<str> {
        &self.realm
    }

    /// The client.
    pub fn client_id(&self) -> &Arc<str> {
        &self.client_id
    }

    /// For whom it was issued.
    pub fn owner(&self) -> OwnerRef<'_> {
        match (self.assertion_hash(), &self.home_account_id) {
            (Some(hash), _) => OwnerRef::Assertion(hash),
            (None, Some(home_account_id)) => OwnerRef::Account(home_account_id),
            (None, None) => OwnerRef::App,
        }
    }

    /// The user, by home account id; none for a token of the application itself.
    pub fn home_account_id(&self) -> Option<&Arc<str>> {
        self.home_account_id.as_ref()
    }

    /// The key that it is bound to; none for a bearer token.
    pub fn binding(&self) -> Option<BindingRef<'_>> {
        let binding = self.rare()?.binding.as_deref()?;
        Some(BindingRef {
            token_type: &binding.token_type,
            key_id: &binding.key_id,
        })
    }

    /// What else it depends on: FMI path, client-originated claims and the like.
    pub fn extended(&self) -> Option<&Arc<ExtendedKey>> {
        self.rare()?.extended.as_ref()
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
        self.cached_at.into()
    }

    /// When it stops working.
    pub fn expires_on(&self) -> Timestamp {
        self.expires_on.into()
    }

    /// Until when a resource may accept it in an outage of the identity provider; recorded, not acted on.
    pub fn extended_expires_on(&self) -> Option<Timestamp> {
        self.extended_expires_on.nonzero()
    }

    /// From when it should be renewed although it still works.
    pub fn refresh_on(&self) -> Option<Timestamp> {
        self.refresh_on.nonzero()
    }

    /// All its times.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime {
            cached_at: self.cached_at(),
            expires_on: self.expires_on(),
            extended_expires_on: self.extended_expires_on(),
            refresh_on: self.refresh_on(),
        }
    }

    /// Members that only other libraries know.
    pub fn members(&self) -> &Members {
        static NONE: Members = Members::none();
        self.rare().map_or(&NONE, |rare| &rare.members)
    }

    fn assertion_hash(&self) -> Option<&Arc<str>> {
        self.rare()?.assertion_hash.as_ref()
    }

    fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }
}

impl fmt::Debug for AccessTokenEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenEntry")
            .field("key", &self.key())
            .field("scopes", &self.scopes)
            .field("secret", &self.secret)
            .field("lifetime", &self.lifetime())
            .field("members", self.members())
            .finish()
    }
}

/// The times of an access token, each kept up to the year 8,921,556.
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

impl Rare {
    fn boxed(self) -> Option<Box<Self>> {
        let has_any = self.assertion_hash.is_some()
            || self.binding.is_some()
            || self.extended.is_some()
            || !self.members.is_empty();
        has_any.then(|| Box::new(self))
    }
}

/// Seconds since the epoch in six bytes, so that four times need no more room than three.
#[derive(Clone, Copy)]
struct Seconds([u8; 6]);

impl Seconds {
    const MAX: u64 = (1 << 48) - 1;

    fn nonzero(self) -> Option<Timestamp> {
        Some(self.into()).filter(|time: &Timestamp| time.as_secs() != 0)
    }
}

impl From<Timestamp> for Seconds {
    fn from(time: Timestamp) -> Self {
        let [a, b, c, d, e, f, _, _] = time.as_secs().min(Self::MAX).to_le_bytes();
        Self([a, b, c, d, e, f])
    }
}

impl From<Seconds> for Timestamp {
    fn from(Seconds([a, b, c, d, e, f]): Seconds) -> Self {
        Self::from_secs(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(owner: Owner) -> TokenKey {
        TokenKey {
            environment: "login.microsoftonline.com".into(),
            realm: "contoso".into(),
            client_id: "client".into(),
            owner,
            binding: None,
            extended: None,
        }
    }

    fn entry(key: TokenKey, expires_on: u64) -> AccessTokenEntry {
        let lifetime = Lifetime {
            cached_at: Timestamp::from_secs(1_750_000_000),
            expires_on: Timestamp::from_secs(expires_on),
            extended_expires_on: None,
            refresh_on: Some(Timestamp::from_secs(1_750_001_800)),
        };
        AccessTokenEntry::new(key, Scopes::granted("a b"), "secret".into(), lifetime)
    }

    #[test]
    fn an_entry_gives_back_the_key_it_was_made_of() {
        let bound = TokenKey {
            binding: Some(Arc::new(Binding {
                token_type: "pop".to_owned(),
                key_id: "kid".to_owned(),
            })),
            extended: Some(Arc::new(ExtendedKey::from_hash("abc"))),
            ..key(Owner::Account("uid.utid".into()))
        };
        let assertion = |home_account_id| {
            key(Owner::Assertion {
                hash: "hash".into(),
                home_account_id,
            })
        };
        for key in [
            key(Owner::App),
            key(Owner::Account("uid.utid".into())),
            assertion(None),
            assertion(Some("uid.utid".into())),
            bound,
        ] {
            let entry = entry(key.clone(), 1_750_003_600);
            assert_eq!(entry.key(), key);
            assert_eq!(entry.owner(), key.owner.as_ref());
        }
    }

    #[test]
    fn times_are_kept_exactly_and_the_absurd_are_cut() {
        let token = entry(key(Owner::App), 4_102_444_800);
        assert_eq!(token.expires_on().as_secs(), 4_102_444_800);
        assert_eq!(
            token.refresh_on(),
            Some(Timestamp::from_secs(1_750_001_800))
        );
        assert_eq!(token.extended_expires_on(), None);
        assert_eq!(
            entry(key(Owner::App), u64::MAX).expires_on().as_secs(),
            Seconds::MAX
        );
    }

    #[test]
    fn a_plain_token_takes_no_more_than_128_bytes() {
        assert!(size_of::<AccessTokenEntry>() <= 128);
    }
}
