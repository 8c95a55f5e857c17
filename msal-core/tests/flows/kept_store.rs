//! A store with something behind it that a test plays: what other processes leave there, and what goes wrong.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Change, Entity, Lease, LeaseKey,
    Partition, Persistence, TokenStore, UserFilter,
};
use msal_core::{Error, ErrorKind, Task, Timestamp};

use crate::list_store::ListStore;

/// A memory, and what keeps it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct KeptStore(Arc<Inner>);

struct Inner {
    memory: Arc<ListStore>,
    is_async: bool,
    lists_users: bool,
    is_due: AtomicBool,
    loads: Mutex<VecDeque<Deed>>,
    saves: Mutex<VecDeque<Deed>>,
    leases: Mutex<VecDeque<Result<bool, Error>>>,
    keys: Mutex<Vec<LeaseKey>>,
    held: Arc<AtomicUsize>,
    asked: Mutex<Vec<String>>,
}

/// What happens at a load or a save.
type Deed = Box<dyn FnOnce(&Arc<ListStore>) -> Result<(), Error> + Send>;

impl KeptStore {
    pub(crate) fn new() -> Self {
        Self::of_kind(false, true)
    }

    pub(crate) fn of_kind(is_async: bool, lists_users: bool) -> Self {
        Self(Arc::new(Inner {
            memory: Arc::default(),
            is_async,
            lists_users,
            is_due: AtomicBool::new(false),
            loads: Mutex::default(),
            saves: Mutex::default(),
            leases: Mutex::default(),
            keys: Mutex::default(),
            held: Arc::default(),
            asked: Mutex::default(),
        }))
    }

    /// What is in memory, without anything behind it.
    pub(crate) fn memory(&self) -> &Arc<ListStore> {
        &self.0.memory
    }

    /// Says that others may have written.
    pub(crate) fn is_due_now(&self) {
        self.0.is_due.store(true, Ordering::SeqCst);
    }

    /// The load that is next in line finds this.
    pub(crate) fn at_load(&self, deed: impl FnOnce(&Arc<ListStore>) + Send + 'static) {
        let deed: Deed = Box::new(|memory| {
            deed(memory);
            Ok(())
        });
        self.0.loads.lock().unwrap().push_back(deed);
    }

    /// So many loads find nothing new.
    pub(crate) fn at_load_nothing(&self, times: usize) {
        for _ in 0..times {
            self.at_load(|_| ());
        }
    }

    /// So many loads fail.
    pub(crate) fn fails_to_load(&self, times: usize) {
        let deed = || -> Deed { Box::new(|_| Err(broken())) };
        let mut loads = self.0.loads.lock().unwrap();
        loads.extend(std::iter::repeat_with(deed).take(times));
    }

    /// So many saves fail.
    pub(crate) fn fails_to_save(&self, times: usize) {
        let deed = || -> Deed { Box::new(|_| Err(broken())) };
        let mut saves = self.0.saves.lock().unwrap();
        saves.extend(std::iter::repeat_with(deed).take(times));
    }

    /// How the lease that is next in line comes out: taken, not to be had, or failed.
    pub(crate) fn at_lease(&self, outcome: Result<bool, Error>) {
        self.0.leases.lock().unwrap().push_back(outcome);
    }

    /// The leases that were asked for.
    pub(crate) fn lease_keys(&self) -> Vec<LeaseKey> {
        self.0.keys.lock().unwrap().clone()
    }

    /// How many leases are held now.
    pub(crate) fn leases(&self) -> usize {
        self.0.held.load(Ordering::SeqCst)
    }

    /// What was done, in order, since this was last asked: of what, and whether under a lease.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.asked.lock().unwrap())
    }

    fn note(&self, deed: &str, partition: &Partition) {
        let of = match partition {
            Partition::App { .. } => "app",
            Partition::Assertion(_) => "assertion",
            Partition::Everything => "everything",
            Partition::User(_) => "user",
            other => panic!("no such partition: {other:?}"),
        };
        let leased = if self.leases() > 0 { ", leased" } else { "" };
        let line = format!("{deed} {of}{leased}");
        self.0.asked.lock().unwrap().push(line);
    }

    fn task<R: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<R, Error> + Send + 'static,
    ) -> Task<R> {
        match self.0.is_async {
            true => Task::future(name, || Box::pin(async { work() })),
            false => Task::blocking(name, work),
        }
    }
}

impl Persistence for KeptStore {
    fn is_due(&self, _lookup: &AccessTokenLookup<'_>, _now: Timestamp) -> bool {
        self.0.is_due.load(Ordering::SeqCst)
    }

    fn is_async(&self) -> bool {
        self.0.is_async
    }

    fn lists_users(&self) -> bool {
        self.0.lists_users
    }

    fn load(&self, partition: &Partition, _now: Timestamp) -> Task<()> {
        self.0.is_due.store(false, Ordering::SeqCst);
        let (own, partition) = (self.clone(), partition.clone());
        self.task("load", move || {
            own.note("load", &partition);
            let deed = own.0.loads.lock().unwrap().pop_front();
            deed.map_or(Ok(()), |deed| deed(&own.0.memory))
        })
    }

    fn save(&self, partition: &Partition, _now: Timestamp) -> Task<()> {
        let (own, partition) = (self.clone(), partition.clone());
        self.task("save", move || {
            own.note("save", &partition);
            let deed = own.0.saves.lock().unwrap().pop_front();
            deed.map_or(Ok(()), |deed| deed(&own.0.memory))
        })
    }

    fn lease(&self, key: &LeaseKey, limit: Duration) -> Task<Lease> {
        assert!(limit <= Duration::from_secs(35));
        self.0.keys.lock().unwrap().push(key.clone());
        let (own, partition) = (self.clone(), key.partition().clone());
        self.task("lease", move || {
            own.note("lease", &partition);
            let outcome = own.0.leases.lock().unwrap().pop_front();
            let is_taken = outcome.unwrap_or(Ok(true))?;
            Ok(match is_taken {
                true => Lease::held(Guard::of(&own.0.held)),
                false => Lease::none(),
            })
        })
    }
}

impl TokenStore for KeptStore {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        self.0.memory.access_token(lookup, now)
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        self.0.memory.users(cloud, filter)
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        self.0.memory.app_metadata(cloud, client_id)
    }

    fn apply(&self, change: &Change) {
        self.0.memory.apply(change);
    }

    fn persistence(&self) -> Option<Arc<dyn Persistence>> {
        Some(Arc::new(self.clone()))
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptStore")
    }
}

/// A lease that is held, counted.
struct Guard(Arc<AtomicUsize>);

impl Guard {
    fn of(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How a store fails.
pub(crate) fn broken() -> Error {
    Error::new(ErrorKind::Cache).because("the disk is on fire")
}
