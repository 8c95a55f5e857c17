use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use msal_core::store::{Change, Entity, RefreshTokenEntry, TokenStore};
use msal_core::{Error, Timestamp};
use zeroize::Zeroizing;

use super::{FileError, FileStore, Found, Stamp};
use crate::{Compatibility, TokenCache};

/// A change that is not in the file yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) number: u64,
    pub(super) change: Arc<Change>,
    /// Whether it failed to be made in the file once, so that others may have gone ahead meanwhile.
    pub(super) is_late: bool,
}

/// A file with changes made in it.
pub(super) struct Replayed {
    /// What it holds now.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) stamp: Stamp,
    /// Which state it was in before.
    pub(super) before: Stamp,
}

impl FileStore {
    /// Makes a change in the file: locks it, reads it, makes the change in what was read, and writes that.
    ///
    /// The file is never merged with a memory: that would bring back what another process has removed. A change says
    /// what is to go and what is to come, and nothing else moves. What other libraries keep in the file stays; nothing is
    /// written where nothing changes.
    pub fn apply(&self, change: &Change, compatibility: Compatibility) -> Result<Stamp, FileError> {
        let pending = Pending {
            number: 0,
            change: Arc::new(change.clone()),
            is_late: false,
        };
        let replayed = self.replay(&[pending], compatibility)?;
        Ok(replayed.stamp)
    }

    /// Makes changes in the file, in this order.
    pub(super) fn replay(
        &self,
        changes: &[Pending],
        compatibility: Compatibility,
    ) -> Result<Replayed, FileError> {
        self.locked(|held| {
            let found = self.read_in(held.folder)?;
            let before = found.stamp;
            let content =
                made(&found, changes, compatibility).map_err(|source| FileError::Damaged {
                    path: self.path(),
                    stamp: Box::new(before),
                    source,
                })?;
            let stamp = match &content {
                Some(content) => self.replace(held, content)?,
                None => before,
            };
            let bytes = content.or(found.bytes).unwrap_or_default();
            Ok(Replayed {
                bytes,
                stamp,
                before,
            })
        })
    }
}

/// What the file is to hold; none where it holds that already.
fn made(
    found: &Found,
    changes: &[Pending],
    compatibility: Compatibility,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    // The file must not lose what a memory would evict.
    let cache = TokenCache::builder()
        .max_entries(usize::MAX)
        .max_bytes(usize::MAX)
        .max_file_bytes(usize::MAX)
        .build();
    if let Some(bytes) = &found.bytes {
        cache.replace(bytes)?;
    }
    let read = cache.revision();
    for pending in changes {
        if pending.is_late {
            cache.apply(&without_outdated(&pending.change, &cache));
        } else {
            cache.apply(&pending.change);
        }
    }
    if cache.revision() == read {
        return Ok(None);
    }
    cache.serialize(compatibility).map(Some)
}

/// The change without refresh tokens of which the file has newer ones by now.
fn without_outdated(change: &Change, file: &TokenCache) -> Change {
    let mut change = change.clone();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = Timestamp::from_secs(now.unwrap_or_default().as_secs());
    change.upserts.retain(|entity| match entity {
        Entity::RefreshToken(ours) => !is_outdated(ours, file, now),
        _ => true,
    });
    change
}

fn is_outdated(ours: &RefreshTokenEntry, file: &TokenCache, now: Timestamp) -> bool {
    if ours.extras.assertion_hash().is_some() {
        return false;
    }
    let user = file.user(&ours.environment, &ours.home_account_id);
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
