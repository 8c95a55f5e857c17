//! Caches that outlive the process: where they are kept is a [`CacheStore`] or an [`AsyncCacheStore`].

mod store;

pub use store::{
    AsyncCacheStore, CacheStore, Content, Found, Layout, Loaded, Make, Next, Updated, Version,
};
