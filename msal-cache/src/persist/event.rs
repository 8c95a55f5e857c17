use msal_core::Error;

use crate::hook::Hook;

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

/// What is to be told once no lock is held any more: when this is dropped, and so also when whoever waits for a load or a
/// save goes away. Declared before any lock is taken.
pub(super) struct Events<'h> {
    hook: &'h Hook<CacheEvent>,
    events: Vec<CacheEvent>,
}

impl<'h> Events<'h> {
    pub(super) fn new(hook: &'h Hook<CacheEvent>) -> Self {
        Self {
            hook,
            events: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, event: CacheEvent) {
        self.events.push(event);
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        self.events.iter().for_each(|event| self.hook.tell(event));
    }
}
