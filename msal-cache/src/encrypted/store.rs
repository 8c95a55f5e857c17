use std::time::Duration;

use async_trait::async_trait;
use msal_core::Error;
use msal_core::store::Lease;

use super::EncryptionKey;
use super::sealed::{self, Unopened};
use crate::persist::{
    AsyncCacheStore, CacheStore, Content, Damaged, Found, Layout, Loaded, Make, Next, Updated,
    Version,
};

/// A store whose values are encrypted before another one, which may be any, keeps them.
///
/// What cannot be opened is never overwritten: see [`EncryptionError`](super::EncryptionError) for what is left where it
/// is, and [`Damaged`] for what may be set aside.
///
/// ```
/// # use std::sync::Mutex;
/// # use msal_cache::persist::{Content, Found, Loaded, Make, Next, Updated, Version};
/// # use msal_core::Error;
/// # use zeroize::Zeroizing;
/// use msal_cache::encrypted::{Encrypted, EncryptionKey};
/// use msal_cache::persist::{CacheStore, is_encrypted};
///
/// # #[derive(Debug, Default)]
/// # struct Shelf(Mutex<(u64, Option<Vec<u8>>)>);
/// # impl CacheStore for Shelf {
/// #     fn load(&self, _: &str, _: Option<&Version>) -> Result<Loaded, Error> {
/// #         let kept = self.0.lock().unwrap();
/// #         Ok(Loaded::Found(Found { bytes: kept.1.clone().map(Zeroizing::new), version: kept.0.into() }))
/// #     }
/// #     fn update(&self, _: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
/// #         let mut kept = self.0.lock().unwrap();
/// #         let before: Version = kept.0.into();
/// #         let found = Found { bytes: kept.1.clone().map(Zeroizing::new), version: before.clone() };
/// #         if let Next::Put(content) = make(&found)? { *kept = (kept.0 + 1, Some(content.bytes.to_vec())); }
/// #         Ok(Updated { before, after: kept.0.into() })
/// #     }
/// # }
/// let store = Encrypted::new(Shelf::default(), EncryptionKey::generate()?);
/// store.update("ada", &mut |_| Ok(Next::Put(Content { bytes: b"{}".to_vec().into(), life: None })))?;
///
/// let Loaded::Found(found) = store.load("ada", None)? else { unreachable!() };
/// assert_eq!(found.bytes.unwrap().as_slice(), b"{}");
/// let Loaded::Found(kept) = store.inner().load("ada", None)? else { unreachable!() };
/// assert!(is_encrypted(&kept.bytes.unwrap()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encrypted<S> {
    inner: S,
    key: EncryptionKey,
    old_keys: Vec<EncryptionKey>,
}

impl<S> Encrypted<S> {
    /// Encrypts with this key what `inner` is to keep.
    pub fn new(inner: S, key: EncryptionKey) -> Self {
        Self {
            inner,
            key,
            old_keys: Vec::new(),
        }
    }

    /// Reads what was written with an old key, too. The next write of a value uses the new key; when all values have
    /// been written anew, or have expired, the old key is not needed any more.
    #[must_use]
    pub fn also_reads(mut self, old: EncryptionKey) -> Self {
        self.old_keys.push(old);
        self
    }

    /// What keeps the encrypted values.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What was found, decrypted.
    fn opened(&self, name: &str, found: &Found) -> Result<Found, Error> {
        let version = found.version.clone();
        // A store whose value is never gone writes this where it is removed.
        let bytes = found.bytes.as_ref();
        let Some(bytes) = bytes.filter(|bytes| bytes.as_slice() != b"{}") else {
            return Ok(Found {
                bytes: None,
                version,
            });
        };
        match sealed::open(bytes, name, &self.key, &self.old_keys) {
            Ok(plain) => Ok(Found {
                bytes: Some(plain),
                version,
            }),
            Err(Unopened::Damaged(mishap)) => Err(Damaged {
                version,
                source: mishap.into(),
            }
            .into()),
            Err(Unopened::Refused(error)) => Err(error.into()),
        }
    }

    fn loaded(&self, name: &str, loaded: Loaded) -> Result<Loaded, Error> {
        match loaded {
            Loaded::Found(found) => self.opened(name, &found).map(Loaded::Found),
            Loaded::Unchanged => Ok(Loaded::Unchanged),
        }
    }

    /// What is to be kept, encrypted.
    fn made(&self, name: &str, found: &Found, make: &mut Make<'_>) -> Result<Next, Error> {
        match make(&self.opened(name, found)?)? {
            Next::Put(content) => Ok(Next::Put(Content {
                bytes: sealed::seal(&content.bytes, name, &self.key)?,
                life: content.life,
            })),
            next => Ok(next),
        }
    }
}

impl<S: CacheStore> CacheStore for Encrypted<S> {
    fn layout(&self) -> Layout {
        self.inner.layout()
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        let loaded = self.inner.load(name, seen)?;
        self.loaded(name, loaded)
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let mut make = |found: &Found| self.made(name, found, make);
        self.inner.update(name, &mut make)
    }

    /// As it is, encrypted.
    fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        self.inner.set_aside(name, damaged)
    }

    fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        self.inner.lease(name, digest, limit)
    }

    fn is_read_only(&self) -> bool {
        self.inner.is_read_only()
    }

    fn leftovers(&self) -> Result<Vec<String>, Error> {
        self.inner.leftovers()
    }
}

#[async_trait]
impl<S: AsyncCacheStore> AsyncCacheStore for Encrypted<S> {
    fn layout(&self) -> Layout {
        self.inner.layout()
    }

    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        let loaded = self.inner.load(name, seen).await?;
        self.loaded(name, loaded)
    }

    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let mut make = |found: &Found| self.made(name, found, make);
        self.inner.update(name, &mut make).await
    }

    /// As it is, encrypted.
    async fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        self.inner.set_aside(name, damaged).await
    }

    async fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        self.inner.lease(name, digest, limit).await
    }

    fn is_read_only(&self) -> bool {
        self.inner.is_read_only()
    }

    async fn leftovers(&self) -> Result<Vec<String>, Error> {
        self.inner.leftovers().await
    }
}
