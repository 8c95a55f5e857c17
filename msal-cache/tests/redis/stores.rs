//! Both stores, as one test sees them.

use std::sync::Arc;
use std::time::Duration;

use msal_cache::persist::{AsyncCacheStore, CacheStore, Layout, Loaded, Make, Updated, Version};
use msal_cache::redis::{AsyncRedisStore, RedisOptions, RedisStore};
use msal_core::Error;
use msal_core::store::Lease;
use tokio::runtime::Runtime;

/// The blocking store, and the async one on a runtime with threads, each with these options.
pub(crate) fn both(options: &RedisOptions) -> [Box<dyn CacheStore>; 2] {
    [
        Box::new(RedisStore::new(options.clone()).unwrap()),
        Box::new(OnTokio::new(options)),
    ]
}

/// Waits for the async store, so that one test does for both.
#[derive(Debug)]
pub(crate) struct OnTokio {
    store: AsyncRedisStore,
    runtime: Arc<Runtime>,
}

impl OnTokio {
    pub(crate) fn new(options: &RedisOptions) -> Self {
        Self {
            store: AsyncRedisStore::new(options.clone()).unwrap(),
            runtime: Arc::new(Runtime::new().unwrap()),
        }
    }

    fn lend(&self, lease: Lease) -> Lease {
        let runtime = Arc::clone(&self.runtime);
        match lease.is_held() {
            true => Lease::held(OnRuntime(Some(lease), runtime)),
            false => lease,
        }
    }
}

impl CacheStore for OnTokio {
    fn layout(&self) -> Layout {
        self.store.layout()
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        self.runtime.block_on(self.store.load(name, seen))
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.runtime.block_on(self.store.update(name, make))
    }

    fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        self.runtime.block_on(self.store.set_aside(name, damaged))
    }

    fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        let lease = self.runtime.block_on(self.store.lease(name, digest, limit));
        lease.map(|lease| self.lend(lease))
    }
}

/// A lease that is dropped inside its runtime.
struct OnRuntime(Option<Lease>, Arc<Runtime>);

impl Drop for OnRuntime {
    fn drop(&mut self) {
        let _inside = self.1.enter();
        self.0 = None;
    }
}

/// What a store holds; none where that is nothing.
pub(crate) fn held(store: &dyn CacheStore, name: &str) -> (Option<Vec<u8>>, Version) {
    let Loaded::Found(found) = store.load(name, None).unwrap() else {
        panic!("unchanged since never");
    };
    (found.bytes.map(|bytes| bytes.to_vec()), found.version)
}
