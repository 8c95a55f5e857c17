//! Token caches: what they hold, without the secrets, and where those that outlive the process are kept.
//!
//! The caches themselves are [`TokenCache`](crate::TokenCache) and [`PersistentCache`](crate::PersistentCache).

#[cfg(feature = "encrypted")]
pub use msal_cache::encrypted;
pub use msal_cache::file;
#[cfg(feature = "keyring")]
pub use msal_cache::keyring;
pub use msal_cache::persist::{
    AsyncCacheStore, CacheEvent, CacheStore, Content, Damaged, Found, Layout, Loaded, Make, Next,
    PersistentCacheBuilder, Updated, Version, is_encrypted,
};
#[cfg(feature = "redis")]
pub use msal_cache::redis;
pub use msal_cache::{
    CacheChange, Collision, Damage, InspectedEntry, Inspection, Kind, Report, Statistics,
    TokenCacheBuilder, inspect,
};
