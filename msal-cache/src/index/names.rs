use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::spot::spread;

/// The hashes of the users that sign in with a name, by the hash of that name.
///
/// The table holds one of them; others of the same hash queue up elsewhere, since any number of users may share a name.
#[derive(Default)]
pub(crate) struct Names {
    table: HashTable<Named>,
    more: BTreeMap<u32, BTreeSet<u32>>,
}

/// A user with this name. Eight bytes.
struct Named {
    tag: u32,
    user: u32,
}

impl Names {
    /// All whose name has this hash; the caller compares.
    pub(crate) fn find(&self, hash: u32) -> impl Iterator<Item = u32> {
        let first = self.table.find(spread(hash), |one| one.hash() == hash);
        let more = first.filter(|first| first.tag & MORE != 0);
        let more = more.and_then(|_| self.more.get(&hash));
        let users = first.into_iter().map(|first| first.user);
        users.chain(more.into_iter().flatten().copied())
    }

    pub(crate) fn insert(&mut self, hash: u32, user: u32) {
        let rehash = |one: &Named| spread(one.hash());
        match self
            .table
            .entry(spread(hash), |one| one.hash() == hash, rehash)
        {
            Entry::Occupied(first) if first.get().user == user => {}
            Entry::Occupied(mut first) => {
                first.get_mut().tag |= MORE;
                self.more.entry(hash).or_default().insert(user);
            }
            Entry::Vacant(slot) => {
                slot.insert(Named { tag: hash, user });
            }
        }
    }

    pub(crate) fn remove(&mut self, hash: u32, user: u32) {
        let Ok(mut first) = self
            .table
            .find_entry(spread(hash), |one| one.hash() == hash)
        else {
            return;
        };
        let is_first = first.get().user == user;
        let Some(queue) = self.more.get_mut(&hash) else {
            if is_first {
                first.remove();
            }
            return;
        };
        if !is_first {
            queue.remove(&user);
        } else if let Some(next) = queue.pop_first() {
            first.get_mut().user = next;
        }
        if queue.is_empty() {
            self.more.remove(&hash);
            first.get_mut().tag = hash;
        }
    }
}

#[cfg(test)]
impl Names {
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty() && self.more.is_empty()
    }
}

impl Named {
    fn hash(&self) -> u32 {
        self.tag & !MORE
    }
}

/// Marks the first of several users whose names share a hash.
const MORE: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_one_name_come_and_go_in_any_order() {
        let users = [10, 11, 12, 13];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let mut names = Names::default();
            for user in users.iter().chain(&users) {
                names.insert(7, *user);
            }
            for (gone, at) in order.into_iter().enumerate() {
                assert_eq!(names.find(7).count(), 4 - gone);
                names.remove(7, users[at]);
                names.remove(7, users[at]);
                assert!(names.find(7).all(|user| user != users[at]));
            }
            assert!(names.is_empty());
        }
    }

    #[test]
    fn a_name_takes_eight_bytes() {
        assert_eq!(size_of::<Named>(), 8);
    }
}
