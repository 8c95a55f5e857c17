use std::collections::BTreeMap;
use std::sync::Arc;

use msal_core::store::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, Entity, Extras, IdTokenEntry, Members,
    RefreshTokenEntry, TokenKey,
};
use serde_json::value::RawValue;

use crate::index::key::{place, same_text, unpadded};
use crate::index::users::owner;
use crate::interner::Interner;
use crate::schema::Unreadable;
use crate::table::Table;
use crate::tally::Statistics;

/// What only the one who changes the cache needs. Its lock makes changes follow one another; readers never take it.
pub(crate) struct Writer {
    pub(crate) tally: Statistics,
    pub(crate) notes: Box<[Note]>,
    pub(crate) apps: BTreeMap<AppKey, Arc<AppMetadataEntry>>,
    /// Sections of a file that we do not know.
    pub(crate) sections: BTreeMap<String, Box<RawValue>>,
    pub(crate) unreadable: Unreadable,
    interner: Interner,
}

/// Place, client, environment.
type AppKey = (String, Arc<str>, String);

/// Bounds on what is in a shard, by which eviction chooses one without looking into it.
#[derive(Clone, Copy)]
pub(crate) struct Note {
    /// No token of the shard expires before this second.
    pub(crate) earliest: u64,
    /// Nothing in the shard was last used before this second.
    pub(crate) coldest: u32,
}

impl Writer {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            tally: Statistics::default(),
            notes: vec![Note::EMPTY; shards].into(),
            apps: BTreeMap::new(),
            sections: BTreeMap::new(),
            unreadable: Unreadable::default(),
            interner: Interner::default(),
        }
    }

    /// Puts `entity` in the place of whatever it makes obsolete, under all aliases of its cloud.
    pub(crate) fn upsert(&mut self, table: &Table, entity: &Entity, used: u32) {
        match entity {
            Entity::AccessToken(entry) => self.upsert_access_token(table, entry, used),
            Entity::AppMetadata(entry) => self.upsert_app(entry),
            entity => self.upsert_of_user(table, entity, used),
        }
    }

    /// Adds a token without looking for others.
    pub(crate) fn post(&mut self, table: &Table, token: Arc<AccessTokenEntry>, used: u32) {
        let home = table.post(&token, used);
        self.note(home, token.expires_on().as_secs(), used);
        self.tally.add(&Entity::AccessToken(token));
    }

    /// Fills an empty table.
    pub(crate) fn fill(&mut self, table: &Table, entities: Vec<(Entity, u32)>) {
        let mut of_users = Vec::new();
        for (entity, used) in entities {
            match entity {
                Entity::AccessToken(token) => self.post(table, token, used),
                Entity::AppMetadata(entry) => self.set_app(entry),
                entity => {
                    if let Some((environment, id)) = owner(&entity) {
                        let shard = table.user_spot(environment, id).shard;
                        self.note(shard, u64::MAX, used);
                    }
                    self.tally.add(&entity);
                    of_users.push((entity, used));
                }
            }
        }
        table.fill_users(of_users);
    }

    /// Removes a token; whether it was there.
    pub(crate) fn unpost(&mut self, table: &Table, token: &Arc<AccessTokenEntry>) -> bool {
        let removed = table.unpost(token);
        if removed {
            self.tally.remove(&Entity::AccessToken(Arc::clone(token)));
        }
        removed
    }

    pub(crate) fn note(&mut self, shard: usize, expires_on: u64, used: u32) {
        if let Some(note) = self.notes.get_mut(shard) {
            note.earliest = note.earliest.min(expires_on);
            note.coldest = note.coldest.min(used);
        }
    }

    /// What is known of an application, whatever else there is.
    pub(crate) fn set_app(&mut self, entry: Arc<AppMetadataEntry>) {
        let known = place(&entry.environment).into_owned();
        let environment = entry.environment.to_ascii_lowercase();
        let key = (known, Arc::clone(&entry.client_id), environment);
        self.apps.insert(key, entry);
        self.tally.app_metadata = self.apps.len();
    }

    fn upsert_access_token(&mut self, table: &Table, entry: &Arc<AccessTokenEntry>, used: u32) {
        let mut key = self.interner.key(&entry.key());
        let user = entry.home_account_id();
        let alias = user.and_then(|id| alias_in_use(table, entry.environment(), id));
        if let Some(alias) = alias {
            key.environment = alias;
        }
        let superseded = table.intersecting(entry);
        let scopes = entry.scopes().as_str();
        let same = |old: &&Arc<AccessTokenEntry>| same_text(scopes, old.scopes().as_str());
        let older = superseded.iter().find(same).map(|old| old.members());
        let entry = rewritten(entry, key, &mut self.interner, older);
        self.post(table, entry, used);
        // The new one is in place already: a reader finds one or the other, never nothing.
        for old in superseded {
            self.unpost(table, &old);
        }
    }

    fn upsert_of_user(&mut self, table: &Table, entity: &Entity, used: u32) {
        let Some((environment, id)) = owner(entity) else {
            return;
        };
        let alias = alias_in_use(table, environment, id);
        let mut entities = table.user(environment, id);
        let mut older = Members::none();
        entities.retain(|old| {
            let obsolete = supersedes(entity, old);
            if obsolete {
                self.tally.remove(old);
                if carries_over(entity, old) {
                    older = members(old).or(&older);
                }
            }
            !obsolete
        });
        let entity = self.settled(entity, alias, &older);
        self.tally.add(&entity);
        let shard = table.user_spot(environment, id).shard;
        self.note(shard, u64::MAX, used);
        entities.push(entity);
        table.set_user((environment, id), entities, used);
    }

    fn upsert_app(&mut self, entry: &Arc<AppMetadataEntry>) {
        let known = place(&entry.environment);
        let mut older = Members::none();
        self.apps.retain(|(place, client_id, _), old| {
            let obsolete = *place == known && *client_id == entry.client_id;
            if obsolete {
                older = old.members.or(&older);
            }
            !obsolete
        });
        let family_id = entry.family_id.as_ref();
        let settled = AppMetadataEntry {
            environment: self.interner.name(&entry.environment),
            client_id: self.interner.name(&entry.client_id),
            family_id: family_id.map(|id| self.interner.name(id)),
            members: entry.members.or(&older),
        };
        self.set_app(Arc::new(settled));
    }

    /// The same entity with shared texts, the alias that its user has already, and what it does not say itself.
    fn settled(&mut self, entity: &Entity, alias: Option<Arc<str>>, older: &Members) -> Entity {
        let environment = |interner: &mut Interner, own: &Arc<str>| {
            alias.clone().unwrap_or_else(|| interner.name(own))
        };
        let extras = |extras: &Extras| {
            let hash = extras.assertion_hash().cloned();
            Extras::new(hash, extras.members().or(older))
        };
        let interner = &mut self.interner;
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

/// The environment under which a user's entries are already, so that one user does not end up under two aliases.
fn alias_in_use(table: &Table, environment: &str, home_account_id: &str) -> Option<Arc<str>> {
    let entities = table.user(environment, home_account_id);
    let (alias, _) = entities.first().and_then(owner)?;
    Some(Arc::clone(alias))
}

/// The same token of this key, with shared texts and the older members that it does not have itself.
fn rewritten(
    entry: &Arc<AccessTokenEntry>,
    key: TokenKey,
    interner: &mut Interner,
    older: Option<&Members>,
) -> Arc<AccessTokenEntry> {
    let scopes = interner.scopes(entry.scopes());
    let members = older.map_or_else(|| entry.members().clone(), |old| entry.members().or(old));
    let is_shared = Arc::ptr_eq(&key.environment, entry.environment())
        && Arc::ptr_eq(&key.realm, entry.realm())
        && Arc::ptr_eq(&key.client_id, entry.client_id())
        && std::ptr::eq(scopes.as_str(), entry.scopes().as_str());
    if is_shared && older.is_none_or(Members::is_empty) {
        return Arc::clone(entry);
    }
    let secret = entry.secret().clone();
    let entry = AccessTokenEntry::new(key, scopes, secret, entry.lifetime());
    Arc::new(entry.with_members(members))
}

/// Whether `new` makes `old` obsolete: both belong to the same user, under whichever alias.
fn supersedes(new: &Entity, old: &Entity) -> bool {
    match (new, old) {
        (Entity::Account(new), Entity::Account(old)) => same_text(&new.realm, &old.realm),
        (Entity::IdToken(new), Entity::IdToken(old)) => {
            new.client_id == old.client_id
                && same_text(&new.realm, &old.realm)
                && same_assertion(&new.extras, &old.extras)
        }
        (Entity::RefreshToken(new), Entity::RefreshToken(old)) => {
            let is_family = new.family_id.is_some() && new.family_id == old.family_id;
            (is_family || new.client_id == old.client_id)
                && same_assertion(&new.extras, &old.extras)
        }
        _ => false,
    }
}

fn same_assertion(one: &Extras, other: &Extras) -> bool {
    let hash = |extras: &Extras| {
        extras
            .assertion_hash()
            .map(|hash| unpadded(hash).to_owned())
    };
    hash(one) == hash(other)
}

/// Whether unknown members of an obsolete entry are about the new one too.
fn carries_over(new: &Entity, old: &Entity) -> bool {
    match (new, old) {
        (Entity::RefreshToken(new), Entity::RefreshToken(old)) => new.client_id == old.client_id,
        _ => true,
    }
}

fn members(entity: &Entity) -> &Members {
    static NONE: Members = Members::none();
    match entity {
        Entity::AccessToken(entry) => entry.members(),
        Entity::Account(entry) => &entry.members,
        Entity::AppMetadata(entry) => &entry.members,
        Entity::IdToken(entry) => entry.extras.members(),
        Entity::RefreshToken(entry) => entry.extras.members(),
        _ => &NONE,
    }
}
