use std::sync::Arc;

use msal_core::store::Entity;

use super::Table;
use crate::index::holder::Holder;
use crate::index::spot::Spot;
use crate::index::users::{User, names};

/// Accounts, refresh and id tokens.
impl Table {
    /// The accounts, refresh and id tokens of a user or an assertion.
    pub(crate) fn user(&self, holder: &Holder<'_>) -> Option<Arc<[Entity]>> {
        let spot = self.locator.holder(holder);
        let contents = self.read(spot.shard);
        let user = contents.users.find(spot.hash, holder)?;
        Some(Arc::clone(&user.entities))
    }

    /// Those of every user of the cloud of this name.
    pub(crate) fn users(&self, place: &str) -> Vec<Arc<[Entity]>> {
        let mut found = Vec::new();
        for shard in 0..self.len() {
            let contents = self.read(shard);
            let users = contents.users.iter().filter(|user| user.is_user_of(place));
            found.extend(users.map(|user| Arc::clone(&user.entities)));
        }
        found
    }

    /// Those of the users who sign in with this name.
    pub(crate) fn users_named(&self, place: &str, username: &str) -> Vec<Arc<[Entity]>> {
        let spot = self.locator.name(place, username);
        let is_meant = |user: &&User| user.signs_in_with(username) && user.is_user_of(place);
        let (first, others) = {
            let contents = self.read(spot.shard);
            let mut known = contents.names.find(spot.hash);
            // Collecting nothing allocates nothing.
            (known.next(), known.collect::<Vec<_>>())
        };
        // No lock is waited for under another.
        let mut found = Vec::new();
        for hash in first.into_iter().chain(others) {
            let spot = self.locator.spot(hash);
            let contents = self.read(spot.shard);
            let users = contents.users.of_hash(spot.hash).filter(is_meant);
            found.extend(users.map(|user| Arc::clone(&user.entities)));
        }
        found
    }

    /// Puts `entities` in the place of the accounts, refresh and id tokens of a user or an assertion. Answers their
    /// shard, and what they had.
    pub(crate) fn set_user(
        &self,
        holder: &Holder<'_>,
        mut entities: Vec<Entity>,
        used: u32,
    ) -> (u32, Option<Arc<[Entity]>>) {
        let spot = self.locator.holder(holder);
        // Who is looked for by a new name is found from the moment on in which the name is there.
        for name in self.name_spots(&holder.place, &entities) {
            self.write(name.shard).names.insert(name.hash, spot.hash);
        }
        entities.sort_by_key(|entity| !matches!(entity, Entity::Account(_)));
        let entities = entities.into();
        let mut contents = self.write(spot.shard);
        let old = contents.users.set(spot.hash, holder, entities, used);
        drop(contents);
        if let Some(old) = &old {
            self.forget_names(spot, &holder.place, old);
        }
        (spot.shard, old)
    }

    /// Takes away the accounts, refresh and id tokens of all in a shard whom `goes` names by hash.
    pub(crate) fn take_users(&self, shard: u32, goes: impl Fn(u32) -> bool) -> Vec<Arc<[Entity]>> {
        let taken = self.write(shard).users.take(goes);
        for user in &taken {
            let spot = self.locator.spot(user.hash());
            if let Some(holder) = user.holder() {
                self.forget_names(spot, &holder.place, &user.entities);
            }
        }
        taken.into_iter().map(|user| user.entities).collect()
    }

    /// Every account, refresh and id token, with the second of its user's last use.
    pub(crate) fn user_entities(&self) -> Vec<(Entity, u32)> {
        let mut entities = Vec::new();
        for shard in 0..self.len() {
            for user in self.read(shard).users.iter() {
                entities.extend(user.entities.iter().map(|one| (one.clone(), user.used)));
            }
        }
        entities
    }

    /// Fills an empty table with what belongs to users and assertions, each one's at once. Answers the shard of each, and
    /// when they were last used.
    pub(crate) fn fill_users(&self, entities: Vec<(Entity, u32)>) -> Vec<(u32, u32)> {
        let placed = entities.into_iter().filter_map(|(entity, used)| {
            let spot = self.locator.holder(&Holder::of(&entity)?);
            Some((spot, entity, used))
        });
        let mut placed: Vec<_> = placed.collect();
        // In the order in which they came, where they are one holder's.
        placed.sort_by_key(|(spot, ..)| *spot);
        let mut filled = Vec::new();
        for same in placed.chunk_by(|(one, ..), (other, ..)| one == other) {
            // Mostly one holder's; very seldom two share a hash.
            let mut rest: Vec<&(Spot, Entity, u32)> = same.iter().collect();
            while let Some(holder) = rest.first().copied().and_then(|one| Holder::of(&one.1)) {
                let own = rest.extract_if(.., |(_, entity, _)| holder.has(entity));
                let (mut own_entities, mut last) = (Vec::new(), 0);
                for (_, entity, used) in own {
                    own_entities.push(entity.clone());
                    last = last.max(*used);
                }
                let (shard, _) = self.set_user(&holder, own_entities, last);
                filled.push((shard, last));
            }
        }
        filled
    }

    /// Takes the names in `old` from the index that nobody in this spot has any more.
    fn forget_names(&self, spot: Spot, place: &str, old: &[Entity]) {
        let mut gone = self.name_spots(place, old);
        if gone.is_empty() {
            return;
        }
        let contents = self.read(spot.shard);
        for user in contents.users.of_hash(spot.hash) {
            let Some(holder) = user.holder() else {
                continue;
            };
            let kept = self.name_spots(&holder.place, &user.entities);
            gone.retain(|name| kept.binary_search(name).is_err());
        }
        drop(contents);
        for name in gone {
            self.write(name.shard).names.remove(name.hash, spot.hash);
        }
    }

    fn name_spots(&self, place: &str, entities: &[Entity]) -> Vec<Spot> {
        let names = names(entities).map(|name| self.locator.name(place, name));
        let mut spots: Vec<_> = names.collect();
        spots.sort_unstable();
        spots.dedup();
        spots
    }
}

#[cfg(test)]
mod tests {
    use msal_core::store::{AccountEntry, Members};

    use super::*;

    fn account(realm: usize, username: &str) -> Entity {
        Entity::Account(Arc::new(AccountEntry {
            environment: "host".into(),
            realm: realm.to_string().into(),
            home_account_id: "id".into(),
            local_account_id: "".into(),
            username: username.into(),
            authority_type: "".into(),
            members: Members::none(),
        }))
    }

    #[test]
    fn a_name_that_nobody_has_any_more_takes_no_room() {
        let table = Table::new(4);
        let holder = Holder::user("host", "id");
        let are_empty = || (0..4).all(|shard| table.read(shard).names.is_empty());
        for names in [&["a", "A"][..], &["b", "a", "c"], &["c", "", "C"], &["d"]] {
            let accounts = names.iter().enumerate();
            let accounts = accounts.map(|(realm, name)| account(realm, name)).collect();
            table.set_user(&holder, accounts, 0);
            let found = table.users_named("host", names[0]);
            assert_eq!((found.len(), are_empty()), (1, false));
        }
        table.set_user(&holder, Vec::new(), 0);
        assert!(are_empty());
        table.set_user(&holder, vec![account(0, "e"), account(1, "f")], 0);
        for shard in 0..4 {
            table.take_users(shard, |_| true);
        }
        assert!(are_empty());
    }
}
