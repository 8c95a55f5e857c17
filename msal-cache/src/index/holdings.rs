use std::collections::BTreeSet;

/// Which access tokens a user or an assertion has: of each the hash of one of its postings, by the hash of the holder.
///
/// A tree, since it takes less than a table of postings would, and nobody waits for it.
#[derive(Default)]
pub(crate) struct Holdings(BTreeSet<(u32, u32)>);

impl Holdings {
    /// The hashes under which this holder's tokens are posted, among those of others.
    pub(crate) fn of(&self, holder: u32) -> impl Iterator<Item = u32> {
        let range = self.0.range((holder, 0)..=(holder, u32::MAX));
        range.map(|(_, posting)| *posting)
    }

    pub(crate) fn insert(&mut self, holder: u32, posting: u32) {
        self.0.insert((holder, posting));
    }

    pub(crate) fn remove(&mut self, holder: u32, posting: u32) {
        self.0.remove(&(holder, posting));
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
