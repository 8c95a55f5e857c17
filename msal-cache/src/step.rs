use std::collections::HashMap;
use std::sync::Arc;

use msal_core::store::{AccessTokenEntry, Change, Entity, Members, ProcessKey, Removal, TokenKey};

use crate::change::Counts;
use crate::index::holder::Holder;
use crate::index::key::same_text;
use crate::interner::Interner;
use crate::table::Table;
use crate::writer::Writer;

/// A change on its way: what it does to each user is gathered first and shown to readers at once.
struct Step<'t> {
    table: &'t Table,
    staged: HashMap<Holder<'static>, Staged>,
    /// Access tokens that are to go. They go last: where a new one takes the place, a reader finds one or the other.
    going: Vec<Arc<AccessTokenEntry>>,
    counts: Counts,
}

/// The accounts, refresh and id tokens that one user or assertion is to have.
struct Staged {
    entities: Vec<Entity>,
    used: u32,
    is_changed: bool,
}

impl Writer {
    /// Makes a change; what it did. `used` tells when an entity was last used.
    pub(crate) fn apply(
        &mut self,
        table: &Table,
        change: &Change,
        used: impl Fn(&Entity) -> u32,
    ) -> Counts {
        let mut step = Step {
            table,
            staged: HashMap::new(),
            going: Vec::new(),
            counts: Counts::default(),
        };
        let unreadable = self.unreadable.len();
        for removal in &change.removals {
            step.remove(removal);
            self.unreadable.remove(removal);
        }
        self.tally.unreadable = self.unreadable.len();
        step.counts.removed += unreadable - self.unreadable.len();
        let user = change.unless_signed_out.as_ref();
        let process = change.unless_stopped.as_ref();
        let is_wanted = user.is_none_or(|user| step.is_signed_in(&Holder::of_user(user)))
            && process.is_none_or(|process| step.is_running(process));
        if is_wanted {
            for entity in &change.upserts {
                self.upsert(&mut step, entity, used(entity));
            }
        }
        for (holder, staged) in step.staged {
            if staged.is_changed {
                self.set_user(table, &holder, staged.entities, staged.used);
            }
        }
        let mut counts = step.counts;
        counts.removed += self.unpost(table, &step.going);
        counts
    }

    /// Puts `entity` in the place of whatever it makes obsolete, under all aliases of its cloud.
    fn upsert(&mut self, step: &mut Step<'_>, entity: &Entity, used: u32) {
        match entity {
            Entity::AccessToken(entry) => self.upsert_access_token(step, entry, used),
            Entity::AppMetadata(entry) => step.counts.put(self.set_app(step.table, entry)),
            entity => self.upsert_of_user(step, entity, used),
        }
    }

    fn upsert_access_token(
        &mut self,
        step: &mut Step<'_>,
        entry: &Arc<AccessTokenEntry>,
        used: u32,
    ) {
        let mut key = self.interner().key(&entry.key());
        let holder = Holder::of_token(entry);
        if let Some(alias) = holder.and_then(|holder| step.alias(&holder)) {
            key.environment = alias;
        }
        let mut superseded = step.table.intersecting(entry);
        superseded.retain(|old| !step.going.iter().any(|going| Arc::ptr_eq(going, old)));
        let scopes = entry.scopes().as_str();
        let same = |old: &&Arc<AccessTokenEntry>| same_text(scopes, old.scopes().as_str());
        let older = superseded.iter().find(same).map(|old| old.members());
        let entry = rewritten(entry, key, &mut self.interner(), older);
        self.post(step.table, entry, used);
        // The new one is in place already: a reader finds one or the other, never nothing.
        step.counts.put(self.unpost(step.table, &superseded));
    }

    fn upsert_of_user(&mut self, step: &mut Step<'_>, entity: &Entity, used: u32) {
        let Some(holder) = Holder::of(entity) else {
            return;
        };
        let alias = step.alias(&holder);
        let staged = step.stage(holder);
        let mut older = Members::none();
        let before = staged.entities.len();
        staged.entities.retain(|old| {
            let is_obsolete = supersedes(entity, old);
            if is_obsolete && carries_over(entity, old) {
                older = members(old).or(&older);
            }
            !is_obsolete
        });
        let obsolete = before - staged.entities.len();
        staged.entities.push(self.settled(entity, alias, &older));
        staged.used = staged.used.max(used);
        staged.is_changed = true;
        step.counts.put(obsolete);
    }
}

impl Step<'_> {
    fn remove(&mut self, removal: &Removal) {
        match removal {
            Removal::Assertion {
                environment,
                client_id,
                hash,
            } => {
                let holder = Holder::assertion(environment, hash);
                let mut tokens = self.table.tokens_of(&holder);
                tokens.retain(|token| token.client_id() == client_id);
                self.going.append(&mut tokens);
                self.remove_of(holder, |entity| match entity {
                    Entity::IdToken(token) => token.client_id == *client_id,
                    Entity::RefreshToken(token) => token.client_id == *client_id,
                    _ => false,
                });
            }
            Removal::RefreshToken(gone) => {
                self.remove_of(Holder::of_refresh_token(gone), |entity| match entity {
                    Entity::RefreshToken(token) => {
                        token.client_id == gone.client_id && token.secret == gone.secret
                    }
                    _ => false,
                });
            }
            Removal::User {
                user,
                client_id,
                family_id,
            } => {
                let holder = Holder::of_user(user);
                self.going.append(&mut self.table.tokens_of(&holder));
                self.remove_of(holder, |entity| match entity {
                    Entity::RefreshToken(token) => {
                        let is_family = family_id.is_some() && token.family_id == *family_id;
                        is_family || token.client_id == *client_id
                    }
                    _ => true,
                });
            }
            _ => {}
        }
    }

    fn remove_of(&mut self, holder: Holder<'_>, goes: impl Fn(&Entity) -> bool) {
        let staged = self.stage(holder);
        let before = staged.entities.len();
        staged.entities.retain(|entity| !goes(entity));
        let removed = before - staged.entities.len();
        staged.is_changed |= removed > 0;
        self.counts.removed += removed;
    }

    /// Whether a user has an account or a refresh token.
    fn is_signed_in(&self, user: &Holder<'_>) -> bool {
        self.has(user, |entity| !matches!(entity, Entity::IdToken(_)))
    }

    /// Whether a long-running process has a refresh token.
    fn is_running(&self, process: &ProcessKey) -> bool {
        let holder = Holder::assertion(&process.environment, &process.hash);
        self.has(&holder, |entity| match entity {
            Entity::RefreshToken(token) => {
                token.client_id == process.client_id
                    && token.home_account_id == process.home_account_id
            }
            _ => false,
        })
    }

    fn has(&self, holder: &Holder<'_>, is_wanted: impl Fn(&Entity) -> bool) -> bool {
        match self.staged.get(holder) {
            Some(staged) => staged.entities.iter().any(is_wanted),
            None => self
                .table
                .user(holder)
                .is_some_and(|user| user.iter().any(is_wanted)),
        }
    }

    /// The environment under which there are entries of this user or assertion already, so that they do not end up
    /// under two aliases.
    fn alias(&self, holder: &Holder<'_>) -> Option<Arc<str>> {
        let staged = self.staged.get(holder);
        let staged = staged.map(|staged| &*staged.entities);
        self.table.alias(holder, staged, &self.going)
    }

    fn stage(&mut self, holder: Holder<'_>) -> &mut Staged {
        let table = self.table;
        self.staged
            .entry(holder.into_owned())
            .or_insert_with_key(|holder| Staged {
                entities: table
                    .user(holder)
                    .map_or_else(Vec::new, |user| user.to_vec()),
                used: 0,
                is_changed: false,
            })
    }
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

/// Whether `new` makes `old` obsolete: both belong to the same user or assertion, under whichever alias.
fn supersedes(new: &Entity, old: &Entity) -> bool {
    match (new, old) {
        (Entity::Account(new), Entity::Account(old)) => same_text(&new.realm, &old.realm),
        (Entity::IdToken(new), Entity::IdToken(old)) => {
            new.client_id == old.client_id && same_text(&new.realm, &old.realm)
        }
        (Entity::RefreshToken(new), Entity::RefreshToken(old)) => {
            let is_family = new.family_id.is_some() && new.family_id == old.family_id;
            is_family || new.client_id == old.client_id
        }
        _ => false,
    }
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
