use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Candidate, Change, Entity, Lease,
    LeaseKey, Partition, Persistence, TokenStore, UserFilter,
};
use msal_core::{Error, Task, Timestamp};

use super::builder::{PersistentCacheBuilder, one_owners};
use super::name::{self, name};
use super::part::{Keeper, Part};
use super::parts::Parts;
use super::saving::Writing;
use super::{AsyncCacheStore, CacheStore, Layout};
use crate::file::FileStore;
use crate::interner::Interner;
use crate::{Statistics, TokenCache};

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

pub(super) struct Inner {
    pub(super) keeper: Keeper,
    pub(super) layout: Layout,
    pub(super) settings: PersistentCacheBuilder,
    pub(super) memory: Memory,
}

pub(super) enum Memory {
    /// Where users are kept apart, what is known of applications belongs to all of them.
    ByOwner {
        parts: Parts,
        apps: TokenCache,
        /// What entries have in common.
        texts: Arc<Mutex<Interner>>,
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
        PersistentCacheBuilder::new()
    }

    pub(super) fn of(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// How many changes are not in the store yet. Each is tried again with the next one.
    pub fn unsaved(&self) -> usize {
        self.parts().iter().map(|part| part.unsaved()).sum()
    }

    /// How much there is in memory. Of what the store holds more, nothing is known.
    pub fn statistics(&self) -> Statistics {
        let parts = self.parts().into_iter();
        let sum: Statistics = parts.map(|part| part.memory.statistics()).sum();
        match &self.0.memory {
            Memory::ByOwner { parts, apps, .. } => Statistics {
                app_metadata: apps.statistics().app_metadata,
                evicted: parts.evicted(),
                ..sum
            },
            Memory::Whole(_) => sum,
        }
    }

    /// Forgets what is in memory, and not what the store holds: there it is found again. What is not in the store yet stays.
    pub fn clear_memory(&self) {
        if let Memory::ByOwner { parts, apps, .. } = &self.0.memory {
            parts.clear();
            apps.clear();
        }
        for part in self.parts() {
            part.clear(now());
            self.0.settle(&part);
        }
    }

    /// Takes over what others have written, of all that is in memory; whether they had written anything. Blocks.
    ///
    /// Applications do this by themselves. Fails when the store cannot be read, or is async; the memory stays as it is
    /// then.
    pub fn load(&self) -> Result<bool, Error> {
        self.0.keeper.engine.run(self.load_async())
    }

    /// As [`load`](Self::load), for a store of either kind; blocks where the store does.
    pub async fn load_async(&self) -> Result<bool, Error> {
        let mut is_new = Ok(false);
        for part in self.parts() {
            match part
                .load(&Partition::Everything, now(), &self.0.keeper)
                .await
            {
                Ok(is_this) => is_new = is_new.map(|is_new| is_new || is_this),
                Err(error) => is_new = is_new.and(Err(error)),
            }
            self.0.settle(&part);
        }
        is_new
    }

    /// Makes in the store what is not there yet. Blocks.
    ///
    /// Applications do this by themselves. What fails stays in memory, and is tried again with the next call.
    pub fn save(&self) -> Result<(), Error> {
        self.0.keeper.engine.run(self.save_async())
    }

    /// As [`save`](Self::save), for a store of either kind; blocks where the store does.
    pub async fn save_async(&self) -> Result<(), Error> {
        let mut saved = Ok(());
        for part in self.parts() {
            let writing = self.0.writing(now());
            let this = part.save(None, writing, &self.0.keeper).await;
            self.0.settle(&part);
            saved = saved.and(this);
        }
        saved
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
        let (parts, texts) = match &self.0.memory {
            Memory::ByOwner { parts, texts, .. } => (parts, texts),
            Memory::Whole(part) => return part.clone(),
        };
        parts.get_or(partition, || {
            let name = name(partition, Layout::ByOwner);
            let memory = one_owners(self.0.settings.limits, texts);
            Part::new(partition.clone(), name, memory)
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
            Memory::ByOwner { parts, .. } => parts.with(lookup, look),
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
        let Memory::ByOwner { parts, apps, .. } = &self.memory else {
            return;
        };
        for entry in part.memory.apps() {
            let known = apps.app_metadata(&entry.environment, &entry.client_id);
            if known.is_none_or(|known| known.family_id != entry.family_id) {
                apps.apply(&Change::upsert(Entity::AppMetadata(entry)));
            }
        }
        parts.changed(part);
    }

    /// Notes what time it is.
    fn tick(&self, now: Timestamp) {
        if let Memory::ByOwner { parts, .. } = &self.memory {
            parts.tick(now);
        }
    }
}

impl TokenStore for PersistentCache {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        self.with_part_of(lookup, |part| {
            part.touch(now);
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
                return parts.flat_map(|part| part.own(cloud, filter)).collect();
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
        let partition = name::partition(change);
        if let (None, Memory::ByOwner { apps, .. }) = (&partition, &self.0.memory) {
            // It is nobody's, and is learnt again from the next token.
            return apps.apply(change);
        }
        let partition = partition.unwrap_or(Partition::Everything);
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
        self.0.tick(now);
        let part = self.part_or_new(partition);
        part.looked(now);
        let (inner, partition) = (self.0.clone(), partition.clone());
        self.0.keeper.engine.task("token cache load", async move {
            let loaded = part.load(&partition, now, &inner.keeper).await;
            inner.settle(&part);
            loaded.map(drop)
        })
    }

    fn save(&self, partition: &Partition, now: Timestamp) -> Task<()> {
        self.0.tick(now);
        let (cache, partition) = (self.clone(), partition.clone());
        self.0.keeper.engine.task("token cache save", async move {
            let Some(part) = cache.part(&partition) else {
                return Ok(());
            };
            let writing = cache.0.writing(now);
            let wanted = Some(&partition).filter(|wanted| **wanted != Partition::Everything);
            let saved = part.save(wanted, writing, &cache.0.keeper).await;
            cache.0.settle(&part);
            saved
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

/// The machine's time, for who saves without a flow.
fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(now.unwrap_or_default().as_secs())
}
