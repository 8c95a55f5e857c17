use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msal_core::store::{Change, Entity, Partition, Removal, TokenStore, UserFilter};
use msal_core::{Error, ErrorKind, Timestamp};

use super::engine::Engine;
use super::event::{CacheEvent, Events};
use super::replay::{self, Fault, Pending, Replay};
use super::saving::{Saving, Writing};
use super::{Damaged, Found, Loaded, Next, Version};
use crate::TokenCache;
use crate::adopt::is_of;
use crate::hook::Hook;

/// What one value of a store is in memory, with the changes that are not in the store yet.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) partition: Partition,
    pub(super) name: String,
    pub(super) memory: TokenCache,
    /// The second in which somebody last looked into the store.
    looked_at: AtomicU64,
    /// The second in which it was last used.
    used_at: AtomicU64,
    /// What of it has been counted, see [`Parts`](super::parts::Parts).
    pub(super) counted: [AtomicUsize; 2],
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
    pub(super) hook: Hook<CacheEvent>,
}

impl Part {
    pub(super) fn new(partition: Partition, name: String, memory: TokenCache) -> Self {
        Self {
            partition,
            name,
            memory,
            looked_at: AtomicU64::new(NEVER),
            used_at: AtomicU64::new(0),
            counted: Default::default(),
            state: Mutex::default(),
            turn: async_lock::Mutex::new(()),
        }
    }

    /// Whether nobody has looked into the store for `interval` seconds. A clock that was set back counts as such.
    pub(super) fn is_due(&self, now: Timestamp, interval: u64) -> bool {
        let (now, then) = (now.as_secs(), self.looked_at.load(Ordering::Relaxed));
        let is_due = now < then || now >= then.saturating_add(interval);
        // Whoever has something in memory need not wait for a store that is busy with somebody else, or does not answer.
        is_due && self.turn.try_lock().is_some()
    }

    /// Notes that somebody is about to look, so that nobody else need.
    pub(super) fn looked(&self, now: Timestamp) {
        self.looked_at.store(now.as_secs(), Ordering::Relaxed);
    }

    /// Notes that somebody has use for it.
    pub(super) fn touch(&self, now: Timestamp) {
        // Many threads may use it at once: who writes what is there already disturbs them.
        if self.used_at() != now.as_secs() {
            self.used_at.store(now.as_secs(), Ordering::Relaxed);
        }
    }

    pub(super) fn used_at(&self) -> u64 {
        self.used_at.load(Ordering::Relaxed)
    }

    /// Changes the memory, and keeps the change for [`save`](Self::save).
    pub(super) fn apply(&self, change: &Change) {
        // Both under one lock: a load between them would take the change out of the memory again.
        let mut state = self.state();
        state.keep(change);
        self.memory.apply(change);
    }

    /// The users in memory that are its own. A value is found by a name that other spellings of its owner share.
    pub(super) fn own(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        let mut users = self.memory.users(cloud, filter);
        users.retain(|user| user.first().is_some_and(|one| is_of(&self.partition, one)));
        users
    }

    /// How many changes are not in the store yet.
    pub(super) fn unsaved(&self) -> usize {
        self.state().pending.len()
    }

    /// Forgets what the store has.
    pub(super) fn clear(&self, now: Timestamp) {
        let mut state = self.state();
        state.seen = None;
        self.looked_at.store(NEVER, Ordering::Relaxed);
        let empty = self.memory.sibling();
        state.apply_to(&empty, now);
        self.memory.adopt(empty, None);
    }

    /// Takes over what others have written, if they have; whether they had. Of a memory that is too small for the whole,
    /// what is `wanted` is there then.
    pub(super) async fn load(
        &self,
        wanted: &Partition,
        now: Timestamp,
        keeper: &Keeper,
    ) -> Result<bool, Error> {
        let mut taking = Taking {
            part: self,
            wanted,
            now,
            events: Events::new(&keeper.hook),
        };
        let _turn = keeper.engine.lock(&self.turn).await;
        let engine = &keeper.engine;
        let seen = self.state().seen.clone();
        // What was evicted is found in the store alone.
        let seen = seen.filter(|_| self.memory.has_all_of(wanted));
        let loaded = engine.load(&self.name, seen.as_ref()).await;
        let damage = match taking.take_loaded(loaded) {
            Ok(is_new) => return Ok(is_new),
            Err(Fault::Damaged(damage)) => damage,
            Err(Fault::Other(error)) => return Err(error),
        };
        // A peer may have been writing it. While we may write, nobody else does.
        let settled = self.settled(engine).await;
        let settled = settled.map_err(|error| match Damaged::of(&error) {
            Some(_) => error,
            None => unmoved(&damage, error),
        });
        let version = settled.as_ref().ok().map(|found| found.version.clone());
        if let Err(fault) = taking.take_loaded(settled.map(Loaded::Found)) {
            let Fault::Damaged(damage) = fault else {
                return Err(fault.into_error());
            };
            let Some(version) = version.or_else(|| Damaged::version_of(&damage)) else {
                return Err(damage);
            };
            self.set_aside(&version, damage, engine, &mut taking.events)
                .await?;
            if let Loaded::Found(found) = engine.load(&self.name, None).await? {
                let taken = taking.take(&found);
                taken.map_err(Fault::into_error)?;
            }
        }
        Ok(true)
    }

    /// Makes in the store what is not there yet. It is there for good when this returns, whoever did it.
    ///
    /// What fails stays in memory, and is tried again with the next call. Of a memory that is too small for the whole, what
    /// is `wanted` stays there.
    pub(super) async fn save(
        &self,
        wanted: Option<&Partition>,
        writing: Writing,
        keeper: &Keeper,
    ) -> Result<(), Error> {
        if keeper.engine.is_read_only() && !self.state().removes() {
            return Ok(());
        }
        let mut events = Events::new(&keeper.hook);
        let _turn = keeper.engine.lock(&self.turn).await;
        let engine = &keeper.engine;
        let (batch, seen) = self.state().begin();
        let Some(last) = batch.last().map(|pending| pending.number) else {
            return Ok(());
        };
        let is_late = batch.iter().any(|pending| pending.is_late);
        let replay = Replay {
            changes: &batch,
            writing,
        };
        // Otherwise the memory has all that the store has, and knows better what was used of late.
        let known = seen.filter(|_| !is_late);
        let mut saving = Saving::new(replay, known, &self.memory);
        let mut updated = saving.run(&self.name, engine).await;
        if let Err(damage) = &updated
            && let Some(damaged) = saving.damaged().or_else(|| Damaged::version_of(damage))
        {
            self.set_aside(&damaged, damage.clone(), engine, &mut events)
                .await?;
            updated = saving.run(&self.name, engine).await;
        }
        let after = updated?;
        {
            let foreign = saving.into_foreign();
            let mut state = self.state();
            state.pending.retain(|pending| pending.number > last);
            if let Some(cache) = foreign {
                state.apply_to(&cache, writing.now);
                self.memory.adopt(cache, wanted);
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

    /// What the store holds while nobody writes it.
    async fn settled(&self, engine: &Engine) -> Result<Found, Error> {
        let mut settled = None;
        let mut copy = |found: &Found| {
            settled = Some(Found {
                bytes: found.bytes.clone(),
                version: found.version.clone(),
            });
            Ok(Next::Keep)
        };
        engine.update(&self.name, &mut copy).await?;
        // What is not asked what to make of it has nothing to say.
        settled.ok_or_else(|| Error::new(ErrorKind::Internal("token cache store")))
    }

    async fn set_aside(
        &self,
        version: &Version,
        damage: Error,
        engine: &Engine,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let place = engine.set_aside(&self.name, version).await;
        let Some(place) = place.map_err(|error| unmoved(&damage, error))? else {
            // Somebody else has done it, or has written something better.
            return Ok(());
        };
        tracing::warn!(
            target: "msal",
            error = %damage,
            place,
            "the token cache could not be read and was set aside; it may hold tokens"
        );
        events.push(CacheEvent::SetAside {
            name: self.name.clone(),
            place: Some(place),
            damage,
        });
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes over what a store holds.
struct Taking<'t> {
    part: &'t Part,
    wanted: &'t Partition,
    now: Timestamp,
    events: Events<'t>,
}

impl Taking<'_> {
    /// Takes what a store gave, which may have found out by itself that it is damaged. Whether there was anything new.
    fn take_loaded(&mut self, loaded: Result<Loaded, Error>) -> Result<bool, Fault> {
        match loaded {
            Ok(Loaded::Found(found)) => self.take(&found).map(|()| true),
            Ok(Loaded::Unchanged) => Ok(false),
            Err(error) if Damaged::of(&error).is_some() => Err(Fault::Damaged(error)),
            Err(error) => Err(Fault::Other(error)),
        }
    }

    /// Puts what was found in the place of the memory, with what is not in the store yet on top.
    fn take(&mut self, found: &Found) -> Result<(), Fault> {
        let cache = replay::read(found, &self.part.memory)?;
        let mut state = self.part.state();
        state.apply_to(&cache, self.now);
        self.part.memory.adopt(cache, Some(self.wanted));
        state.seen = Some(found.version.clone());
        drop(state);
        let name = self.part.name.clone();
        self.events.push(CacheEvent::Loaded { name });
        Ok(())
    }
}

impl State {
    /// Whether anything is to go that a store may have.
    fn removes(&self) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|pending| !pending.change.removals.is_empty())
    }

    fn keep(&mut self, change: &Change) {
        self.last = self.last.wrapping_add(1);
        self.pending.push_back(Pending {
            number: self.last,
            change: Arc::new(change.clone()),
            is_late: false,
        });
        if self.pending.len() > MAX_PENDING {
            // Tokens can be had again, but what is not removed comes back.
            let mut pending = self.pending.iter();
            let at = pending.position(|pending| pending.change.removals.is_empty());
            self.pending.remove(at.unwrap_or(0));
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

    /// Makes what is not saved in what the store holds.
    fn apply_to(&self, cache: &TokenCache, now: Timestamp) {
        for pending in &self.pending {
            pending.apply_to(cache, now);
        }
    }
}

impl Pending {
    fn signs_out(&self) -> bool {
        let mut removals = self.change.removals.iter();
        removals.any(|removal| matches!(removal, Removal::User { .. }))
    }
}

/// What is damaged and stays where it is, for want of a lock, of the right to move it, or of both.
fn unmoved(damage: &Error, error: Error) -> Error {
    Error::new(ErrorKind::Cache)
        .because(format!("{damage}; and it could not be moved away"))
        .with_source(error)
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
