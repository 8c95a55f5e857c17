use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;
use msal_core::store::{AccessTokenEntry, Change, Entity};

use crate::change::Gone;
use crate::index::holder::Holder;
use crate::index::key::Key;
use crate::index::scopes::indexed;
use crate::limits::Limits;
use crate::table::Table;
use crate::writer::{Note, Writer};

impl Writer {
    /// Removes what is too much: expired access tokens first, then what was used least recently; never what `spared`
    /// brought. What belongs to one user, or to one assertion, goes
    /// together. Answers what went.
    ///
    /// Shards are chosen by bounds that are kept as a by-product, and swept whole: for what has expired, once a second at
    /// most; otherwise for a sixteenth of what is in them, so that an insertion stays cheap in a full cache.
    pub(crate) fn enforce(
        &mut self,
        table: &Table,
        limits: Limits,
        now: u64,
        spared: &Change,
    ) -> Gone {
        let mut gone = Gone::default();
        if !self.is_over(limits) {
            return gone;
        }
        let spared = Spared::new(table, spared);
        let mut exhausted = Vec::new();
        while self.is_over(limits) {
            let before = self.tally.entries();
            if let Some(shard) = self.shard_with_expired(now) {
                self.remove_expired(table, shard, now);
                gone.expired += before.saturating_sub(self.tally.entries());
            } else if let Some(shard) = self.coldest_shard(&exhausted) {
                let excess = before.saturating_sub(limits.entries);
                let others = self.coldest_beside(shard, &exhausted);
                if !self.remove_coldest(table, shard, &spared, (excess, others)) {
                    exhausted.push(shard);
                }
                gone.coldest += before.saturating_sub(self.tally.entries());
            } else {
                break;
            }
        }
        gone
    }

    pub(crate) fn is_over(&self, limits: Limits) -> bool {
        self.tally.entries() > limits.entries || self.tally.bytes > limits.bytes
    }

    fn shard_with_expired(&self, now: u64) -> Option<u32> {
        let mut notes = (0..).zip(&self.notes);
        let found = notes.find(|(_, note)| note.earliest <= now);
        found.map(|(shard, _)| shard)
    }

    fn coldest_shard(&self, exhausted: &[u32]) -> Option<u32> {
        let notes = (0..).zip(&self.notes);
        let open = notes.filter(|(shard, note)| {
            note.coldest != Note::EMPTY.coldest && !exhausted.contains(shard)
        });
        open.min_by_key(|(_, note)| note.coldest).map(|(at, _)| at)
    }

    /// What was used last before all that is in other shards.
    fn coldest_beside(&self, shard: u32, exhausted: &[u32]) -> u32 {
        let notes = (0..).zip(&self.notes);
        let others = notes.filter(|(at, _)| *at != shard && !exhausted.contains(at));
        let coldest = others.map(|(_, note)| note.coldest).min();
        coldest.unwrap_or(Note::EMPTY.coldest)
    }

    fn remove_expired(&mut self, table: &Table, shard: u32, now: u64) {
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
        self.unpost(table, &expired);
        if let Some(note) = self.notes.get_mut(shard as usize) {
            note.earliest = earliest;
        }
    }

    /// Removes one group at least, if there is any that may go; whether there was. Of few groups, no more go than make up
    /// the `excess` of entries, and none that was used after `others`.
    fn remove_coldest(
        &mut self,
        table: &Table,
        shard: u32,
        spared: &Spared,
        (excess, others): (usize, u32),
    ) -> bool {
        let mut groups = groups(table, shard);
        let batch = match groups.len() {
            few if few < EXACT => 1,
            many => many / PART,
        };
        let (mut go, mut coldest) = (Vec::with_capacity(batch), Note::EMPTY.coldest);
        let mut freed = 0;
        groups.sort_unstable_by_key(|group| (group.used, group.expires_on));
        for group in groups {
            let is_needed = freed < excess && group.used <= others;
            if (go.len() < batch || is_needed) && !spared.has(&group, table, shard) {
                freed += group.entries;
                go.push(group.name);
            } else {
                coldest = coldest.min(group.used);
            }
        }
        let go: HashSet<Name, FixedState> = go.into_iter().collect();
        self.unpost(table, &tokens_of(&go, table, shard));
        for entities in table.take_users(shard, |hash| go.contains(&Name::Holder(hash))) {
            for entity in entities.iter() {
                self.tally.remove(entity);
            }
        }
        if let Some(note) = self.notes.get_mut(shard as usize) {
            note.coldest = coldest;
        }
        !go.is_empty()
    }
}

/// What is evicted together: all that a user or an assertion has, or one token of an application.
#[derive(Clone, Copy)]
struct Group {
    name: Name,
    used: u32,
    expires_on: u64,
    /// No fewer than there are.
    entries: usize,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Name {
    /// A user or an assertion, by their hash in the shard.
    Holder(u32),
    /// A token, by its hash in the shard and its address.
    Token(u32, *const AccessTokenEntry),
}

/// What a change brought.
struct Spared {
    tokens: Vec<Arc<AccessTokenEntry>>,
    holders: HashSet<u32, FixedState>,
}

impl Spared {
    fn new(table: &Table, change: &Change) -> Self {
        let mut spared = Self {
            tokens: Vec::new(),
            holders: HashSet::default(),
        };
        for entity in &change.upserts {
            match (Holder::of(entity), entity) {
                (Some(holder), _) => {
                    let hash = table.locator().holder(&holder).hash;
                    spared.holders.insert(hash);
                }
                (None, Entity::AccessToken(entry)) => spared.tokens.push(Arc::clone(entry)),
                _ => {}
            }
        }
        spared
    }

    fn has(&self, group: &Group, table: &Table, shard: u32) -> bool {
        match group.name {
            Name::Holder(hash) => self.holders.contains(&hash),
            Name::Token(hash, address) => {
                let contents = table.read(shard);
                let mut postings = contents.tokens.find(hash);
                let posting = postings.find(|one| Arc::as_ptr(&one.token) == address);
                posting.is_some_and(|one| self.tokens.iter().any(|new| is_same(&one.token, new)))
            }
        }
    }
}

/// Whether the one was made of the other.
fn is_same(token: &AccessTokenEntry, new: &AccessTokenEntry) -> bool {
    token.scopes() == new.scopes() && Key::of_entry(new).is_of(token)
}

fn groups(table: &Table, shard: u32) -> Vec<Group> {
    let contents = table.read(shard);
    let mut groups = Vec::with_capacity(contents.tokens.len());
    let mut holders: HashMap<u32, Group, FixedState> = HashMap::default();
    for user in contents.users.iter() {
        let name = Name::Holder(user.hash());
        let mut group = Group::new(name, user.used, u64::MAX);
        group.entries = user.entities.len();
        holders.insert(user.hash(), group);
    }
    let mut in_several_shards = Vec::new();
    for posting in contents.tokens.iter() {
        let (token, used) = (&posting.token, posting.used());
        let expires_on = token.expires_on().as_secs();
        if let Some(holder) = Holder::of_token(token) {
            let hash = table.locator().holder(&holder).hash;
            let group = Group::new(Name::Holder(hash), used, expires_on);
            let group = holders.entry(hash).or_insert(Group {
                entries: 0,
                ..group
            });
            group.used = group.used.max(used);
            // Once for each scope.
            group.entries += 1;
            continue;
        }
        let name = Name::Token(posting.hash(), Arc::as_ptr(token));
        if indexed(token.scopes()).nth(1).is_some() {
            in_several_shards.push((Arc::clone(token), groups.len()));
        }
        groups.push(Group::new(name, used, expires_on));
    }
    drop(contents);
    for (token, at) in in_several_shards {
        // It may have been looked up by another of its scopes.
        if let Some(group) = groups.get_mut(at) {
            group.used = table.used(&token);
        }
    }
    groups.extend(holders.into_values());
    groups
}

/// The tokens that go with these groups.
fn tokens_of(
    names: &HashSet<Name, FixedState>,
    table: &Table,
    shard: u32,
) -> Vec<Arc<AccessTokenEntry>> {
    let contents = table.read(shard);
    let mut tokens = Vec::new();
    let hash_of = |holder: &Holder<'_>| table.locator().holder(holder).hash;
    for name in names {
        match *name {
            Name::Holder(hash) => tokens.extend(contents.tokens_of(hash, |token| {
                Holder::of_token(token).is_some_and(|holder| hash_of(&holder) == hash)
            })),
            Name::Token(hash, address) => {
                let postings = contents.tokens.find(hash).map(|posting| &posting.token);
                let meant = postings.filter(|token| Arc::as_ptr(token) == address);
                tokens.extend(meant.cloned());
            }
        }
    }
    tokens
}

impl Group {
    fn new(name: Name, used: u32, expires_on: u64) -> Self {
        Self {
            name,
            used,
            expires_on,
            entries: 1,
        }
    }
}

/// In a shard of fewer groups than this, only what is too much goes.
const EXACT: usize = 256;

/// Of a larger one, this part.
const PART: usize = 16;
