use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use msal_core::store::{AccessTokenEntry, Change, Entity, OwnerRef};

use crate::index::key::Key;
use crate::index::users::owner;
use crate::limits::Limits;
use crate::table::Table;
use crate::writer::{Note, Writer};

impl Writer {
    /// Removes what is too much: expired access tokens first, then what was used least recently; never what `spared`
    /// brought. What belongs to one user goes together. Answers how many entries went.
    ///
    /// Shards are chosen by bounds that are kept as a by-product, and swept whole: for what has expired, once a second at
    /// most; otherwise for a thirty-second part of what is in them, so that an insertion stays cheap in a full cache.
    pub(crate) fn enforce(
        &mut self,
        table: &Table,
        limits: Limits,
        now: u64,
        spared: &Change,
    ) -> usize {
        let before = self.tally.entries();
        let spared = Spared::new(table, spared);
        let mut exhausted = Vec::new();
        while self.is_over(limits) {
            if let Some(shard) = self.shard_with_expired(now) {
                self.remove_expired(table, shard, now);
            } else if let Some(shard) = self.coldest_shard(&exhausted) {
                if !self.remove_coldest(table, shard, &spared) {
                    exhausted.push(shard);
                }
            } else {
                break;
            }
        }
        before.saturating_sub(self.tally.entries())
    }

    fn is_over(&self, limits: Limits) -> bool {
        self.tally.entries() > limits.entries || self.tally.bytes > limits.bytes
    }

    fn shard_with_expired(&self, now: u64) -> Option<usize> {
        self.notes.iter().position(|note| note.earliest <= now)
    }

    fn coldest_shard(&self, exhausted: &[usize]) -> Option<usize> {
        let notes = self.notes.iter().enumerate();
        let open = notes.filter(|(shard, note)| {
            note.coldest != Note::EMPTY.coldest && !exhausted.contains(shard)
        });
        open.min_by_key(|(_, note)| note.coldest).map(|(at, _)| at)
    }

    fn remove_expired(&mut self, table: &Table, shard: usize, now: u64) {
        let mut expired = Vec::new();
        let mut earliest = u64::MAX;
        for posting in table.read(shard).tokens.iter() {
            let expires_on = posting.token.expires_on().as_secs();
            if expires_on <= now {
                expired.push(Arc::clone(&posting.token));
            } else {
                earliest = earliest.min(expires_on);
            }
        }
        for token in expired {
            self.unpost(table, &token);
        }
        if let Some(note) = self.notes.get_mut(shard) {
            note.earliest = earliest;
        }
    }

    /// Whether the shard had anything that may go.
    fn remove_coldest(&mut self, table: &Table, shard: usize, spared: &Spared) -> bool {
        let mut groups = groups(table, shard);
        groups.sort_unstable_by_key(|group| (group.used, group.expires_on));
        let batch = if groups.len() < EXACT {
            1
        } else {
            groups.len() / 32
        };
        let mut removed = 0;
        groups.retain(|group| {
            let goes = removed < batch && !spared.has(group);
            if goes {
                removed += 1;
                self.remove_group(table, group);
            }
            !goes
        });
        if let Some(note) = self.notes.get_mut(shard) {
            let coldest = groups.first().map(|group| group.used);
            note.coldest = coldest.unwrap_or(Note::EMPTY.coldest);
        }
        removed > 0
    }

    fn remove_group(&mut self, table: &Table, group: &Group) {
        for token in &group.tokens {
            self.unpost(table, token);
        }
        for entity in &group.entities {
            self.tally.remove(entity);
        }
        if let Some((environment, id)) = group.entities.first().and_then(owner) {
            table.set_user((environment, id), Vec::new(), 0);
        }
    }
}

/// What is evicted together: a user with all that is theirs, or one token of anybody else.
struct Group {
    name: Name,
    used: u32,
    expires_on: u64,
    tokens: Vec<Arc<AccessTokenEntry>>,
    entities: Vec<Entity>,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Name {
    Token(*const AccessTokenEntry),
    User(u32),
}

/// What a change brought.
struct Spared {
    tokens: Vec<Arc<AccessTokenEntry>>,
    users: Vec<u32>,
}

impl Spared {
    fn new(table: &Table, change: &Change) -> Self {
        let mut spared = Self {
            tokens: Vec::new(),
            users: Vec::new(),
        };
        for entity in &change.upserts {
            if let Entity::AccessToken(entry) = entity {
                spared.tokens.push(Arc::clone(entry));
            }
            if let Some((environment, id)) = owner(entity) {
                spared.users.push(table.user_spot(environment, id).hash);
            }
        }
        spared
    }

    fn has(&self, group: &Group) -> bool {
        let Name::User(user) = group.name else {
            let mut tokens = group.tokens.iter();
            return tokens.any(|token| self.tokens.iter().any(|spared| is_same(token, spared)));
        };
        self.users.contains(&user)
    }
}

/// Whether the one was made of the other.
fn is_same(token: &AccessTokenEntry, spared: &AccessTokenEntry) -> bool {
    token.scopes() == spared.scopes() && Key::of_entry(spared).is_of(token)
}

fn groups(table: &Table, shard: usize) -> Vec<Group> {
    let mut groups: HashMap<Name, Group> = HashMap::new();
    let mut seen = HashSet::new();
    let contents = table.read(shard);
    for posting in contents.tokens.iter() {
        let token = &posting.token;
        let name = match token.owner() {
            OwnerRef::Account(id) => Name::User(table.user_spot(token.environment(), id).hash),
            _ => Name::Token(Arc::as_ptr(token)),
        };
        let group = groups.entry(name).or_insert_with(|| Group::new(name));
        group.used = group.used.max(posting.used());
        group.expires_on = group.expires_on.max(token.expires_on().as_secs());
        if seen.insert(Arc::as_ptr(token)) {
            group.tokens.push(Arc::clone(token));
        }
    }
    for user in contents.users.iter() {
        let name = Name::User(user.hash());
        let group = groups.entry(name).or_insert_with(|| Group::new(name));
        group.used = group.used.max(user.used);
        group.entities.extend_from_slice(&user.entities);
    }
    drop(contents);
    let mut groups: Vec<_> = groups.into_values().collect();
    for group in &mut groups {
        // An application's token with several scopes is in several shards, and may have been used in another.
        if let (Name::Token(_), [token]) = (group.name, &*group.tokens) {
            group.used = group.used.max(table.used_elsewhere(token, shard));
        }
    }
    groups
}

impl Group {
    fn new(name: Name) -> Self {
        Self {
            name,
            used: 0,
            expires_on: 0,
            tokens: Vec::new(),
            entities: Vec::new(),
        }
    }
}

/// In a shard of fewer groups than this, only what is too much goes.
const EXACT: usize = 256;
