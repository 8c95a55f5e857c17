use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use msal_core::store::Entity;

use super::holder::{Holder, is_of_user_in};
use super::key::same_text;
use super::spot::spread;

/// Account, refresh token and id token of each user, and what each assertion obtained.
#[derive(Default)]
pub(crate) struct Users {
    table: HashTable<User>,
}

/// What belongs to one holder, but for its access tokens: accounts first, by which users are found. Never empty.
pub(crate) struct User {
    pub(crate) entities: Arc<[Entity]>,
    hash: u32,
    pub(crate) used: u32,
}

impl Users {
    pub(crate) fn find(&self, hash: u32, holder: &Holder<'_>) -> Option<&User> {
        self.table
            .find(spread(hash), |user| user.hash == hash && user.is(holder))
    }

    /// All of this hash; the caller compares.
    pub(crate) fn of_hash(&self, hash: u32) -> impl Iterator<Item = &User> {
        let users = self.table.iter_hash(spread(hash));
        users.filter(move |user| user.hash == hash)
    }

    /// Puts `entities` in the place of all that this holder had. Answers what that was.
    pub(crate) fn set(
        &mut self,
        hash: u32,
        holder: &Holder<'_>,
        entities: Arc<[Entity]>,
        used: u32,
    ) -> Option<Arc<[Entity]>> {
        let is_same = |user: &User| user.hash == hash && user.is(holder);
        let rehash = |user: &User| spread(user.hash);
        match self.table.entry(spread(hash), is_same, rehash) {
            Entry::Occupied(user) if entities.is_empty() => Some(user.remove().0.entities),
            Entry::Occupied(mut user) => {
                let user = user.get_mut();
                user.used = user.used.max(used);
                Some(std::mem::replace(&mut user.entities, entities))
            }
            Entry::Vacant(_) if entities.is_empty() => None,
            Entry::Vacant(slot) => {
                slot.insert(User {
                    entities,
                    hash,
                    used,
                });
                None
            }
        }
    }

    /// Takes away all whom `goes` names by hash.
    pub(crate) fn take(&mut self, goes: impl Fn(u32) -> bool) -> Vec<User> {
        self.table.extract_if(|user| goes(user.hash)).collect()
    }

    /// Takes over when users were last used.
    pub(crate) fn use_as(&mut self, other: &Self) {
        for user in self.table.iter_mut() {
            let same = other.of_hash(user.hash);
            user.used = same.map(|one| one.used).fold(user.used, u32::max);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.table.iter()
    }
}

impl User {
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }

    /// Whether this is a user of the cloud of this name, and not an assertion.
    pub(crate) fn is_user_of(&self, place: &str) -> bool {
        let first = self.entities.first();
        first.is_some_and(|entity| is_of_user_in(place, entity))
    }

    pub(crate) fn signs_in_with(&self, username: &str) -> bool {
        names(&self.entities).any(|name| same_text(name, username))
    }

    pub(crate) fn holder(&self) -> Option<Holder<'_>> {
        self.entities.first().and_then(Holder::of)
    }

    fn is(&self, holder: &Holder<'_>) -> bool {
        let first = self.entities.first();
        first.is_some_and(|entity| holder.has(entity))
    }
}

/// What a user signs in with, in whichever tenant; never an empty text.
pub(crate) fn names(entities: &[Entity]) -> impl Iterator<Item = &str> {
    let names = entities.iter().filter_map(|entity| match entity {
        Entity::Account(account) => Some(&*account.username),
        _ => None,
    });
    names.filter(|name| !name.is_empty())
}
