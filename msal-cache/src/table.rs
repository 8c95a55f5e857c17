use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use msal_core::store::{AccessTokenEntry, Entity};

use crate::index::key::{Key, place};
use crate::index::postings::Postings;
use crate::index::scopes::{indexed, intersect};
use crate::index::spot::{Locator, Spot};
use crate::index::users::{Users, owner};

/// The shards: all that readers touch. Only one writer at a time changes them, shard by shard.
pub(crate) struct Table {
    locator: Locator,
    shards: Box<[Shard]>,
}

/// A lock of its own, on cache lines of its own, so that readers of different keys do not disturb each other.
#[derive(Default)]
#[repr(align(128))]
struct Shard(RwLock<Contents>);

/// What is found in one shard.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) tokens: Postings,
    pub(crate) users: Users,
}

impl Table {
    /// An empty table of this many shards, a power of two.
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            locator: Locator::new(shards),
            shards: (0..shards).map(|_| Shard::default()).collect(),
        }
    }

    pub(crate) fn locator(&self) -> &Locator {
        &self.locator
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn read(&self, shard: usize) -> RwLockReadGuard<'_, Contents> {
        let lock = &self.at(shard).0;
        lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, shard: usize) -> RwLockWriteGuard<'_, Contents> {
        let lock = &self.at(shard).0;
        lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a token findable. Answers the shard that it counts in: one of those where it is posted.
    pub(crate) fn post(&self, token: &Arc<AccessTokenEntry>, used: u32) -> usize {
        let spots = self.spots(token);
        for spot in &spots {
            let mut contents = self.write(spot.shard);
            contents.tokens.insert(spot.hash, Arc::clone(token), used);
        }
        spots.first().map_or(0, |spot| spot.shard)
    }

    /// Takes a token away; whether it was there.
    pub(crate) fn unpost(&self, token: &Arc<AccessTokenEntry>) -> bool {
        let spots = self.spots(token).into_iter();
        let removed = spots.map(|spot| self.write(spot.shard).tokens.remove(spot.hash, token));
        removed.fold(false, |any, one| any | one)
    }

    /// The second in which a token was last used, by whichever of its scopes.
    pub(crate) fn used(&self, token: &Arc<AccessTokenEntry>) -> u32 {
        let used = self.spots(token).into_iter().map(|spot| {
            let contents = self.read(spot.shard);
            let mut postings = contents.tokens.find(spot.hash);
            let posting = postings.find(|one| Arc::ptr_eq(&one.token, token));
            posting.map_or(0, |posting| posting.used())
        });
        used.max().unwrap_or(0)
    }

    /// The tokens of the same key, under any alias, that share a scope with `token`.
    pub(crate) fn intersecting(&self, token: &AccessTokenEntry) -> Vec<Arc<AccessTokenEntry>> {
        let key = Key::of_entry(token);
        let mut found: Vec<Arc<AccessTokenEntry>> = Vec::new();
        for scope in indexed(token.scopes()) {
            let spot = self.locator.token(&key, scope);
            for posting in self.read(spot.shard).tokens.find(spot.hash) {
                let other = &posting.token;
                let is_known = found.iter().any(|known| Arc::ptr_eq(known, other));
                if !is_known && key.is_of(other) && intersect(token.scopes(), other.scopes()) {
                    found.push(Arc::clone(other));
                }
            }
        }
        found
    }

    /// Where a user's account, refresh and id tokens are.
    pub(crate) fn user_spot(&self, environment: &str, home_account_id: &str) -> Spot {
        self.locator.user(&place(environment), home_account_id)
    }

    /// A user's account, refresh and id tokens.
    pub(crate) fn user(&self, environment: &str, home_account_id: &str) -> Vec<Entity> {
        let place = place(environment);
        let spot = self.locator.user(&place, home_account_id);
        let contents = self.read(spot.shard);
        let user = contents.users.find(spot.hash, &place, home_account_id);
        user.map_or_else(Vec::new, |user| user.entities.to_vec())
    }

    /// Puts `entities` in the place of a user's account, refresh and id tokens.
    pub(crate) fn set_user(
        &self,
        (environment, home_account_id): (&str, &str),
        entities: Vec<Entity>,
        used: u32,
    ) {
        let place = place(environment);
        let spot = self.locator.user(&place, home_account_id);
        let mut contents = self.write(spot.shard);
        let user = (&*place, home_account_id);
        contents.users.set(spot.hash, user, entities, used);
    }

    /// Takes away the account, refresh and id tokens of the users of a shard that `goes` names by hash.
    pub(crate) fn take_users(
        &self,
        shard: usize,
        goes: impl Fn(u32) -> bool,
    ) -> Vec<Box<[Entity]>> {
        self.write(shard).users.take(goes)
    }

    /// Every access token, once, with the second of its last use.
    pub(crate) fn tokens(&self) -> Vec<(Arc<AccessTokenEntry>, u32)> {
        let mut tokens: HashMap<*const AccessTokenEntry, (Arc<AccessTokenEntry>, u32)> =
            HashMap::new();
        for shard in 0..self.len() {
            for posting in self.read(shard).tokens.iter() {
                let used = posting.used();
                let token = tokens.entry(Arc::as_ptr(&posting.token));
                let token = token.or_insert_with(|| (Arc::clone(&posting.token), used));
                token.1 = token.1.max(used);
            }
        }
        tokens.into_values().collect()
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

    /// Fills an empty table with what belongs to users, each user's at once.
    pub(crate) fn fill_users(&self, entities: Vec<(Entity, u32)>) {
        let mut users: HashMap<(String, Arc<str>), (Vec<Entity>, u32)> = HashMap::new();
        for (entity, used) in entities {
            let Some((environment, id)) = owner(&entity) else {
                continue;
            };
            let key = (place(environment).into_owned(), Arc::clone(id));
            let user = users.entry(key).or_default();
            user.1 = user.1.max(used);
            user.0.push(entity);
        }
        for ((place, id), (entities, used)) in users {
            self.set_user((&place, &id), entities, used);
        }
    }

    /// Takes over all of another table with the same locator, shard by shard: a reader finds the old or the new.
    pub(crate) fn replace_by(&self, other: Self) {
        for (ours, theirs) in self.shards.iter().zip(other.shards) {
            let theirs = theirs.0.into_inner();
            let theirs = theirs.unwrap_or_else(PoisonError::into_inner);
            let mut ours = ours.0.write().unwrap_or_else(PoisonError::into_inner);
            let old = std::mem::replace(&mut *ours, theirs);
            // Wiping many tokens takes a while, for which no reader should wait.
            drop(ours);
            drop(old);
        }
    }

    /// An empty table in which everything has the same place as in this one.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            locator: self.locator.clone(),
            shards: (0..self.len()).map(|_| Shard::default()).collect(),
        }
    }

    fn at(&self, shard: usize) -> &Shard {
        self.shards
            .get(shard)
            .expect("a locator is made for this many shards, and wraps around")
    }

    fn spots(&self, token: &AccessTokenEntry) -> Vec<Spot> {
        let key = Key::of_entry(token);
        let scopes = indexed(token.scopes());
        let mut spots: Vec<_> = scopes
            .map(|scope| self.locator.token(&key, scope))
            .collect();
        // Two scopes that differ in case only are one spot.
        spots.sort_unstable();
        spots.dedup();
        spots
    }
}
