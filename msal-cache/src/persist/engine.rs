use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_lock::{Mutex, MutexGuard};
use msal_core::store::Lease;
use msal_core::{Error, ErrorKind, Task};

use super::{AsyncCacheStore, CacheStore, Layout, Loaded, Make, Updated, Version};

/// A store of either kind, so that all that is done with it is written once, as if it were async.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    Async(Arc<dyn AsyncCacheStore>),
    Blocking(Arc<dyn CacheStore>),
}

impl Engine {
    pub(super) fn is_async(&self) -> bool {
        matches!(self, Self::Async(_))
    }

    pub(super) fn layout(&self) -> Layout {
        match self {
            Self::Async(store) => store.layout(),
            Self::Blocking(store) => store.layout(),
        }
    }

    pub(super) async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        match self {
            Self::Async(store) => store.load(name, seen).await,
            Self::Blocking(store) => store.load(name, seen),
        }
    }

    pub(super) async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        match self {
            Self::Async(store) => store.update(name, make).await,
            Self::Blocking(store) => store.update(name, make),
        }
    }

    pub(super) async fn set_aside(
        &self,
        name: &str,
        damaged: &Version,
    ) -> Result<Option<String>, Error> {
        match self {
            Self::Async(store) => store.set_aside(name, damaged).await,
            Self::Blocking(store) => store.set_aside(name, damaged),
        }
    }

    pub(super) async fn lease(
        &self,
        name: &str,
        digest: &[u8; 32],
        limit: Duration,
    ) -> Result<Lease, Error> {
        match self {
            Self::Async(store) => store.lease(name, digest, limit).await,
            Self::Blocking(store) => store.lease(name, digest, limit),
        }
    }

    pub(super) fn is_read_only(&self) -> bool {
        match self {
            Self::Async(store) => store.is_read_only(),
            Self::Blocking(store) => store.is_read_only(),
        }
    }

    pub(super) async fn leftovers(&self) -> Result<Vec<String>, Error> {
        match self {
            Self::Async(store) => store.leftovers().await,
            Self::Blocking(store) => store.leftovers(),
        }
    }

    /// Waits for `turn` as this kind waits.
    pub(super) async fn lock<'m>(&self, turn: &'m Mutex<()>) -> MutexGuard<'m, ()> {
        match self {
            Self::Async(_) => turn.lock().await,
            Self::Blocking(_) => turn.lock_blocking(),
        }
    }

    /// Work that waits for nothing but this engine, as whoever drives a flow can do it.
    pub(super) fn task<R: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) -> Task<R> {
        match self {
            Self::Async(_) => Task::future(name, move || Box::pin(work)),
            Self::Blocking(_) => Task::blocking(name, move || now(work)),
        }
    }

    /// Does such work on this thread.
    pub(super) fn run<R>(&self, work: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
        match self {
            Self::Async(_) => Err(Error::new(ErrorKind::Unsupported("a blocking call"))
                .because("this token cache is kept in an async store")),
            Self::Blocking(_) => now(work),
        }
    }
}

/// The outcome of what never waits, since all that it does blocks.
fn now<R>(work: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    let work = std::pin::pin!(work);
    match work.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Error::new(ErrorKind::Internal("token cache"))),
    }
}
