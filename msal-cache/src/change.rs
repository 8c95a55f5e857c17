use std::ops::AddAssign;

/// What has changed in a [`TokenCache`](crate::TokenCache), in numbers of entries: tokens, accounts, what is known of
/// applications, and what could not be read. Never what they hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CacheChange {
    /// A call, or a program, added and removed entries.
    Applied {
        /// Those that nothing was there before for.
        added: usize,
        /// Those that took the place of another.
        replaced: usize,
        /// Those that are gone, without another in their place.
        removed: usize,
        /// Those that had to go for want of room.
        evicted: usize,
    },
    /// [`clear`](crate::TokenCache::clear) forgot everything.
    Cleared {
        /// What there was.
        removed: usize,
    },
    /// [`merge`](crate::TokenCache::merge) added what a file holds.
    Merged {
        /// What there is now.
        entries: usize,
        /// What had to go for want of room.
        evicted: usize,
    },
    /// [`replace`](crate::TokenCache::replace) put what a file holds in the place of what there was.
    Replaced {
        /// What there is now.
        entries: usize,
        /// What had to go for want of room.
        evicted: usize,
    },
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) replaced: usize,
    pub(crate) removed: usize,
}

impl Counts {
    /// Counts an entry that took the place of so many others.
    pub(crate) fn put(&mut self, others: usize) {
        match others.checked_sub(1) {
            None => self.added += 1,
            Some(more) => {
                self.replaced += 1;
                self.removed += more;
            }
        }
    }

    pub(crate) fn is_any(self) -> bool {
        self.added + self.replaced + self.removed > 0
    }
}

/// What had to go for want of room.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gone {
    /// Access tokens that nobody could use any more.
    pub(crate) expired: usize,
    /// What was used least recently.
    pub(crate) coldest: usize,
}

impl Gone {
    pub(crate) fn all(self) -> usize {
        self.expired + self.coldest
    }
}

impl AddAssign for Gone {
    fn add_assign(&mut self, other: Self) {
        self.expired += other.expired;
        self.coldest += other.coldest;
    }
}
