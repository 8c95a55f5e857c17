mod users;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use msal_core::store::{AccessTokenEntry, Entity};

use crate::apps::Apps;
use crate::index::holder::Holder;
use crate::index::holdings::Holdings;
use crate::index::key::Key;
use crate::index::names::Names;
use crate::index::postings::{Posting, Postings};
use crate::index::scopes::{indexed, intersect};
use crate::index::spot::{Locator, Spot};
use crate::index::users::Users;

/// The shards: all that readers touch. Only one writer at a time changes them, shard by shard.
pub(crate) struct Table {
    locator: Locator,
    shards: Box<[Shard]>,
    apps: RwLock<Apps>,
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
    holdings: Holdings,
    names: Names,
}

impl Table {
    /// An empty table of this many shards, a power of two.
    pub(crate) fn new(shards: u32) -> Self {
        Self {
            locator: Locator::new(shards),
            shards: (0..shards).map(|_| Shard::default()).collect(),
            apps: RwLock::default(),
        }
    }

    pub(crate) fn locator(&self) -> &Locator {
        &self.locator
    }

    pub(crate) fn len(&self) -> u32 {
        self.shards.len() as u32
    }

    pub(crate) fn read(&self, shard: u32) -> RwLockReadGuard<'_, Contents> {
        let lock = &self.at(shard).0;
        lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, shard: u32) -> RwLockWriteGuard<'_, Contents> {
        let lock = &self.at(shard).0;
        lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a token findable. Answers the shard that it counts in: one of those where it is posted.
    pub(crate) fn post(&self, token: &Arc<AccessTokenEntry>, used: u32) -> u32 {
        let spots = self.spots(token);
        for spot in &spots {
            let mut contents = self.write(spot.shard);
            contents.tokens.insert(spot.hash, Arc::clone(token), used);
        }
        let Some(first) = spots.first() else {
            return 0;
        };
        if let Some(holder) = self.holder_spot(token) {
            let mut contents = self.write(holder.shard);
            contents.holdings.insert(holder.hash, first.hash);
        }
        first.shard
    }

    /// Takes tokens away. Answers those that were there.
    pub(crate) fn unpost(&self, tokens: &[Arc<AccessTokenEntry>]) -> Vec<Arc<AccessTokenEntry>> {
        let mut places: HashMap<Spot, HashSet<*const AccessTokenEntry>> = HashMap::new();
        let mut held = HashSet::new();
        for token in tokens {
            let spots = self.spots(token);
            held.extend(self.holder_spot(token).zip(spots.first().copied()));
            for spot in spots {
                places.entry(spot).or_default().insert(Arc::as_ptr(token));
            }
        }
        let mut gone = HashMap::new();
        for (spot, going) in places {
            let mut contents = self.write(spot.shard);
            let goes = |token: &Arc<_>| going.contains(&Arc::as_ptr(token));
            let tokens = contents.tokens.remove(spot.hash, goes).into_iter();
            gone.extend(tokens.map(|token| (Arc::as_ptr(&token), token)));
        }
        for (holder, first) in held {
            let mut contents = self.write(holder.shard);
            let is_another = |posting: &Posting| {
                let other = &posting.token;
                self.holder_spot(other) == Some(holder) && self.spots(other).first() == Some(&first)
            };
            if !contents.tokens.find(first.hash).any(is_another) {
                contents.holdings.remove(holder.hash, first.hash);
            }
        }
        gone.into_values().collect()
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

    /// The access tokens of a user or an assertion.
    pub(crate) fn tokens_of(&self, holder: &Holder<'_>) -> Vec<Arc<AccessTokenEntry>> {
        let spot = self.locator.holder(holder);
        let contents = self.read(spot.shard);
        contents.tokens_of(spot.hash, |token| holder.has_token(token))
    }

    /// The environment of the entries that a user or an assertion has already. `staged` are the accounts, refresh and id
    /// tokens that they are about to have, where that differs from what is here; access tokens in `going` do not count.
    pub(crate) fn alias(
        &self,
        holder: &Holder<'_>,
        staged: Option<&[Entity]>,
        going: &[Arc<AccessTokenEntry>],
    ) -> Option<Arc<str>> {
        let spot = self.locator.holder(holder);
        let contents = self.read(spot.shard);
        let known = || Some(&*contents.users.find(spot.hash, holder)?.entities);
        let entities = staged.or_else(known).unwrap_or_default();
        if let Some(environment) = entities.first().and_then(environment) {
            return Some(Arc::clone(environment));
        }
        let mut tokens = contents.held(spot.hash).map(|posting| &posting.token);
        let is_staying = |token: &&Arc<AccessTokenEntry>| {
            holder.has_token(token) && !going.iter().any(|one| Arc::ptr_eq(one, token))
        };
        tokens
            .find(is_staying)
            .map(|token| Arc::clone(token.environment()))
    }

    /// What is known of applications.
    pub(crate) fn apps(&self) -> RwLockReadGuard<'_, Apps> {
        self.apps.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn apps_mut(&self) -> RwLockWriteGuard<'_, Apps> {
        self.apps.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every access token, once, with the second of its last use.
    pub(crate) fn tokens(&self) -> Vec<(Arc<AccessTokenEntry>, u32)> {
        let mut tokens: HashMap<_, (Arc<AccessTokenEntry>, u32), RandomState> = HashMap::default();
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

    /// Takes over when entries were last used from another table with the same locator.
    pub(crate) fn use_as(&self, other: &Self) {
        for shard in 0..self.len() {
            let theirs = other.read(shard);
            let mut ours = self.write(shard);
            for posting in ours.tokens.iter() {
                let same = theirs.tokens.find(posting.hash());
                let used = same.map(Posting::used).max().unwrap_or(0);
                posting.touch(used.max(posting.used()));
            }
            ours.users.use_as(&theirs.users);
        }
    }

    /// Whether there is any such token or account.
    pub(crate) fn any(&self, is_meant: impl Fn(&Entity) -> bool) -> bool {
        (0..self.len()).any(|shard| {
            let contents = self.read(shard);
            let mut users = contents.users.iter();
            let mut tokens = contents.tokens.iter();
            users.any(|user| user.entities.iter().any(&is_meant))
                || tokens.any(|posting| is_meant(&Entity::AccessToken(posting.token.clone())))
        })
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
        let apps = other.apps.into_inner();
        *self.apps_mut() = apps.unwrap_or_else(PoisonError::into_inner);
    }

    /// An empty table in which everything has the same place as in this one.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            locator: self.locator.clone(),
            shards: (0..self.len()).map(|_| Shard::default()).collect(),
            apps: RwLock::default(),
        }
    }

    fn at(&self, shard: u32) -> &Shard {
        self.shards
            .get(shard as usize)
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

    fn holder_spot(&self, token: &AccessTokenEntry) -> Option<Spot> {
        let holder = Holder::of_token(token)?;
        Some(self.locator.holder(&holder))
    }
}

impl Contents {
    /// The postings of the access tokens of whoever has this hash, some of them more than once, and others among them.
    pub(crate) fn held(&self, holder: u32) -> impl Iterator<Item = &Posting> {
        let hashes = self.holdings.of(holder);
        hashes.flat_map(|hash| self.tokens.find(hash))
    }

    /// The access tokens of whoever has this hash, as far as `are_meant`, each once.
    pub(crate) fn tokens_of(
        &self,
        holder: u32,
        are_meant: impl Fn(&AccessTokenEntry) -> bool,
    ) -> Vec<Arc<AccessTokenEntry>> {
        let mut known = HashSet::new();
        let held = self.held(holder).map(|posting| &posting.token);
        let meant = held.filter(|token| are_meant(token) && known.insert(Arc::as_ptr(token)));
        meant.cloned().collect()
    }
}

fn environment(entity: &Entity) -> Option<&Arc<str>> {
    match entity {
        Entity::Account(entry) => Some(&entry.environment),
        Entity::IdToken(entry) => Some(&entry.environment),
        Entity::RefreshToken(entry) => Some(&entry.environment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use msal_core::store::{Lifetime, Owner, TokenKey};
    use msal_core::{Scopes, Timestamp};

    use super::*;

    fn token(id: &str, realm: &str, scopes: &str) -> Arc<AccessTokenEntry> {
        let key = TokenKey {
            environment: "host".into(),
            realm: realm.into(),
            client_id: "client".into(),
            owner: Owner::Account(id.into()),
            binding: None,
            extended: None,
        };
        let lifetime = Lifetime {
            cached_at: Timestamp::default(),
            expires_on: Timestamp::default(),
            extended_expires_on: None,
            refresh_on: None,
        };
        let entry = AccessTokenEntry::new(key, Scopes::granted(scopes), "s".into(), lifetime);
        Arc::new(entry)
    }

    #[test]
    fn the_tokens_of_a_user_are_known_whatever_else_shares_their_hashes() {
        let table = Table::new(1);
        let mut mine = Vec::new();
        for n in 0..200 {
            for id in ["mine", "other"] {
                // Many share a scope, and are not told apart by it.
                let token = token(id, ["t", "T"][n % 2], &format!("shared {}", n / 2));
                table.post(&token, 0);
                if id == "mine" {
                    mine.push(token);
                }
            }
        }
        let holder = Holder::user("host", "mine");
        while !mine.is_empty() {
            let tokens = table.tokens_of(&holder);
            assert_eq!(tokens.len(), mine.len());
            for _ in 0..7.min(mine.len()) {
                let gone = mine.swap_remove(mine.len() / 2);
                let unpost = || table.unpost(std::slice::from_ref(&gone)).len();
                assert_eq!((unpost(), unpost()), (1, 0));
            }
        }
        assert_eq!(table.tokens_of(&holder).len(), 0);
        let mut others = table.tokens_of(&Holder::user("host", "other"));
        others.extend_from_within(..);
        assert_eq!(table.unpost(&others).len(), 200);
        let contents = table.read(0);
        assert!(contents.holdings.is_empty() && contents.tokens.iter().next().is_none());
    }
}
