//! Token caches: what they hold, without the secrets, and where those that outlive the process are kept.
//!
//! The caches themselves are [`TokenCache`](crate::TokenCache) and [`PersistentCache`](crate::PersistentCache).

pub use msal_cache::file;
pub use msal_cache::persist::{
    AsyncCacheStore, CacheEvent, CacheStore, Content, Found, Layout, Loaded, Make, Next,
    PersistentCacheBuilder, Updated, Version,
};
#[cfg(feature = "redis")]
pub use msal_cache::redis;
pub use msal_cache::{
    CacheChange, Collision, Damage, InspectedEntry, Inspection, Kind, Report, Statistics,
    TokenCacheBuilder, inspect,
};
