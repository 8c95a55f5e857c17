use std::sync::Arc;
use std::time::Duration;

use msal_core::Timestamp;
use msal_core::store::{Change, Entity, RefreshTokenEntry, TokenStore};

use super::part::Writing;
use super::{Content, Found, Layout};
use crate::TokenCache;

/// A change that is not in the store yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) number: u64,
    pub(super) change: Arc<Change>,
    /// Whether it failed to be made in the store once, so that others may have gone ahead meanwhile.
    pub(super) is_late: bool,
}

/// How changes are made in what a store holds.
///
/// It is never merged with a memory: that would bring back what another process has removed. A change says what is to go
/// and what is to come, and nothing else moves. What other libraries keep there stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replay<'c> {
    pub(super) changes: &'c [Pending],
    pub(super) writing: Writing,
}

/// What comes of it.
pub(super) enum Made {
    /// The store holds all of it already.
    Nothing,
    /// This is to be held.
    Content(Content),
    /// Nobody's tokens are left.
    Empty,
}

impl Replay<'_> {
    /// Makes the changes in what was found. Fails when that is damaged.
    pub(super) fn make(&self, found: &Found) -> Result<Made, msal_core::Error> {
        // The store must not lose what a memory would evict.
        let cache = TokenCache::builder()
            .max_entries(usize::MAX)
            .max_bytes(usize::MAX)
            .max_file_bytes(usize::MAX)
            .build();
        if let Some(bytes) = &found.bytes {
            cache.replace(bytes)?;
        }
        let read = cache.revision();
        for pending in self.changes {
            if pending.is_late {
                cache.apply(&self.without_outdated(&pending.change, &cache));
            } else {
                cache.apply(&pending.change);
            }
        }
        if cache.revision() == read {
            return Ok(Made::Nothing);
        }
        if self.writing.layout == Layout::ByOwner && cache.is_spent() {
            return Ok(Made::Empty);
        }
        Ok(Made::Content(Content {
            bytes: cache.serialize(self.writing.compatibility)?,
            life: cache.life(self.writing.now),
        }))
    }

    /// The change without refresh tokens of which the store has newer ones by now.
    fn without_outdated(&self, change: &Change, stored: &TokenCache) -> Change {
        let mut change = change.clone();
        change.upserts.retain(|entity| match entity {
            Entity::RefreshToken(ours) => !is_outdated(ours, stored, self.writing.now),
            _ => true,
        });
        change
    }
}

fn is_outdated(ours: &RefreshTokenEntry, stored: &TokenCache, now: Timestamp) -> bool {
    if ours.extras.assertion_hash().is_some() {
        return false;
    }
    let user = stored.user(&ours.environment, &ours.home_account_id);
    user.iter()
        .flat_map(|user| user.iter())
        .any(|entity| match entity {
            Entity::RefreshToken(theirs) => {
                let is_family = ours.family_id.is_some() && ours.family_id == theirs.family_id;
                let is_same = is_family || ours.client_id == theirs.client_id;
                // One from the future was written by a clock that was wrong.
                let is_possible = theirs.last_modified <= now + CLOCK_SKEW;
                is_same && is_possible && theirs.last_modified > ours.last_modified
            }
            _ => false,
        })
}

const CLOCK_SKEW: Duration = Duration::from_secs(300);
