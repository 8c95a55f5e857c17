use std::sync::{Arc, Mutex};
use std::time::Duration;

use msal_core::store::Partition;

use super::cache::{Inner, Memory};
use super::engine::Engine;
use super::event::CacheEvent;
use super::name::name;
use super::part::{Keeper, Part};
use super::parts::Parts;
use super::{AsyncCacheStore, CacheStore, Layout, PersistentCache};
use crate::hook::Hook;
use crate::interner::Interner;
use crate::limits::Limits;
use crate::table::Table;
use crate::{Compatibility, TokenCache};

/// Sets a [`PersistentCache`] up.
#[derive(Clone, Debug)]
#[must_use]
pub struct PersistentCacheBuilder {
    pub(super) compatibility: Compatibility,
    pub(super) interval: Duration,
    pub(super) limits: Limits,
    hook: Hook<CacheEvent>,
}

impl PersistentCacheBuilder {
    pub(super) fn new() -> Self {
        Self {
            compatibility: Compatibility::Standard,
            interval: Duration::from_secs(1),
            limits: Limits::default(),
            hook: Hook::default(),
        }
    }

    /// For whom tokens of applications are written, on which the MSALs do not agree.
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// How long what is in memory is given out before the store is asked whether it has changed; in whole seconds, one
    /// unless set. What is not in memory is always looked for.
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Who is told what happens to the cache. Called on the thread that did it, with no lock held; a panic of it is logged,
    /// and ends there.
    pub fn on_event(mut self, listen: impl Fn(&CacheEvent) + Send + Sync + 'static) -> Self {
        self.hook = Hook::new(listen);
        self
    }

    /// How many entries there may be in memory; 100,000 unless set. The store loses nothing by it, and what is not in the
    /// store yet stays all the same. Of a store that holds everything as one, all of it is in memory while users are listed.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.limits.entries = entries;
        self
    }

    /// About how many bytes they may take; 256 MiB unless set.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How large a value of the store may be to be read, or written; 256 MiB unless set.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.file = bytes;
        self
    }

    /// The cache, kept in this store.
    pub fn store(self, store: impl CacheStore + 'static) -> PersistentCache {
        self.build(Engine::Blocking(Arc::new(store)))
    }

    /// The cache, kept in this store, for async applications.
    pub fn async_store(self, store: impl AsyncCacheStore + 'static) -> PersistentCache {
        self.build(Engine::Async(Arc::new(store)))
    }

    fn build(self, engine: Engine) -> PersistentCache {
        let layout = engine.layout();
        let memory = match layout {
            Layout::ByOwner => Memory::ByOwner {
                parts: Parts::new(self.limits.entries, self.limits.bytes),
                apps: TokenCache::new(),
                texts: Arc::default(),
            },
            Layout::Whole => {
                let memory = of(
                    Table::new(self.limits.shards()),
                    self.limits,
                    &Arc::default(),
                );
                let name = name(&Partition::Everything, layout);
                Memory::Whole(Arc::new(Part::new(Partition::Everything, name, memory)))
            }
        };
        PersistentCache::of(Inner {
            keeper: Keeper {
                engine,
                hook: self.hook.clone(),
            },
            layout,
            settings: self,
            memory,
        })
    }
}

/// The memory of one owner, whose tokens go together or not at all.
pub(super) fn one_owners(limits: Limits, texts: &Arc<Mutex<Interner>>) -> TokenCache {
    let limits = Limits {
        entries: usize::MAX,
        bytes: usize::MAX,
        ..limits
    };
    of(Table::new(1), limits, texts)
}

fn of(table: Table, limits: Limits, texts: &Arc<Mutex<Interner>>) -> TokenCache {
    TokenCache::over(table, limits, Hook::default(), Arc::clone(texts))
}
