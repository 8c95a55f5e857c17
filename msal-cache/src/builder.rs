use std::sync::Arc;

use crate::TokenCache;
use crate::change::CacheChange;
use crate::hook::Hook;
use crate::limits::Limits;
use crate::table::Table;

/// Sets a [`TokenCache`] up.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TokenCacheBuilder {
    limits: Limits,
    hook: Hook<CacheChange>,
}

impl TokenCacheBuilder {
    /// How many access, refresh and id tokens and accounts there may be; 100,000 unless set.
    ///
    /// What a change brings is never evicted by that same change. A cache that is written back to a file should have no
    /// limit (`usize::MAX`), or the file loses what the limit evicts.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.limits.entries = entries;
        self
    }

    /// About how many bytes they may take; 256 MiB unless set.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How large a file may be to be read; 256 MiB unless set.
    pub fn max_file_bytes(mut self, bytes: usize) -> Self {
        self.limits.file = bytes;
        self
    }

    /// Who is told what has changed, after each change that changed something: on the thread that made it, and with no
    /// lock held, so that it may call the cache; if it changes it, it is told of that too. Of changes on several threads it
    /// may be told in another order. A panic of it is logged, and ends there.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::sync::Arc;
    ///
    /// use msal_cache::{CacheChange, TokenCache};
    ///
    /// let evicted = Arc::new(AtomicUsize::new(0));
    /// let count = evicted.clone();
    /// let cache = TokenCache::builder().on_change(move |change| {
    ///     if let CacheChange::Applied { evicted, .. } = change {
    ///         count.fetch_add(*evicted, Ordering::Relaxed);
    ///     }
    /// });
    /// let cache = cache.build();
    /// # let _ = cache;
    /// ```
    pub fn on_change(mut self, told: impl Fn(&CacheChange) + Send + Sync + 'static) -> Self {
        self.hook = Hook::new(told);
        self
    }

    /// The cache.
    pub fn build(self) -> TokenCache {
        let table = Table::new(self.limits.shards());
        TokenCache::over(table, self.limits, self.hook, Arc::default())
    }
}
