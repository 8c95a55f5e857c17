use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use msal_core::store::AccessTokenEntry;

use super::spot::spread;

/// Access tokens by hash. A token is posted once for each of its scopes.
///
/// The table holds one posting for a hash; whatever shares it, be it by intent or by chance, queues up elsewhere, so that
/// a file full of such tokens costs no quadratic time.
#[derive(Default)]
pub(crate) struct Postings {
    table: HashTable<Posting>,
    more: BTreeMap<u32, Vec<Posting>>,
}

/// A token under one of its scopes. Sixteen bytes, with the hash so that growing touches no token.
pub(crate) struct Posting {
    pub(crate) token: Arc<AccessTokenEntry>,
    tag: u32,
    used: AtomicU32,
}

impl Postings {
    /// Every token under this hash; the caller compares.
    pub(crate) fn find(&self, hash: u32) -> impl Iterator<Item = &Posting> {
        let first = self.table.find(spread(hash), |one| one.hash() == hash);
        let more = match first {
            Some(first) if first.has_more() => self.more.get(&hash).map_or(&[][..], |more| more),
            _ => &[],
        };
        first.into_iter().chain(more)
    }

    pub(crate) fn insert(&mut self, hash: u32, token: Arc<AccessTokenEntry>, used: u32) {
        let posting = Posting {
            token,
            tag: hash,
            used: AtomicU32::new(used),
        };
        match self
            .table
            .entry(spread(hash), |one| one.hash() == hash, rehash)
        {
            Entry::Occupied(mut first) => {
                first.get_mut().tag |= MORE;
                self.more.entry(hash).or_default().push(posting);
            }
            Entry::Vacant(slot) => {
                slot.insert(posting);
            }
        }
    }

    /// Takes away the tokens under this hash that `goes` names, in one pass however many there are.
    pub(crate) fn remove(
        &mut self,
        hash: u32,
        goes: impl Fn(&Arc<AccessTokenEntry>) -> bool,
    ) -> Vec<Arc<AccessTokenEntry>> {
        let Ok(mut first) = self
            .table
            .find_entry(spread(hash), |one| one.hash() == hash)
        else {
            return Vec::new();
        };
        let mut queue = match first.get().has_more() {
            true => self.more.remove(&hash).unwrap_or_default(),
            false => Vec::new(),
        };
        let gone = queue.extract_if(.., |one| goes(&one.token));
        let mut gone: Vec<_> = gone.map(|one| one.token).collect();
        if goes(&first.get().token) {
            let Some(next) = queue.pop() else {
                gone.push(first.remove().0.token);
                return gone;
            };
            gone.push(std::mem::replace(first.get_mut(), next).token);
        }
        if queue.is_empty() {
            first.get_mut().tag = hash;
        } else {
            first.get_mut().tag = hash | MORE;
            self.more.insert(hash, queue);
        }
        gone
    }

    /// How many there are, but for those that share a hash.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Posting> {
        self.table.iter().chain(self.more.values().flatten())
    }
}

impl Posting {
    pub(crate) fn hash(&self) -> u32 {
        self.tag & !MORE
    }

    /// The second in which it was last looked up.
    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// Notes a use. Written once a second at most, so that threads with the same token rarely disturb each other.
    pub(crate) fn touch(&self, now: u32) {
        if self.used() != now {
            self.used.store(now, Ordering::Relaxed);
        }
    }

    fn has_more(&self) -> bool {
        self.tag & MORE != 0
    }
}

/// Marks the first of several postings with one hash.
const MORE: u32 = 1 << 31;

fn rehash(posting: &Posting) -> u64 {
    spread(posting.hash())
}

#[cfg(test)]
mod tests {
    use msal_core::store::{Lifetime, Owner, TokenKey};
    use msal_core::{Scopes, Timestamp};

    use super::*;

    fn token() -> Arc<AccessTokenEntry> {
        let key = TokenKey {
            environment: "e".into(),
            realm: "r".into(),
            client_id: "c".into(),
            owner: Owner::App,
            binding: None,
            extended: None,
        };
        let lifetime = Lifetime {
            cached_at: Timestamp::default(),
            expires_on: Timestamp::default(),
            extended_expires_on: None,
            refresh_on: None,
        };
        let entry = AccessTokenEntry::new(key, Scopes::granted("s"), "secret".into(), lifetime);
        Arc::new(entry)
    }

    #[test]
    fn tokens_of_one_hash_come_and_go_in_any_order() {
        let tokens: Vec<_> = (0..4).map(|_| token()).collect();
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
        for order in orders {
            let mut postings = Postings::default();
            for token in &tokens {
                postings.insert(7, Arc::clone(token), 0);
            }
            for (gone, at) in order.into_iter().enumerate() {
                assert_eq!(postings.find(7).count(), 4 - gone);
                let mut remove = || {
                    postings
                        .remove(7, |one| Arc::ptr_eq(one, &tokens[at]))
                        .len()
                };
                assert_eq!((remove(), remove()), (1, 0));
                assert!(
                    postings
                        .find(7)
                        .all(|one| !Arc::ptr_eq(&one.token, &tokens[at]))
                );
            }
            assert!(postings.table.is_empty() && postings.more.is_empty());
        }
    }

    #[test]
    fn tokens_of_one_hash_go_at_once() {
        for count in 1..4 {
            for kept in 0..=count {
                let tokens: Vec<_> = (0..count).map(|_| token()).collect();
                let mut postings = Postings::default();
                for token in &tokens {
                    postings.insert(7, Arc::clone(token), 0);
                }
                let is_kept = |one: &Arc<_>| tokens.get(kept).is_some_and(|t| Arc::ptr_eq(t, one));
                let left = usize::from(kept < count);
                assert_eq!(postings.remove(7, |one| !is_kept(one)).len(), count - left);
                assert_eq!(
                    postings.find(7).filter(|one| is_kept(&one.token)).count(),
                    left
                );
                assert_eq!(postings.remove(7, |_| true).len(), left);
                assert!(postings.table.is_empty() && postings.more.is_empty());
            }
        }
    }

    #[test]
    fn a_posting_takes_sixteen_bytes() {
        assert_eq!(size_of::<Posting>(), 16);
    }
}
