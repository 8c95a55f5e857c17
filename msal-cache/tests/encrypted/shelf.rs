use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use msal_cache::encrypted::{Encrypted, EncryptionKey};
use msal_cache::persist::{
    AsyncCacheStore, CacheStore, Content, Damaged, Found, Loaded, Make, Next, Updated, Version,
};
use msal_core::Error;
use zeroize::Zeroizing;

/// Values in memory, which a test can look at and change as they are kept.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<HashMap<String, Value>>);

/// How often it was written, and what it is.
type Value = (u64, Option<Vec<u8>>);

impl Shelf {
    pub(crate) fn raw(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name)?.1.clone()
    }

    pub(crate) fn set_raw(&self, name: &str, bytes: &[u8]) {
        let mut values = self.0.lock().unwrap();
        let value = values.entry(name.to_owned()).or_default();
        *value = (value.0 + 1, Some(bytes.to_vec()));
    }
}

impl CacheStore for Shelf {
    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        let values = self.0.lock().unwrap();
        let found = found(values.get(name));
        if seen == Some(&found.version) {
            return Ok(Loaded::Unchanged);
        }
        Ok(Loaded::Found(found))
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let mut values = self.0.lock().unwrap();
        let before = found(values.get(name));
        let next = match make(&before)? {
            Next::Put(content) => Some(content.bytes.to_vec()),
            Next::Remove => None,
            _ => {
                return Ok(Updated {
                    after: before.version.clone(),
                    before: before.version,
                });
            }
        };
        let value = values.entry(name.to_owned()).or_default();
        *value = (value.0 + 1, next);
        Ok(Updated {
            before: before.version,
            after: value.0.into(),
        })
    }
}

#[async_trait]
impl AsyncCacheStore for Shelf {
    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        CacheStore::load(self, name, seen)
    }

    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        CacheStore::update(self, name, make)
    }
}

/// A shelf whose values are encrypted with a key of this byte.
pub(crate) fn encrypted(key: u8) -> Encrypted<Shelf> {
    Encrypted::new(Shelf::default(), key_of(key))
}

pub(crate) fn key_of(byte: u8) -> EncryptionKey {
    EncryptionKey::from_bytes(Zeroizing::new([byte; 32]))
}

pub(crate) fn put(store: &impl CacheStore, name: &str, bytes: &[u8]) -> Result<Updated, Error> {
    store.update(name, &mut |_| Ok(Next::Put(content(bytes))))
}

pub(crate) fn take(store: &impl CacheStore, name: &str) -> Result<Option<Vec<u8>>, Error> {
    match store.load(name, None)? {
        Loaded::Found(found) => Ok(found.bytes.map(|bytes| bytes.to_vec())),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn content(bytes: &[u8]) -> Content {
    Content {
        bytes: bytes.to_vec().into(),
        life: None,
    }
}

/// Whether an error tells of damage, of the value's present state.
pub(crate) fn is_damage(store: &Encrypted<Shelf>, name: &str, error: &Error) -> bool {
    let Loaded::Found(kept) = CacheStore::load(store.inner(), name, None).unwrap() else {
        return false;
    };
    Damaged::of(error).is_some_and(|damaged| damaged.version == kept.version)
}

fn found(value: Option<&Value>) -> Found {
    let (version, bytes) = value.cloned().unwrap_or_default();
    Found {
        bytes: bytes.map(Zeroizing::new),
        version: version.into(),
    }
}
