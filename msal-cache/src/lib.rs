//! Token cache of the Microsoft Authentication Library for Rust: in memory, and the JSON schema shared by every MSAL.
//!
//! [`TokenCache`] finds a token with one probe of a sharded hash table, however many there are, and without allocating.
//! What it holds can be written as, and read from, the JSON that MSAL Python, Node, .NET, Go and Java share.
//!
//! ```
//! use msal_cache::{Compatibility, TokenCache};
//!
//! let cache = TokenCache::new();
//! let report = cache.merge(br#"{"AccessToken": {}, "FutureSection": {"kept": 1e400}}"#)?;
//! assert!(report.is_clean());
//! let bytes = cache.serialize(Compatibility::Standard)?;
//! assert!(String::from_utf8_lossy(&bytes).contains(r#""FutureSection":{"kept": 1e400}"#));
//! # Ok::<(), msal_core::Error>(())
//! ```

#![warn(clippy::indexing_slicing, clippy::panic)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic))]

mod adopt;
mod apps;
mod builder;
mod cache;
mod change;
#[cfg(feature = "encrypted")]
pub mod encrypted;
mod evict;
mod explain;
pub mod file;
mod hook;
mod index;
mod interner;
#[cfg(feature = "keyring")]
pub mod keyring;
mod life;
mod limits;
pub mod persist;
#[cfg(feature = "redis")]
pub mod redis;
mod schema;
mod step;
mod table;
mod tally;
mod whole;
mod writer;

pub use builder::TokenCacheBuilder;
pub use cache::TokenCache;
pub use change::CacheChange;
pub use schema::{
    Collision, Compatibility, Damage, InspectedEntry, Inspection, Kind, Report, inspect,
};
pub use tally::Statistics;
