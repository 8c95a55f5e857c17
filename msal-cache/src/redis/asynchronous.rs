use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use msal_core::Error;
use msal_core::store::Lease;

use super::RedisOptions;
use super::engine::Engine;
use super::lease::Guard;
use super::link::runtime;
use crate::persist::{AsyncCacheStore, Layout, Loaded, Make, Updated, Version};

/// Keeps tokens in Redis, for who waits on tokio: a runtime with time and I/O enabled. See the [module](super).
///
/// A runtime that ends takes the connection with it; the next call, on another one, makes a new one.
#[derive(Clone)]
pub struct AsyncRedisStore(Arc<Engine>);

impl AsyncRedisStore {
    /// Checks the options. The connection is made when it is first needed.
    pub fn new(options: RedisOptions) -> Result<Self, Error> {
        Engine::new(options).map(|engine| Self(Arc::new(engine)))
    }
}

#[async_trait]
impl AsyncCacheStore for AsyncRedisStore {
    fn layout(&self) -> Layout {
        self.0.layout
    }

    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        runtime()?;
        self.0.load(name, seen).await
    }

    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        runtime()?;
        self.0.update(name, make).await
    }

    async fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        runtime()?;
        self.0.set_aside(name, damaged).await
    }

    async fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        runtime()?;
        let taken = self.0.lease(name, digest, limit).await?;
        let guard = |taken| Guard {
            engine: Arc::clone(&self.0),
            taken: Some(taken),
        };
        Ok(taken.map_or_else(Lease::none, |taken| Lease::held(guard(taken))))
    }
}

impl fmt::Debug for AsyncRedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe("AsyncRedisStore", f)
    }
}
