//! Caches that outlive the process: [`PersistentCache`], and the stores it is kept in.
//!
//! Of us there are a private file ([`file`](crate::file)), and more by features; any other engine that can change a value
//! as one step will do as well:
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Mutex, PoisonError};
//!
//! use msal_cache::persist::{
//!     CacheStore, Content, Found, Loaded, Make, Next, PersistentCache, Updated, Version,
//! };
//! use msal_core::Error;
//!
//! /// Values in memory, each with the number of its last change.
//! #[derive(Debug, Default)]
//! struct MapStore(Mutex<HashMap<String, (u64, Vec<u8>)>>);
//!
//! impl CacheStore for MapStore {
//!     fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
//!         let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
//!         let found = found(values.get(name));
//!         Ok(match seen == Some(&found.version) {
//!             true => Loaded::Unchanged,
//!             false => Loaded::Found(found),
//!         })
//!     }
//!
//!     fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
//!         // Held throughout, so nobody is ever quicker. Where there is no such lock, compare and set, and try again.
//!         let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
//!         let before = found(values.get(name));
//!         let number = values.get(name).map_or(0, |(number, _)| *number) + 1;
//!         match make(&before)? {
//!             Next::Put(content) => drop(values.insert(name.to_owned(), (number, content.bytes.to_vec()))),
//!             // The number goes on: a value that is put anew is another version.
//!             Next::Remove => drop(values.insert(name.to_owned(), (number, Vec::new()))),
//!             _ => {}
//!         }
//!         let after = found(values.get(name)).version;
//!         Ok(Updated { before: before.version, after })
//!     }
//! }
//!
//! fn found(value: Option<&(u64, Vec<u8>)>) -> Found {
//!     let (number, bytes) = value.map_or((0, &[][..]), |(number, bytes)| (*number, bytes));
//!     Found {
//!         bytes: (!bytes.is_empty()).then(|| bytes.to_vec().into()),
//!         version: Version::from(number),
//!     }
//! }
//!
//! let cache = PersistentCache::new(MapStore::default());
//! # let _ = cache;
//! ```

mod builder;
mod cache;
mod damaged;
mod engine;
mod event;
mod magic;
mod name;
mod part;
mod parts;
mod replay;
mod saving;
mod store;

pub use builder::PersistentCacheBuilder;
pub use cache::PersistentCache;
pub use damaged::Damaged;
pub use event::CacheEvent;
#[cfg(feature = "encrypted")]
pub(crate) use magic::MAGIC;
pub use magic::is_encrypted;
pub use store::{
    AsyncCacheStore, CacheStore, Content, Found, Layout, Loaded, Make, Next, Updated, Version,
};
