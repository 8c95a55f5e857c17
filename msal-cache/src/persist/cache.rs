use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Candidate, Change, Entity, Lease,
    LeaseKey, Partition, Persistence, TokenStore, UserFilter,
};
use msal_core::{Error, Task, Timestamp};

use super::engine::Engine;
use super::event::{CacheEvent, Listener};
use super::name::{self, name};
use super::part::{Keeper, Part, Writing};
use super::parts::Parts;
use super::{AsyncCacheStore, CacheStore, Layout};
use crate::file::FileStore;
use crate::limits::Limits;
use crate::{Compatibility, TokenCache};

/// A token cache in memory, with something behind it that outlives it and that other processes share.
///
/// A handle, cheap to clone: every clone is the same cache. Flows look into the memory and change it, and never wait
/// for the store. Each [`Change`] is kept as well until it has been made in the store, before the call that made it
/// returns. What others write there replaces what is in memory, with what is not in the store yet on top of it, so that
/// neither loses what the other has: at the next call that finds nothing in memory, and otherwise within a second.
///
/// ```
/// use msal_cache::persist::PersistentCache;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("msal/cache.json");
///
/// let cache = PersistentCache::file(path)?;
/// assert!(cache.load()?, "nobody has looked before");
/// assert!(!cache.load()?, "and nobody has written since");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PersistentCache(Arc<Inner>);

struct Inner {
    keeper: Keeper,
    layout: Layout,
    settings: PersistentCacheBuilder,
    memory: Memory,
}

enum Memory {
    /// Where users are kept apart, what is known of applications belongs to all of them.
    ByOwner {
        parts: Parts,
        apps: TokenCache,
    },
    Whole(Arc<Part>),
}

impl PersistentCache {
    /// A cache that is kept in this file, see [`FileStore`]. Nothing is read yet.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::new(FileStore::new(path)?))
    }

    /// A cache that is kept in this store. Nothing is read yet.
    pub fn new(store: impl CacheStore + 'static) -> Self {
        Self::builder().store(store)
    }

    /// A cache that is kept in this store, for async applications. Nothing is read yet.
    pub fn new_async(store: impl AsyncCacheStore + 'static) -> Self {
        Self::builder().async_store(store)
    }

    /// A cache with other settings.
    pub fn builder() -> PersistentCacheBuilder {
        PersistentCacheBuilder {
            compatibility: Compatibility::Standard,
            interval: Duration::from_secs(1),
            listener: Listener::default(),
            limits: Limits::default(),
        }
    }

    /// How many changes are not in the store yet. Each is tried again with the next one.
    pub fn unsaved(&self) -> usize {
        self.parts().iter().map(|part| part.unsaved()).sum()
    }

    /// Takes over what others have written, of all that is in memory; whether they had written anything. Blocks.
    ///
    /// Applications do this by themselves. Fails when the store cannot be read, or is async; the memory stays as it is
    /// then.
    pub fn load(&self) -> Result<bool, Error> {
        let keeper = &self.0.keeper;
        keeper.engine.run(async {
            let mut is_new = false;
            for part in self.parts() {
                is_new |= part.load(keeper).await?;
            }
            Ok(is_new)
        })
    }

    /// Makes in the store what is not there yet. Blocks.
    ///
    /// Applications do this by themselves. What fails stays in memory, and is tried again with the next call.
    pub fn save(&self) -> Result<(), Error> {
        let keeper = &self.0.keeper;
        keeper.engine.run(async {
            for part in self.parts() {
                part.save(self.0.writing(now()), keeper).await?;
            }
            Ok(())
        })
    }

    /// Where else there may be tokens, such as damaged files that were set aside: who signs out should know. Blocks.
    pub fn leftovers(&self) -> Result<Vec<String>, Error> {
        self.0.keeper.engine.run(self.0.keeper.engine.leftovers())
    }

    /// What is in memory of a store that keeps everything as one; none of one that keeps owners apart.
    pub fn memory(&self) -> Option<&TokenCache> {
        match &self.0.memory {
            Memory::ByOwner { .. } => None,
            Memory::Whole(part) => Some(&part.memory),
        }
    }

    /// The part in memory that holds this; none where nothing of it is there.
    fn part(&self, partition: &Partition) -> Option<Arc<Part>> {
        match &self.0.memory {
            Memory::ByOwner { parts, .. } => parts.get(partition),
            Memory::Whole(part) => Some(part.clone()),
        }
    }

    fn part_or_new(&self, partition: &Partition) -> Arc<Part> {
        let parts = match &self.0.memory {
            Memory::ByOwner { parts, .. } => parts,
            Memory::Whole(part) => return part.clone(),
        };
        parts.get_or(partition, || {
            let name = name(partition, Layout::ByOwner);
            Part::new(partition.clone(), name, one_owners(self.0.settings.limits))
        })
    }

    fn parts(&self) -> Vec<Arc<Part>> {
        match &self.0.memory {
            Memory::ByOwner { parts, .. } => parts.all(),
            Memory::Whole(part) => vec![part.clone()],
        }
    }

    fn with_part_of<R>(
        &self,
        lookup: &AccessTokenLookup<'_>,
        look: impl FnOnce(&Part) -> R,
    ) -> Option<R> {
        match &self.0.memory {
            Memory::ByOwner { parts, .. } => parts.of_lookup(lookup).map(|part| look(&part)),
            Memory::Whole(part) => Some(look(part)),
        }
    }
}

impl Inner {
    fn writing(&self, now: Timestamp) -> Writing {
        Writing {
            compatibility: self.settings.compatibility,
            layout: self.layout,
            now,
        }
    }

    /// What is done once a part has been read or written.
    fn settle(&self, part: &Part) {
        let Memory::ByOwner { parts, apps } = &self.memory else {
            return;
        };
        for entry in part.memory.apps() {
            apps.apply(&Change::upsert(Entity::AppMetadata(entry)));
        }
        parts.changed(part);
    }
}

impl TokenStore for PersistentCache {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        self.with_part_of(lookup, |part| {
            part.used_at.store(now.as_secs(), Ordering::Relaxed);
            part.memory.access_token(lookup, now)
        })?
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        let partition = match (&self.0.memory, filter) {
            (Memory::Whole(part), _) => return part.memory.users(cloud, filter),
            (_, UserFilter::HomeAccountId(id)) => Partition::User(id.into()),
            (_, UserFilter::Assertion(hash)) => Partition::Assertion(hash.into()),
            _ => {
                let parts = self.parts().into_iter();
                return parts
                    .flat_map(|part| part.memory.users(cloud, filter))
                    .collect();
            }
        };
        let part = self.part(&partition);
        part.map_or_else(Vec::new, |part| part.memory.users(cloud, filter))
    }

    fn user(&self, cloud: &str, home_account_id: &str) -> Option<Arc<[Entity]>> {
        let part = self.part(&Partition::User(home_account_id.into()))?;
        part.memory.user(cloud, home_account_id)
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        match &self.0.memory {
            Memory::ByOwner { apps, .. } => apps.app_metadata(cloud, client_id),
            Memory::Whole(part) => part.memory.app_metadata(cloud, client_id),
        }
    }

    fn candidates(&self, lookup: &AccessTokenLookup<'_>) -> Vec<Candidate> {
        let candidates = self.with_part_of(lookup, |part| part.memory.candidates(lookup));
        candidates.unwrap_or_default()
    }

    /// Changes the memory, and keeps the change until it has been made in the store.
    fn apply(&self, change: &Change) {
        if change.is_empty() {
            return;
        }
        let partition = name::partition(change).unwrap_or(Partition::Everything);
        let part = self.part_or_new(&partition);
        part.apply(change);
        self.0.settle(&part);
    }

    fn persistence(&self) -> Option<Arc<dyn Persistence>> {
        Some(Arc::new(self.clone()))
    }
}

impl Persistence for PersistentCache {
    fn is_due(&self, lookup: &AccessTokenLookup<'_>, now: Timestamp) -> bool {
        let interval = self.0.settings.interval.as_secs();
        let is_due = self.with_part_of(lookup, |part| part.is_due(now, interval));
        // Of whom nothing is in memory is looked for in any case.
        is_due.unwrap_or(false)
    }

    fn is_async(&self) -> bool {
        self.0.keeper.engine.is_async()
    }

    fn lists_users(&self) -> bool {
        self.0.layout == Layout::Whole
    }

    fn load(&self, partition: &Partition, now: Timestamp) -> Task<()> {
        let part = self.part_or_new(partition);
        part.looked(now);
        let inner = self.0.clone();
        self.0.keeper.engine.task("token cache load", async move {
            part.load(&inner.keeper).await?;
            inner.settle(&part);
            Ok(())
        })
    }

    fn save(&self, partition: &Partition, now: Timestamp) -> Task<()> {
        let part = self.part(partition);
        let inner = self.0.clone();
        self.0.keeper.engine.task("token cache save", async move {
            if let Some(part) = part {
                part.save(inner.writing(now), &inner.keeper).await?;
                inner.settle(&part);
            }
            Ok(())
        })
    }

    fn lease(&self, key: &LeaseKey, limit: Duration) -> Task<Lease> {
        let name = name(key.partition(), self.0.layout);
        let digest = *key.digest();
        let engine = self.0.keeper.engine.clone();
        self.0.keeper.engine.task("token cache lease", async move {
            engine.lease(&name, &digest, limit).await
        })
    }
}

impl fmt::Debug for PersistentCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersistentCache")
            .field("keeper", &self.0.keeper)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// Sets a [`PersistentCache`] up.
#[derive(Clone, Debug)]
#[must_use]
pub struct PersistentCacheBuilder {
    compatibility: Compatibility,
    interval: Duration,
    listener: Listener,
    limits: Limits,
}

impl PersistentCacheBuilder {
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

    /// Who is told what happens to the cache. Called on the thread that did it, with no lock held.
    pub fn on_event(mut self, listen: impl Fn(&CacheEvent) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listen);
        self
    }

    /// How many entries there may be in memory; 100,000 unless set. The store loses nothing by it.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.limits.entries = entries;
        self
    }

    /// About how many bytes they may take; 256 MiB unless set.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How large a value of the store may be to be read; 256 MiB unless set.
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
                parts: Parts::new(self.limits.entries / ENTRIES_OF_ONE, self.limits.bytes),
                apps: TokenCache::new(),
            },
            Layout::Whole => {
                let memory = TokenCache::with_limits(self.limits);
                let name = name(&Partition::Everything, layout);
                Memory::Whole(Arc::new(Part::new(Partition::Everything, name, memory)))
            }
        };
        PersistentCache(Arc::new(Inner {
            keeper: Keeper {
                engine,
                listener: self.listener.clone(),
            },
            layout,
            settings: self,
            memory,
        }))
    }
}

/// The machine's time, for who saves without a flow.
fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(now.unwrap_or_default().as_secs())
}

/// The memory of one owner: as small as it can be while it has few entries.
fn one_owners(limits: Limits) -> TokenCache {
    TokenCache::with_limits(Limits {
        entries: MOST_OF_ONE,
        ..limits
    })
}

/// How many entries an owner has, about: account, id token, refresh token and an access token.
const ENTRIES_OF_ONE: usize = 4;

/// How many one may have in memory.
const MOST_OF_ONE: usize = 1_024;
