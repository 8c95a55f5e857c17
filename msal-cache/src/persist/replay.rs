use std::sync::Arc;
use std::time::Duration;

use msal_core::store::{Change, Entity, RefreshTokenEntry, TokenStore};
use msal_core::{Error, ErrorKind, Timestamp};

use super::saving::Writing;
use super::{Content, Found, Layout, Next, is_encrypted};
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

/// What comes of it: what the store is to hold, as a cache, and what is to be done for that.
pub(super) struct Made {
    pub(super) cache: TokenCache,
    pub(super) next: Next,
}

/// Why nothing comes of it.
#[derive(Debug)]
pub(super) enum Fault {
    /// What was found cannot be read, whoever tries.
    Damaged(Error),
    /// It is encrypted, or larger than may be read, or would be, or cannot be written.
    Other(Error),
}

impl Replay<'_> {
    /// Makes the changes in what was found, with a sibling of `memory`: the store must not lose what a memory would
    /// evict.
    pub(super) fn make(&self, found: &Found, memory: &TokenCache) -> Result<Made, Fault> {
        let cache = read(found, memory)?;
        let before = cache.revision();
        for pending in self.changes {
            pending.apply_to(&cache, self.writing.now);
        }
        if cache.revision() == before {
            let next = Next::Keep;
            return Ok(Made { cache, next });
        }
        if self.writing.layout == Layout::ByOwner && cache.is_spent() {
            cache.clear();
            let next = Next::Remove;
            return Ok(Made { cache, next });
        }
        let bytes = cache.serialize(self.writing.compatibility);
        let bytes = bytes.map_err(Fault::Other)?;
        within_limit(bytes.len(), memory)?;
        let life = cache.life(self.writing.now);
        let next = Next::Put(Content { bytes, life });
        Ok(Made { cache, next })
    }
}

impl Pending {
    /// Makes the change in what a store holds. One that is late leaves refresh tokens alone of which the store has newer
    /// ones by now.
    pub(super) fn apply_to(&self, stored: &TokenCache, now: Timestamp) {
        if !self.is_late {
            return stored.apply(&self.change);
        }
        let mut change = Change::clone(&self.change);
        change.upserts.retain(|entity| match entity {
            Entity::RefreshToken(ours) => !is_outdated(ours, stored, now),
            _ => true,
        });
        stored.apply(&change);
    }
}

/// What was found, as a sibling of `memory`.
pub(super) fn read(found: &Found, memory: &TokenCache) -> Result<TokenCache, Fault> {
    let cache = memory.sibling();
    if let Some(bytes) = &found.bytes {
        if is_encrypted(bytes) {
            return Err(Fault::Other(encrypted()));
        }
        within_limit(bytes.len(), memory)?;
        if is_encrypted(bytes) {
            return Err(Fault::Other(Error::new(ErrorKind::Cache).because(
                "the stored token cache is encrypted, and was left as it is: open it with its key",
            )));
        }
        let report = cache.replace(bytes).map_err(Fault::Damaged)?;
        tracing::debug!(
            target: "msal",
            entries = report.entries,
            damaged = report.damaged,
            "token cache read"
        );
    }
    Ok(cache)
}

/// What came here without being decrypted is whole, and nobody is to take it out of the way.
fn encrypted() -> Error {
    Error::new(ErrorKind::Cache)
        .because("the stored token cache is encrypted, and was left as it is: open it with its key")
}

/// What is too large may be whole: nobody takes it out of the way for that, nor writes what nobody can read.
fn within_limit(bytes: usize, memory: &TokenCache) -> Result<(), Fault> {
    let limit = memory.0.limits.file;
    if bytes <= limit {
        return Ok(());
    }
    Err(Fault::Other(Error::new(ErrorKind::Cache).because(format!(
        "the stored token cache has {bytes} bytes, more than the {limit} that may be read"
    ))))
}

impl Fault {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Damaged(error) | Self::Other(error) => error,
        }
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
