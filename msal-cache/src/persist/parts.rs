use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use msal_core::Timestamp;
use msal_core::store::{AccessTokenLookup, OwnerRef, Partition};

use super::part::Part;

/// The parts in memory, by owner. As many entries and bytes as there may be: beyond that, who was used least recently goes,
/// as a whole, so that nobody's tokens ever go in part. What is not saved stays.
#[derive(Debug)]
pub(super) struct Parts {
    shards: Box<[RwLock<HashTable<Arc<Part>>>]>,
    hasher: RandomState,
    max_entries: usize,
    max_bytes: usize,
    entries: AtomicUsize,
    bytes: AtomicUsize,
    evicted: AtomicU64,
    /// The latest time that anybody told.
    now: AtomicU64,
    /// Where eviction goes on.
    next: AtomicUsize,
}

impl Parts {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        // Where there is room for few, they share a shard, so that whoever goes is the coldest of all.
        let shards = (max_entries / ENTRIES).clamp(1, MAX_SHARDS);
        let shards = (0..shards).map(|_| RwLock::default()).collect();
        Self {
            shards,
            hasher: RandomState::default(),
            max_entries,
            max_bytes,
            entries: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            evicted: AtomicU64::new(0),
            now: AtomicU64::new(0),
            next: AtomicUsize::new(0),
        }
    }

    /// Looks at the part that the token of this look-up would be in, if it is in memory.
    pub(super) fn with<R>(
        &self,
        lookup: &AccessTokenLookup<'_>,
        look: impl FnOnce(&Part) -> R,
    ) -> Option<R> {
        let hash = self.hash(&Id::of_lookup(lookup));
        let shard = self.read(hash);
        let found = shard.find(hash, |part| part.partition.is_of(lookup));
        found.map(|part| look(part))
    }

    /// Notes what time it is.
    pub(super) fn tick(&self, now: Timestamp) {
        if self.now.load(Ordering::Relaxed) != now.as_secs() {
            self.now.store(now.as_secs(), Ordering::Relaxed);
        }
    }

    /// How many entries had to go for want of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
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
        drop(shard);
        self.changed(&made);
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

    /// Takes all out that is saved.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let gone: Vec<_> = shard.extract_if(|part| is_idle(part)).collect();
            drop(shard);
            gone.iter().for_each(|part| self.uncount(part));
        }
    }

    /// Counts a part that is new or has changed, and evicts others while there is too much.
    pub(super) fn changed(&self, part: &Part) {
        part.touch(Timestamp::from_secs(self.now.load(Ordering::Relaxed)));
        let statistics = part.memory.statistics();
        // An empty one takes room as well.
        let sizes = [statistics.entries().max(1), statistics.bytes + OVERHEAD];
        for ((total, counted), size) in self.totals().into_iter().zip(&part.counted).zip(sizes) {
            // In this order: another thread may count the same part, and takes away only what was added.
            total.fetch_add(size, Ordering::AcqRel);
            let before = counted.swap(size, Ordering::AcqRel);
            total.fetch_sub(before, Ordering::AcqRel);
        }
        let mut fruitless = 0;
        while self.is_over() && fruitless < self.shards.len() {
            let at = self.next.fetch_add(1, Ordering::Relaxed) % self.shards.len();
            match self.evict(at, part) {
                true => fruitless = 0,
                false => fruitless += 1,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.entries.load(Ordering::Relaxed) > self.max_entries
            || self.bytes.load(Ordering::Relaxed) > self.max_bytes
    }

    /// Takes out the part that was used least recently of one shard, unless it is `spared`; whether there was one.
    fn evict(&self, shard: usize, spared: &Part) -> bool {
        let Some(shard) = self.shards.get(shard) else {
            return false;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let may_go = |part: &&Arc<Part>| !std::ptr::eq(&***part, spared) && is_idle(part);
        let coldest = shard
            .iter()
            .filter(may_go)
            .min_by_key(|part| part.used_at());
        let Some(coldest) = coldest.cloned() else {
            return false;
        };
        let hash = self.hash(&Id::of(&coldest.partition));
        let Ok(entry) = shard.find_entry(hash, |part| Arc::ptr_eq(part, &coldest)) else {
            return false;
        };
        entry.remove();
        drop(shard);
        self.uncount(&coldest);
        let entries = coldest.memory.statistics().entries();
        self.evicted.fetch_add(entries as u64, Ordering::Relaxed);
        true
    }

    fn uncount(&self, part: &Part) {
        for (total, counted) in self.totals().into_iter().zip(&part.counted) {
            let counted = counted.swap(0, Ordering::Relaxed);
            total.fetch_sub(counted, Ordering::Relaxed);
        }
    }

    fn totals(&self) -> [&AtomicUsize; 2] {
        [&self.entries, &self.bytes]
    }

    fn hash(&self, id: &Id<'_>) -> u64 {
        self.hasher.hash_one(id)
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Arc<Part>>> {
        // The table uses the other bits.
        let at = (hash >> 40) as usize % self.shards.len();
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

/// Whether nobody is at work on it, and all of it is in the store.
fn is_idle(part: &Arc<Part>) -> bool {
    Arc::strong_count(part) == 1 && part.unsaved() == 0
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

/// About how many entries a shard has, when there are as many as there may be.
const ENTRIES: usize = 1_024;

const MAX_SHARDS: usize = 64;

/// About what a part takes beside its entries.
const OVERHEAD: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenCache;

    #[test]
    fn those_of_whom_nothing_is_known_take_room_too() {
        for (max_entries, max_bytes) in [(40, usize::MAX), (usize::MAX, 40 * OVERHEAD)] {
            let parts = Parts::new(max_entries, max_bytes);
            for n in 0..1_000 {
                let partition = Partition::Assertion(n.to_string().into());
                let make = || Part::new(partition.clone(), n.to_string(), TokenCache::new());
                parts.get_or(&partition, make);
                assert!(parts.all().len() <= 40);
            }
            assert!(parts.all().len() >= 30);
            parts.clear();
            assert!(parts.all().is_empty());
            assert_eq!(
                parts.totals().map(|total| total.load(Ordering::Relaxed)),
                [0, 0]
            );
        }
    }
}
