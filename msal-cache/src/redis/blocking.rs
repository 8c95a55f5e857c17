use std::fmt;
use std::future::Future;
use std::panic;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use msal_core::store::Lease;
use msal_core::{Error, ErrorKind};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::RedisOptions;
use super::engine::Engine;
use super::lease::{Taken, tell};
use crate::persist::{CacheStore, Layout, Loaded, Make, Updated, Version};

/// Keeps tokens in Redis, for who waits on a thread. See the [module](super).
///
/// All threads share one connection, and none waits for another's answer.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

impl RedisStore {
    /// Checks the options. The connection is made when it is first needed.
    pub fn new(options: RedisOptions) -> Result<Self, Error> {
        let engine = Engine::new(options)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| {
            Error::new(ErrorKind::Cache)
                .because("the operating system gives no means to wait for sockets")
                .with_source(source)
        })?;
        Ok(Self(Arc::new(Inner {
            engine,
            runtime: Some(runtime),
        })))
    }
}

impl CacheStore for RedisStore {
    fn layout(&self) -> Layout {
        self.0.engine.layout
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        self.0.wait(self.0.engine.load(name, seen))
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.0.wait(self.0.engine.update(name, make))
    }

    fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        self.0.wait(self.0.engine.set_aside(name, damaged))
    }

    fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        let taken = self.0.wait(self.0.engine.lease(name, digest, limit))?;
        let guard = |taken| Guard {
            inner: Arc::clone(&self.0),
            taken: Some(taken),
        };
        Ok(taken.map_or_else(Lease::none, |taken| Lease::held(guard(taken))))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.engine.describe("RedisStore", f)
    }
}

struct Inner {
    engine: Engine,
    /// None once it is dropped.
    runtime: Option<Runtime>,
}

impl Inner {
    fn wait<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        if Handle::try_current().is_err() {
            return runtime.block_on(future);
        }
        // A runtime may not be entered from inside another.
        thread::scope(|scope| {
            let waiting = scope.spawn(|| runtime.block_on(future));
            waiting
                .join()
                .unwrap_or_else(|caught| panic::resume_unwind(caught))
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // An ordinary drop waits, which is not allowed everywhere.
            runtime.shutdown_background();
        }
    }
}

/// Ends a lease when it is dropped; on a thread of its own where the present one may not wait.
struct Guard {
    inner: Arc<Inner>,
    /// None once it is over.
    taken: Option<Taken>,
}

impl Guard {
    fn end(inner: &Inner, taken: &Taken) {
        let released = async { timeout(LONGEST, inner.engine.release(taken)).await };
        if let Ok(released) = inner.wait(released) {
            tell(released.err());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(taken) = self.taken.take() else {
            return;
        };
        if Handle::try_current().is_err() {
            return Self::end(&self.inner, &taken);
        }
        let inner = Arc::clone(&self.inner);
        let thread = thread::Builder::new().name("msal-redis".into());
        // Where there is no thread to be had, it expires.
        let _ = thread.spawn(move || Self::end(&inner, &taken));
    }
}

const LONGEST: Duration = Duration::from_secs(1);
