//! A store in memory, of either kind and layout, that fails when it is told to.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use msal_cache::persist::{
    AsyncCacheStore, CacheStore, Found, Layout, Loaded, Make, Next, PersistentCache, Updated,
    Version,
};
use msal_core::{Error, ErrorKind};

/// What is kept, by whomever.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    layout: Layout,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    values: HashMap<String, (u64, Vec<u8>)>,
    faults: HashMap<(usize, String), VecDeque<Fault>>,
    log: Vec<(usize, String, Did)>,
    lives: HashMap<String, Option<Duration>>,
    is_broken: bool,
}

/// What goes wrong with the next call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// What was to be written is written.
    After,
    Before,
}

/// What a cache did to a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Did {
    /// It was told that what it has is what there is.
    FindUnchanged,
    /// It thought of the next value.
    Make,
    Put,
    Read,
    Remove,
}

/// The store as one process has it.
#[derive(Clone, Debug)]
pub(crate) struct Blocking(pub(crate) Map, pub(crate) usize);

/// The same, whose futures wait before and after whatever they do.
#[derive(Clone, Debug)]
pub(crate) struct Pending(pub(crate) Map, pub(crate) usize);

impl Map {
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            layout,
            inner: Arc::default(),
        }
    }

    /// A cache over it, as of a process of its own.
    pub(crate) fn cache(&self) -> PersistentCache {
        PersistentCache::new(self.store())
    }

    pub(crate) fn store(&self) -> Blocking {
        Blocking(self.clone(), 0)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.found(name).bytes?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub(crate) fn set(&self, name: &str, text: &str) {
        self.inner().put(name, text.as_bytes());
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let inner = self.inner();
        let values = inner
            .values
            .iter()
            .filter(|(_, (_, bytes))| !bytes.is_empty());
        let mut names: Vec<_> = values.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// After what time the value may go, as it was last put.
    pub(crate) fn life(&self, name: &str) -> Option<Duration> {
        self.inner().lives.get(name).copied().flatten()
    }

    /// Has the next call of this process for this value fail.
    pub(crate) fn fail(&self, process: usize, name: &str, fault: Fault) {
        let mut inner = self.inner();
        let faults = inner.faults.entry((process, name.to_owned()));
        faults.or_default().push_back(fault);
    }

    /// Everything fails from now on.
    pub(crate) fn break_down(&self) {
        self.inner().is_broken = true;
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        let mut inner = self.inner();
        inner.is_broken = false;
        inner.faults.clear();
    }

    /// What was done since it was last asked.
    pub(crate) fn log(&self) -> Vec<(usize, String, Did)> {
        std::mem::take(&mut self.inner().log)
    }

    /// How often something was done, since the log was last taken.
    pub(crate) fn count(&self, did: Did) -> usize {
        let inner = self.inner();
        inner.log.iter().filter(|(_, _, done)| *done == did).count()
    }

    fn fault(&self, process: usize, name: &str) -> Option<Fault> {
        let mut inner = self.inner();
        if inner.is_broken {
            return Some(Fault::Before);
        }
        let faults = inner.faults.get_mut(&(process, name.to_owned()))?;
        faults.pop_front()
    }

    fn look(&self, process: usize, name: &str, seen: Option<&Version>) -> Loaded {
        let found = self.found(name);
        let (did, loaded) = match seen == Some(&found.version) {
            true => (Did::FindUnchanged, Loaded::Unchanged),
            false => (Did::Read, Loaded::Found(found)),
        };
        self.note(process, name, did);
        loaded
    }

    /// Puts it if nobody was quicker.
    fn put_if(&self, process: usize, name: &str, before: &Version, next: Next) -> Option<Updated> {
        let mut inner = self.inner();
        if inner.found(name).version != *before {
            return None;
        }
        match next {
            Next::Put(content) => {
                inner.put(name, &content.bytes);
                inner.lives.insert(name.to_owned(), content.life);
                inner.log.push((process, name.to_owned(), Did::Put));
            }
            Next::Remove => {
                inner.put(name, &[]);
                inner.log.push((process, name.to_owned(), Did::Remove));
            }
            _ => {}
        }
        Some(Updated {
            before: before.clone(),
            after: inner.found(name).version,
        })
    }

    fn found(&self, name: &str) -> Found {
        self.inner().found(name)
    }

    fn note(&self, process: usize, name: &str, did: Did) {
        self.inner().log.push((process, name.to_owned(), did));
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

impl Inner {
    fn found(&self, name: &str) -> Found {
        let value = self.values.get(name);
        let (number, bytes) = value.map_or((0, &[][..]), |(number, bytes)| (*number, bytes));
        Found {
            bytes: (!bytes.is_empty()).then(|| bytes.to_vec().into()),
            version: Version::from(number),
        }
    }

    fn put(&mut self, name: &str, bytes: &[u8]) {
        let value = self.values.entry(name.to_owned()).or_default();
        *value = (value.0 + 1, bytes.to_vec());
    }
}

impl CacheStore for Blocking {
    fn layout(&self) -> Layout {
        self.0.layout
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        match self.0.fault(self.1, name) {
            Some(_) => Err(broken()),
            None => Ok(self.0.look(self.1, name, seen)),
        }
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let fault = self.0.fault(self.1, name);
        if fault == Some(Fault::Before) {
            return Err(broken());
        }
        loop {
            let before = self.0.found(name);
            self.0.note(self.1, name, Did::Make);
            let next = make(&before)?;
            let Some(updated) = self.0.put_if(self.1, name, &before.version, next) else {
                continue;
            };
            return match fault {
                Some(_) => Err(broken()),
                None => Ok(updated),
            };
        }
    }
}

#[async_trait]
impl AsyncCacheStore for Pending {
    fn layout(&self) -> Layout {
        self.0.layout
    }

    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        Turn::default().await;
        if self.0.fault(self.1, name).is_some() {
            return Err(broken());
        }
        let loaded = self.0.look(self.1, name, seen);
        Turn::default().await;
        Ok(loaded)
    }

    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        Turn::default().await;
        let fault = self.0.fault(self.1, name);
        if fault == Some(Fault::Before) {
            return Err(broken());
        }
        loop {
            let before = self.0.found(name);
            self.0.note(self.1, name, Did::Make);
            let next = make(&before)?;
            // Others may write meanwhile.
            Turn::default().await;
            let Some(updated) = self.0.put_if(self.1, name, &before.version, next) else {
                continue;
            };
            Turn::default().await;
            return match fault {
                Some(_) => Err(broken()),
                None => Ok(updated),
            };
        }
    }
}

/// Waits until it is asked a second time.
#[derive(Default)]
pub(crate) struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::Cache).because("the store is out of order")
}
