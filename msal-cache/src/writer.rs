use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msal_core::store::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, Entity, Extras, IdTokenEntry, Members,
    RefreshTokenEntry,
};
use serde_json::value::RawValue;

use crate::index::holder::Holder;
use crate::index::key::{place, unpadded};
use crate::interner::Interner;
use crate::schema::Unreadable;
use crate::table::Table;
use crate::tally::Statistics;

/// What only the one who changes the cache needs. Its lock makes changes follow one another; readers never take it.
pub(crate) struct Writer {
    pub(crate) tally: Statistics,
    pub(crate) notes: Box<[Note]>,
    /// Sections of a file that we do not know.
    pub(crate) sections: BTreeMap<String, Box<RawValue>>,
    pub(crate) unreadable: Unreadable,
    /// Shared by caches whose entries are much alike.
    pub(crate) texts: Arc<Mutex<Interner>>,
}

/// Bounds on what is in a shard, by which eviction chooses one without looking into it.
#[derive(Clone, Copy)]
pub(crate) struct Note {
    /// No token of the shard expires before this second.
    pub(crate) earliest: u64,
    /// Nothing in the shard was last used before this second.
    pub(crate) coldest: u32,
}

impl Writer {
    pub(crate) fn new(shards: u32, texts: Arc<Mutex<Interner>>) -> Self {
        Self {
            tally: Statistics::default(),
            notes: vec![Note::EMPTY; shards as usize].into(),
            sections: BTreeMap::new(),
            unreadable: Unreadable::default(),
            texts,
        }
    }

    /// Fills an empty table.
    pub(crate) fn fill(&mut self, table: &Table, entities: Vec<(Entity, u32)>) {
        let mut of_users = Vec::new();
        for (entity, used) in entities {
            match entity {
                Entity::AccessToken(token) => self.post(table, token, used),
                Entity::AppMetadata(entry) => table.apps_mut().set(entry),
                entity => {
                    self.tally.add(&entity);
                    of_users.push((entity, used));
                }
            }
        }
        for (shard, used) in table.fill_users(of_users) {
            self.note(shard, u64::MAX, used);
        }
        self.tally.app_metadata = table.apps().len();
    }

    /// Adds a token without looking for others.
    pub(crate) fn post(&mut self, table: &Table, token: Arc<AccessTokenEntry>, used: u32) {
        let home = table.post(&token, used);
        self.note(home, token.expires_on().as_secs(), used);
        self.tally.add(&Entity::AccessToken(token));
    }

    /// Removes tokens; how many were there.
    pub(crate) fn unpost(&mut self, table: &Table, tokens: &[Arc<AccessTokenEntry>]) -> usize {
        let gone = table.unpost(tokens);
        let count = gone.len();
        for token in gone {
            self.tally.remove(&Entity::AccessToken(token));
        }
        count
    }

    /// Puts `entities` in the place of the accounts, refresh and id tokens that a user or an assertion has.
    pub(crate) fn set_user(
        &mut self,
        table: &Table,
        holder: &Holder<'_>,
        entities: Vec<Entity>,
        used: u32,
    ) {
        for entity in &entities {
            self.tally.add(entity);
        }
        let (shard, old) = table.set_user(holder, entities, used);
        self.note(shard, u64::MAX, used);
        for entity in old.iter().flat_map(|old| old.iter()) {
            self.tally.remove(entity);
        }
    }

    /// Puts what is known of an application in the place of what was, under all aliases of its cloud. Answers how many
    /// entries that were.
    pub(crate) fn set_app(&mut self, table: &Table, entry: &AppMetadataEntry) -> usize {
        let mut apps = table.apps_mut();
        let older = apps.take(&place(&entry.environment), &entry.client_id);
        let count = older.len();
        let older = older
            .iter()
            .fold(Members::none(), |older, old| old.members.or(&older));
        let family_id = entry.family_id.as_ref();
        let mut interner = self.interner();
        let entry = AppMetadataEntry {
            environment: interner.name(&entry.environment),
            client_id: interner.name(&entry.client_id),
            family_id: family_id.map(|id| interner.name(id)),
            members: entry.members.or(&older),
        };
        drop(interner);
        apps.set(Arc::new(entry));
        self.tally.app_metadata = apps.len();
        count
    }

    pub(crate) fn interner(&self) -> MutexGuard<'_, Interner> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&mut self, shard: u32, expires_on: u64, used: u32) {
        if let Some(note) = self.notes.get_mut(shard as usize) {
            note.earliest = note.earliest.min(expires_on);
            note.coldest = note.coldest.min(used);
        }
    }

    /// The same entity with shared texts, the alias that its user has already, and what it does not say itself.
    pub(crate) fn settled(
        &self,
        entity: &Entity,
        alias: Option<Arc<str>>,
        older: &Members,
    ) -> Entity {
        let environment = |interner: &mut Interner, own: &Arc<str>| {
            alias.clone().unwrap_or_else(|| interner.name(own))
        };
        let extras = |extras: &Extras| {
            let hash = extras.assertion_hash().map(|hash| match unpadded(hash) {
                bare if bare.len() < hash.len() => bare.into(),
                _ => Arc::clone(hash),
            });
            Extras::new(hash, extras.members().or(older))
        };
        let interner = &mut *self.interner();
        match entity {
            Entity::Account(entry) => Entity::Account(Arc::new(AccountEntry {
                environment: environment(interner, &entry.environment),
                realm: interner.name(&entry.realm),
                home_account_id: interner.name(&entry.home_account_id),
                local_account_id: interner.name(&entry.local_account_id),
                username: Arc::clone(&entry.username),
                authority_type: interner.name(&entry.authority_type),
                members: entry.members.or(older),
            })),
            Entity::IdToken(entry) => Entity::IdToken(Arc::new(IdTokenEntry {
                environment: environment(interner, &entry.environment),
                realm: interner.name(&entry.realm),
                client_id: interner.name(&entry.client_id),
                home_account_id: interner.name(&entry.home_account_id),
                secret: entry.secret.clone(),
                extras: extras(&entry.extras),
            })),
            Entity::RefreshToken(entry) => Entity::RefreshToken(Arc::new(RefreshTokenEntry {
                environment: environment(interner, &entry.environment),
                client_id: interner.name(&entry.client_id),
                home_account_id: interner.name(&entry.home_account_id),
                family_id: entry.family_id.as_ref().map(|id| interner.name(id)),
                secret: entry.secret.clone(),
                last_modified: entry.last_modified,
                extras: extras(&entry.extras),
            })),
            other => other.clone(),
        }
    }
}

impl Note {
    pub(crate) const EMPTY: Self = Self {
        earliest: u64::MAX,
        coldest: u32::MAX,
    };
}
