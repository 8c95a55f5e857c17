//! Caches that outlive the process: where they are kept is a [`CacheStore`] or an [`AsyncCacheStore`].

mod damaged;
mod magic;
mod store;

pub use damaged::Damaged;
#[cfg(feature = "encrypted")]
pub(crate) use magic::MAGIC;
pub use magic::is_encrypted;
pub use store::{
    AsyncCacheStore, CacheStore, Content, Found, Layout, Loaded, Make, Next, Updated, Version,
};
