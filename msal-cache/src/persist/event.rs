use std::fmt;
use std::sync::Arc;

use msal_core::Error;

/// What happens to a [`PersistentCache`](super::PersistentCache) that a program may want to know or to tell its user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CacheEvent {
    /// What others wrote has taken the place of what was in memory.
    Loaded {
        /// What the store calls it: `cache`, or whose it is.
        name: String,
    },
    /// Changes have been made in the store.
    Saved {
        /// What the store calls it.
        name: String,
    },
    /// What the store held could not be read, and was moved out of the way. It may hold tokens.
    SetAside {
        /// What the store calls it.
        name: String,
        /// Where it is now, where that can be told.
        place: Option<String>,
        /// What is wrong with it.
        damage: Error,
    },
}

/// Who is told. Called without any lock.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<dyn Fn(&CacheEvent) + Send + Sync>>);

impl Listener {
    pub(super) fn new(listen: impl Fn(&CacheEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listen)))
    }

    pub(super) fn tell(&self, events: &[CacheEvent]) {
        if let Some(listen) = &self.0 {
            events.iter().for_each(|event| listen(event));
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.0.is_some())
    }
}
