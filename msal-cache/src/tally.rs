use std::iter::Sum;
use std::mem::size_of;

use msal_core::store::{
    AccessTokenEntry, AccountEntry, Entity, IdTokenEntry, Members, OwnerRef, RefreshTokenEntry,
};

use crate::index::scopes::indexed;

/// How much is in a cache.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Access tokens.
    pub access_tokens: usize,
    /// Accounts.
    pub accounts: usize,
    /// Applications of which something is known.
    pub app_metadata: usize,
    /// Id tokens.
    pub id_tokens: usize,
    /// Refresh tokens.
    pub refresh_tokens: usize,
    /// Entries of a file that could not be read, and are kept to be written back.
    pub unreadable: usize,
    /// About how many bytes of memory the access, refresh and id tokens and the accounts take: what the limit on bytes
    /// counts.
    pub bytes: usize,
    /// How many entries had to go for want of room since the cache was made, although somebody could have used them: where
    /// this grows, the limit is too low.
    pub evicted: u64,
    /// How many access tokens that had expired went to make room since the cache was made.
    pub expired: u64,
}

impl Statistics {
    /// What the limit on entries counts: access, refresh and id tokens and accounts.
    pub fn entries(&self) -> usize {
        self.access_tokens + self.accounts + self.id_tokens + self.refresh_tokens
    }

    /// What [`CacheChange`](crate::CacheChange) counts.
    pub(crate) fn all(&self) -> usize {
        self.entries() + self.app_metadata + self.unreadable
    }

    pub(crate) fn add(&mut self, entity: &Entity) {
        *self.count(entity) += 1;
        self.bytes += bytes(entity);
    }

    pub(crate) fn remove(&mut self, entity: &Entity) {
        let count = self.count(entity);
        *count = count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes(entity));
    }

    fn count(&mut self, entity: &Entity) -> &mut usize {
        match entity {
            Entity::AccessToken(_) => &mut self.access_tokens,
            Entity::Account(_) => &mut self.accounts,
            Entity::IdToken(_) => &mut self.id_tokens,
            Entity::RefreshToken(_) => &mut self.refresh_tokens,
            _ => &mut self.app_metadata,
        }
    }
}

/// Of several caches together.
impl Sum for Statistics {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            access_tokens: sum.access_tokens + part.access_tokens,
            accounts: sum.accounts + part.accounts,
            app_metadata: sum.app_metadata + part.app_metadata,
            id_tokens: sum.id_tokens + part.id_tokens,
            refresh_tokens: sum.refresh_tokens + part.refresh_tokens,
            unreadable: sum.unreadable + part.unreadable,
            bytes: sum.bytes + part.bytes,
            evicted: sum.evicted + part.evicted,
            expired: sum.expired + part.expired,
        })
    }
}

/// About what an entry takes: itself, the texts that are its own, and its places in the index.
fn bytes(entity: &Entity) -> usize {
    match entity {
        Entity::AccessToken(entry) => {
            let is_held = entry.owner() != OwnerRef::App;
            // One's tokens are indexed by resource, and an application's by scope.
            let places = match is_held {
                true => 1,
                false => indexed(entry.scopes()).count(),
            };
            size_of::<AccessTokenEntry>()
                + entry.secret().expose().len()
                + entry.realm().len()
                + places * INDEXED
                + usize::from(is_held) * LISTED
                + of_members(entry.members())
                + SHARED
        }
        Entity::Account(entry) => {
            let texts = entry.local_account_id.len() + entry.username.len();
            size_of::<AccountEntry>() + texts + of_members(&entry.members) + LISTED + SHARED
        }
        Entity::IdToken(entry) => {
            let secret = entry.secret.expose().len();
            size_of::<IdTokenEntry>() + secret + of_members(entry.extras.members()) + SHARED
        }
        Entity::RefreshToken(entry) => {
            let texts = entry.secret.expose().len() + entry.home_account_id.len();
            size_of::<RefreshTokenEntry>() + texts + of_members(entry.extras.members()) + SHARED
        }
        _ => 0,
    }
}

fn of_members(members: &Members) -> usize {
    let members = members.iter();
    members
        .map(|(name, value)| name.len() + value.get().len() + MEMBER)
        .sum()
}

/// A posting, with the empty slots beside it.
const INDEXED: usize = 28;

/// The place of a token in its user's list, or of a user under a name.
const LISTED: usize = 16;

/// Reference counts.
const SHARED: usize = 32;

/// Pointers and lengths of a member's name and value.
const MEMBER: usize = 32;
