use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use msal_core::store::{AccessTokenLookup, OwnerRef, Partition};

use super::part::Part;

/// The parts in memory, by owner. As many as there may be: beyond that, what was used least recently goes, as a whole, so
/// that nobody's tokens ever go in part. What is not saved stays.
#[derive(Debug)]
pub(super) struct Parts {
    shards: Box<[RwLock<HashTable<Arc<Part>>>]>,
    hasher: RandomState,
    max_parts: usize,
    max_bytes: usize,
    bytes: AtomicUsize,
    parts: AtomicUsize,
    /// Where eviction goes on.
    next: AtomicUsize,
}

impl Parts {
    pub(super) fn new(max_parts: usize, max_bytes: usize) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self {
            shards,
            hasher: RandomState::default(),
            max_parts,
            max_bytes,
            bytes: AtomicUsize::new(0),
            parts: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
        }
    }

    /// The part that the token of this look-up would be in, if it is in memory.
    pub(super) fn of_lookup(&self, lookup: &AccessTokenLookup<'_>) -> Option<Arc<Part>> {
        let hash = self.hash(&Id::of_lookup(lookup));
        let shard = self.read(hash);
        let found = shard.find(hash, |part| part.partition.is_of(lookup));
        found.cloned()
    }

    pub(super) fn get(&self, partition: &Partition) -> Option<Arc<Part>> {
        let hash = self.hash(&Id::of(partition));
        let shard = self.read(hash);
        shard
            .find(hash, |part| part.partition == *partition)
            .cloned()
    }

    /// The part, made by `make` where it is not in memory yet.
    pub(super) fn get_or(&self, partition: &Partition, make: impl FnOnce() -> Part) -> Arc<Part> {
        if let Some(part) = self.get(partition) {
            return part;
        }
        let made = Arc::new(make());
        let hash = self.hash(&Id::of(partition));
        let mut shard = self.write(hash);
        let there = shard.find(hash, |part| part.partition == *partition);
        if let Some(part) = there {
            return part.clone();
        }
        let rehash = |part: &Arc<Part>| self.hash(&Id::of(&part.partition));
        shard.insert_unique(hash, made.clone(), rehash);
        self.parts.fetch_add(1, Ordering::Relaxed);
        made
    }

    /// All parts, in no order.
    pub(super) fn all(&self) -> Vec<Arc<Part>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().cloned());
        }
        all
    }

    /// Counts a part that has changed, and evicts others while there is too much.
    pub(super) fn changed(&self, part: &Part) {
        let size = part.memory.statistics().bytes + OVERHEAD;
        let before = part.counted.swap(size, Ordering::Relaxed);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
        let mut fruitless = 0;
        while self.is_over() && fruitless < SHARDS {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
            match self.evict(at, part) {
                true => fruitless = 0,
                false => fruitless += 1,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.parts.load(Ordering::Relaxed) > self.max_parts
            || self.bytes.load(Ordering::Relaxed) > self.max_bytes
    }

    /// Takes out the part that was used least recently of one shard, unless it is `spared`; whether there was one.
    fn evict(&self, shard: usize, spared: &Part) -> bool {
        let Some(shard) = self.shards.get(shard) else {
            return false;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        // Who else has it is at work on it.
        let is_idle = |part: &&Arc<Part>| {
            Arc::strong_count(part) == 1 && part.unsaved() == 0 && !std::ptr::eq(&***part, spared)
        };
        let coldest = shard
            .iter()
            .filter(is_idle)
            .min_by_key(|part| part.used_at.load(Ordering::Relaxed));
        let Some(coldest) = coldest.map(|part| part.partition.clone()) else {
            return false;
        };
        let hash = self.hash(&Id::of(&coldest));
        let Ok(entry) = shard.find_entry(hash, |part| part.partition == coldest) else {
            return false;
        };
        let (gone, _) = entry.remove();
        self.parts.fetch_sub(1, Ordering::Relaxed);
        let counted = gone.counted.load(Ordering::Relaxed);
        self.bytes.fetch_sub(counted, Ordering::Relaxed);
        true
    }

    fn hash(&self, id: &Id<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        id.hash(&mut hasher);
        hasher.finish()
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Arc<Part>>> {
        // The table uses the other bits.
        let at = (hash >> 40) as usize % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "there are as many")]
        &self.shards[at]
    }

    fn read(&self, hash: u64) -> RwLockReadGuard<'_, HashTable<Arc<Part>>> {
        let shard = self.shard(hash).read();
        shard.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, HashTable<Arc<Part>>> {
        let shard = self.shard(hash).write();
        shard.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a partition is hashed: the same for look-up and partition.
#[derive(Hash)]
enum Id<'i> {
    App(&'i str, &'i str),
    Assertion(&'i str),
    Other,
    User(&'i str),
}

impl<'i> Id<'i> {
    fn of(partition: &'i Partition) -> Self {
        match partition {
            Partition::App {
                client_id, realm, ..
            } => Self::App(client_id, realm),
            Partition::Assertion(hash) => Self::Assertion(hash),
            Partition::User(id) => Self::User(id),
            _ => Self::Other,
        }
    }

    fn of_lookup(lookup: &AccessTokenLookup<'i>) -> Self {
        match lookup.owner {
            OwnerRef::Account(id) => Self::User(id),
            OwnerRef::App => Self::App(lookup.client_id, lookup.realm),
            OwnerRef::Assertion(hash) => Self::Assertion(hash),
        }
    }
}

const SHARDS: usize = 64;

/// About what a part takes beside its entries.
const OVERHEAD: usize = 1_024;
