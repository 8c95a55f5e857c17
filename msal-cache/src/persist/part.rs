use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msal_core::store::{Change, Partition, Removal, TokenStore};
use msal_core::{Error, Timestamp};
use zeroize::Zeroizing;

use super::engine::Engine;
use super::event::{CacheEvent, Listener};
use super::replay::{Made, Pending, Replay};
use super::{Found, Layout, Loaded, Next, Version};
use crate::{Compatibility, TokenCache};

/// What one value of a store is in memory, with the changes that are not in the store yet.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) partition: Partition,
    pub(super) name: String,
    pub(super) memory: TokenCache,
    /// The second in which somebody last looked into the store.
    looked_at: AtomicU64,
    /// The second in which it was last used.
    pub(super) used_at: AtomicU64,
    /// What of its size has been counted, see [`Parts`](super::parts::Parts).
    pub(super) counted: AtomicUsize,
    state: Mutex<State>,
    /// Who has it reads or writes the store. Taken before the state, never with it in hand.
    turn: async_lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Which state of the store the memory is made of.
    seen: Option<Version>,
    pending: VecDeque<Pending>,
    last: u64,
}

/// Where parts are kept, and who is told what happens.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) engine: Engine,
    pub(super) listener: Listener,
}

/// How a part is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) compatibility: Compatibility,
    pub(super) layout: Layout,
    pub(super) now: Timestamp,
}

impl Part {
    pub(super) fn new(partition: Partition, name: String, memory: TokenCache) -> Self {
        Self {
            partition,
            name,
            memory,
            looked_at: AtomicU64::new(NEVER),
            used_at: AtomicU64::new(0),
            counted: AtomicUsize::new(0),
            state: Mutex::default(),
            turn: async_lock::Mutex::new(()),
        }
    }

    /// Whether nobody has looked into the store for `interval` seconds. A clock that was set back counts as such.
    pub(super) fn is_due(&self, now: Timestamp, interval: u64) -> bool {
        let (now, then) = (now.as_secs(), self.looked_at.load(Ordering::Relaxed));
        now < then || now >= then.saturating_add(interval)
    }

    /// Notes that somebody is about to look, so that nobody else need.
    pub(super) fn looked(&self, now: Timestamp) {
        self.looked_at.store(now.as_secs(), Ordering::Relaxed);
    }

    /// Changes the memory, and keeps the change for [`save`](Self::save).
    pub(super) fn apply(&self, change: &Change) {
        // Both under one lock: a load between them would take the change out of the memory again.
        let mut state = self.state();
        state.keep(change);
        self.memory.apply(change);
    }

    /// How many changes are not in the store yet.
    pub(super) fn unsaved(&self) -> usize {
        self.state().pending.len()
    }

    /// Takes over what others have written, if they have; whether they had.
    pub(super) async fn load(&self, keeper: &Keeper) -> Result<bool, Error> {
        let mut events = Vec::new();
        let turn = keeper.engine.lock(&self.turn).await;
        let loaded = self.load_in_turn(&keeper.engine, &mut events).await;
        drop(turn);
        keeper.listener.tell(&events);
        loaded
    }

    async fn load_in_turn(
        &self,
        engine: &Engine,
        events: &mut Vec<CacheEvent>,
    ) -> Result<bool, Error> {
        let seen = self.state().seen.clone();
        // What was evicted is found in the store alone.
        let seen = seen.filter(|_| !self.memory.has_evicted());
        let Loaded::Found(found) = engine.load(&self.name, seen.as_ref()).await? else {
            return Ok(false);
        };
        if self.take(&found, events).is_ok() {
            return Ok(true);
        }
        // A peer may have been writing it. While we may write, nobody else does.
        let mut settled = None;
        let mut copy = |found: &Found| {
            settled = Some(Found {
                bytes: found.bytes.clone(),
                version: found.version.clone(),
            });
            Ok(Next::Keep)
        };
        engine.update(&self.name, &mut copy).await?;
        let found = settled.unwrap_or(found);
        if let Err(damage) = self.take(&found, events) {
            self.set_aside(&found.version, damage, engine, events)
                .await?;
            if let Loaded::Found(found) = engine.load(&self.name, None).await? {
                self.take(&found, events)?;
            }
        }
        Ok(true)
    }

    /// Makes in the store what is not there yet. It is there for good when this returns, whoever did it.
    ///
    /// What fails stays in memory, and is tried again with the next call.
    pub(super) async fn save(&self, writing: Writing, keeper: &Keeper) -> Result<(), Error> {
        let mut events = Vec::new();
        let turn = keeper.engine.lock(&self.turn).await;
        let saved = self
            .save_in_turn(writing, &keeper.engine, &mut events)
            .await;
        drop(turn);
        keeper.listener.tell(&events);
        saved
    }

    async fn save_in_turn(
        &self,
        writing: Writing,
        engine: &Engine,
        events: &mut Vec<CacheEvent>,
    ) -> Result<(), Error> {
        let (batch, seen) = self.state().begin();
        let Some(last) = batch.last().map(|pending| pending.number) else {
            return Ok(());
        };
        let replay = Replay {
            changes: &batch,
            writing,
        };
        let is_late = batch.iter().any(|pending| pending.is_late);
        let mut saving = Saving {
            replay,
            // Otherwise the memory has all that the store has, and knows better what was used of late.
            known: seen.filter(|_| !is_late),
            foreign: None,
            damage: None,
        };
        let mut updated = saving.run(self, engine).await;
        if let (Err(damage), Some(damaged)) = (&updated, saving.damage.take()) {
            self.set_aside(&damaged, damage.clone(), engine, events)
                .await?;
            updated = saving.run(self, engine).await;
        }
        let after = updated?;
        {
            let mut state = self.state();
            state.pending.retain(|pending| pending.number > last);
            if let Some(bytes) = &saving.foreign {
                let changes = state.changes();
                self.memory.replace_and_apply(bytes, &changes)?;
            }
            state.seen = Some(after);
        }
        let name = self.name.clone();
        events.push(CacheEvent::Saved { name });
        if batch.iter().any(Pending::signs_out) {
            tell_leftovers(engine).await;
        }
        Ok(())
    }

    fn take(&self, found: &Found, events: &mut Vec<CacheEvent>) -> Result<(), Error> {
        let bytes = found.bytes.as_ref().map_or(&[][..], |bytes| bytes);
        let mut state = self.state();
        let changes = state.changes();
        let report = self.memory.replace_and_apply(bytes, &changes)?;
        state.seen = Some(found.version.clone());
        tracing::debug!(
            target: "msal",
            entries = report.entries,
            damaged = report.damaged,
            "token cache read"
        );
        let name = self.name.clone();
        events.push(CacheEvent::Loaded { name });
        Ok(())
    }

    async fn set_aside(
        &self,
        version: &Version,
        damage: Error,
        engine: &Engine,
        events: &mut Vec<CacheEvent>,
    ) -> Result<(), Error> {
        let place = engine.set_aside(&self.name, version).await?;
        tracing::warn!(
            target: "msal",
            error = %damage,
            place = place.as_deref(),
            "the token cache could not be read and was set aside; it may hold tokens"
        );
        events.push(CacheEvent::SetAside {
            name: self.name.clone(),
            place,
            damage,
        });
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A save on its way.
struct Saving<'s> {
    replay: Replay<'s>,
    /// The state of the store that the memory is made of.
    known: Option<Version>,
    /// What the store holds since, where that is more than the memory does.
    foreign: Option<Zeroizing<Vec<u8>>>,
    /// The state of the store that cannot be read.
    damage: Option<Version>,
}

impl Saving<'_> {
    async fn run(&mut self, part: &Part, engine: &Engine) -> Result<Version, Error> {
        let mut make = |found: &Found| self.make(found);
        let updated = engine.update(&part.name, &mut make).await?;
        Ok(updated.after)
    }

    fn make(&mut self, found: &Found) -> Result<Next, Error> {
        let is_foreign = self.known.as_ref() != Some(&found.version);
        let made = self.replay.make(found).inspect_err(|_| {
            self.damage = Some(found.version.clone());
        })?;
        let bytes = match &made {
            Made::Nothing => found.bytes.as_ref(),
            Made::Content(content) => Some(&content.bytes),
            Made::Empty => None,
        };
        self.foreign = is_foreign.then(|| bytes.cloned().unwrap_or_default());
        Ok(match made {
            Made::Nothing => Next::Keep,
            Made::Content(content) => Next::Put(content),
            Made::Empty => Next::Remove,
        })
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

    /// What is to be saved, and on top of what. Whoever saves may be stopped at any time: others may go ahead then.
    fn begin(&mut self) -> (Vec<Pending>, Option<Version>) {
        let batch = self.pending.iter().cloned().collect();
        for pending in &mut self.pending {
            pending.is_late = true;
        }
        (batch, self.seen.clone())
    }

    fn changes(&self) -> Vec<Arc<Change>> {
        let pending = self.pending.iter();
        pending.map(|pending| Arc::clone(&pending.change)).collect()
    }
}

impl Pending {
    fn signs_out(&self) -> bool {
        let mut removals = self.change.removals.iter();
        removals.any(|removal| matches!(removal, Removal::User { .. }))
    }
}

/// Who signs out should know where else there may be tokens.
async fn tell_leftovers(engine: &Engine) {
    let left = engine.leftovers().await.unwrap_or_default();
    if !left.is_empty() {
        tracing::warn!(
            target: "msal",
            places = ?left,
            "a user was signed out, but damaged token caches that were set aside may hold tokens still"
        );
    }
}

/// How many changes wait for a store that cannot be written.
const MAX_PENDING: usize = 4_096;

/// Longer ago than any clock can tell, wherever it stands.
const NEVER: u64 = u64::MAX;
