use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use msal_core::store::Entity;

use super::key::place;

/// Account, refresh token and id token of each user.
#[derive(Default)]
pub(crate) struct Users {
    table: HashTable<User>,
}

/// What belongs to one home account in one cloud, but for its access tokens.
pub(crate) struct User {
    pub(crate) entities: Box<[Entity]>,
    hash: u32,
    pub(crate) used: u32,
}

impl Users {
    pub(crate) fn find(&self, hash: u32, place: &str, home_account_id: &str) -> Option<&User> {
        self.table.find(spread(hash), |user| {
            user.hash == hash && user.is(place, home_account_id)
        })
    }

    /// Puts `entities` in the place of all that this user had.
    pub(crate) fn set(
        &mut self,
        hash: u32,
        (place, home_account_id): (&str, &str),
        entities: Vec<Entity>,
        used: u32,
    ) {
        let is_user = |user: &User| user.hash == hash && user.is(place, home_account_id);
        let rehash = |user: &User| spread(user.hash);
        match self.table.entry(spread(hash), is_user, rehash) {
            Entry::Occupied(user) if entities.is_empty() => {
                user.remove();
            }
            Entry::Occupied(mut user) => {
                let user = user.get_mut();
                user.entities = entities.into();
                user.used = used;
            }
            Entry::Vacant(_) if entities.is_empty() => {}
            Entry::Vacant(slot) => {
                slot.insert(User {
                    entities: entities.into(),
                    hash,
                    used,
                });
            }
        }
    }

    /// Takes away all that belongs to the users that `goes` names by hash.
    pub(crate) fn take(&mut self, goes: impl Fn(u32) -> bool) -> Vec<Box<[Entity]>> {
        let gone = self.table.extract_if(|user| goes(user.hash));
        gone.map(|user| user.entities).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.table.iter()
    }
}

impl User {
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }

    fn is(&self, at: &str, home_account_id: &str) -> bool {
        let first = self.entities.first().and_then(owner);
        first.is_some_and(|(environment, id)| &**id == home_account_id && place(environment) == at)
    }
}

/// Environment and home account id of what belongs to a user.
pub(crate) fn owner(entity: &Entity) -> Option<(&Arc<str>, &Arc<str>)> {
    match entity {
        Entity::Account(entry) => Some((&entry.environment, &entry.home_account_id)),
        Entity::IdToken(entry) => Some((&entry.environment, &entry.home_account_id)),
        Entity::RefreshToken(entry) => Some((&entry.environment, &entry.home_account_id)),
        _ => None,
    }
}

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
