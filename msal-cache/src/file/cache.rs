use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Candidate, Change, Entity, TokenStore,
    UserFilter,
};
use msal_core::{Error, Timestamp};

use super::replay::Pending;
use super::{FileError, FileStore, Found, Stamp};
use crate::{Compatibility, TokenCache};

/// A [`TokenCache`] with a file behind it that other processes share.
///
/// Flows look into the memory and change it, and never wait for the disk. Each [`Change`] is kept as well until
/// [`save`](Self::save) has made it in the file. [`load`](Self::load) puts what the file holds in the place of the
/// memory, and what is not in the file yet on top of that: so neither loses what the other has.
///
/// ```
/// use msal_cache::file::{FileCache, FileStore};
/// use msal_cache::{Compatibility, TokenCache};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("msal/cache.json");
///
/// let cache = FileCache::new(TokenCache::new(), FileStore::new(path)?, Compatibility::Standard);
/// assert!(cache.load()?, "nobody has looked before");
/// assert!(!cache.load()?, "and nobody has written since");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileCache {
    memory: TokenCache,
    store: FileStore,
    compatibility: Compatibility,
    state: Mutex<State>,
    /// Who has it reads or writes the file. Taken before the state, never with it in hand.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Which state of the file the memory is made of.
    seen: Option<Stamp>,
    pending: VecDeque<Pending>,
    last: u64,
}

impl FileCache {
    /// A cache in memory and its file. Nothing is read yet.
    ///
    /// What `memory` holds already is not written, and gone after the first [`load`](Self::load).
    pub fn new(memory: TokenCache, store: FileStore, compatibility: Compatibility) -> Self {
        Self {
            memory,
            store,
            compatibility,
            state: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// The cache in memory.
    pub fn memory(&self) -> &TokenCache {
        &self.memory
    }

    /// The file.
    pub fn store(&self) -> &FileStore {
        &self.store
    }

    /// How many changes are not in the file yet.
    pub fn unsaved(&self) -> usize {
        self.state().pending.len()
    }

    /// Takes over what others have written, if they have; whether they had.
    ///
    /// Fails when the file cannot be read; the memory stays as it is then. A damaged file is moved out of the way, told in
    /// an event, and taken for empty.
    pub fn load(&self) -> Result<bool, Error> {
        let _turn = self.turn();
        let seen = self.state().seen;
        if let Some(seen) = seen
            && !self.store.has_changed_since(&seen)?
        {
            return Ok(false);
        }
        let mut found = self.store.read()?;
        if self.take(&found).is_err() {
            // A peer may have been writing it.
            found = self.store.read_locked()?;
            if let Err(damage) = self.take(&found) {
                self.set_aside(&found.stamp, &damage)?;
                found = self.store.read_locked()?;
                self.take(&found)?;
            }
        }
        Ok(true)
    }

    /// Makes in the file what is not there yet. On the disk when this returns, whoever's thread did it.
    ///
    /// What fails stays in memory, and is tried again with the next call.
    pub fn save(&self) -> Result<(), Error> {
        let _turn = self.turn();
        let batch: Vec<Pending> = self.state().pending.iter().cloned().collect();
        let Some(last) = batch.last().map(|pending| pending.number) else {
            return Ok(());
        };
        let replayed = match self.store.replay(&batch, self.compatibility) {
            Err(FileError::Damaged { stamp, source, .. }) => {
                self.set_aside(&stamp, &source)?;
                self.store.replay(&batch, self.compatibility)
            }
            replayed => replayed,
        };
        let mut state = self.state();
        let replayed = match replayed {
            Ok(replayed) => replayed,
            Err(error) => {
                for pending in &mut state.pending {
                    pending.is_late |= pending.number <= last;
                }
                return Err(error.into());
            }
        };
        state.pending.retain(|pending| pending.number > last);
        let is_late = batch.iter().any(|pending| pending.is_late);
        // Otherwise the memory has all that the file has, and knows better what was used of late.
        if is_late || state.seen != Some(replayed.before) {
            let changes = state.changes();
            self.memory.replace_and_apply(&replayed.bytes, &changes)?;
        }
        state.seen = Some(replayed.stamp);
        Ok(())
    }

    fn take(&self, found: &Found) -> Result<(), Error> {
        let bytes = found
            .bytes
            .as_ref()
            .map_or(&[][..], |bytes| bytes.as_slice());
        let mut state = self.state();
        let changes = state.changes();
        let report = self.memory.replace_and_apply(bytes, &changes)?;
        state.seen = Some(found.stamp);
        tracing::debug!(
            target: "msal",
            entries = report.entries,
            damaged = report.damaged,
            "token cache read"
        );
        Ok(())
    }

    fn set_aside(&self, seen: &Stamp, damage: &Error) -> Result<(), FileError> {
        tracing::warn!(target: "msal", error = %damage, "the token cache cannot be read");
        self.store.set_aside(seen).map(drop)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for FileCache {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        self.memory.access_token(lookup, now)
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        self.memory.users(cloud, filter)
    }

    fn user(&self, cloud: &str, home_account_id: &str) -> Option<Arc<[Entity]>> {
        self.memory.user(cloud, home_account_id)
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        self.memory.app_metadata(cloud, client_id)
    }

    fn candidates(&self, lookup: &AccessTokenLookup<'_>) -> Vec<Candidate> {
        self.memory.candidates(lookup)
    }

    /// Changes the memory, and keeps the change for [`save`](FileCache::save).
    fn apply(&self, change: &Change) {
        if change.is_empty() {
            return;
        }
        // Both under one lock: a load between them would take the change out of the memory again.
        let mut state = self.state();
        state.keep(change);
        self.memory.apply(change);
    }
}

impl State {
    fn keep(&mut self, change: &Change) {
        self.last = self.last.wrapping_add(1);
        self.pending.push_back(Pending {
            number: self.last,
            change: Arc::new(change.clone()),
            is_late: false,
        });
        if self.pending.len() > MAX_PENDING {
            self.pending.pop_front();
            tracing::warn!(target: "msal", "the token cache cannot be written for long: its oldest change is dropped");
        }
    }

    fn changes(&mut self) -> Vec<Arc<Change>> {
        let pending = self.pending.iter();
        pending.map(|pending| Arc::clone(&pending.change)).collect()
    }
}

/// How many changes wait for a file that cannot be written.
const MAX_PENDING: usize = 4_096;
