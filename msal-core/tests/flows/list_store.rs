//! A store that is a list, and as simple as that.

use std::sync::{Arc, Mutex};

use msal_core::Timestamp;
use msal_core::authority::cloud;
use msal_core::store::{
    AccessTokenEntry, AccessTokenLookup, AppMetadataEntry, Change, Entity, OwnerRef, Removal,
    TokenStore, UserFilter,
};

/// A store that is a list.
#[derive(Debug, Default)]
pub(crate) struct ListStore(Mutex<Lists>);

impl ListStore {
    /// Whether nothing was ever kept here, or all of it removed.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = self.0.lock().unwrap();
        lists.tokens.is_empty() && lists.of_users.is_empty() && lists.apps.is_empty()
    }

    /// Puts entities in that another library wrote: beside what is there, whatever that is.
    pub(crate) fn found(&self, entities: impl IntoIterator<Item = Entity>) {
        let mut lists = self.0.lock().unwrap();
        for entity in entities {
            match entity {
                Entity::AccessToken(token) => lists.tokens.push(token),
                Entity::AppMetadata(app) => lists.apps.push(app),
                entity => lists.of_users.push(entity),
            }
        }
    }

    /// The access tokens, in the order they came.
    pub(crate) fn access_tokens(&self) -> Vec<Arc<AccessTokenEntry>> {
        self.0.lock().unwrap().tokens.clone()
    }
}

#[derive(Debug, Default)]
struct Lists {
    tokens: Vec<Arc<AccessTokenEntry>>,
    of_users: Vec<Entity>,
    apps: Vec<Arc<AppMetadataEntry>>,
}

impl TokenStore for ListStore {
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>> {
        let lists = self.0.lock().unwrap();
        let found = lists.tokens.iter().rev().find(|token| {
            cloud::canonical(token.environment()) == lookup.cloud
                && **token.realm() == *lookup.realm
                && **token.client_id() == *lookup.client_id
                && token.owner() == lookup.owner
                && token.binding() == lookup.binding
                && token.extended().map(|key| &**key) == lookup.extended
                && token
                    .scopes()
                    .contains_all(lookup.scopes, lookup.scope_case)
                && token.expires_on() > now
        });
        found.cloned()
    }

    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>> {
        let lists = self.0.lock().unwrap();
        let named = |id: &str| {
            lists.of_users.iter().any(|entity| match entity {
                Entity::Account(account) => {
                    let UserFilter::Username(name) = filter else {
                        return false;
                    };
                    &*account.home_account_id == id && account.username.eq_ignore_ascii_case(name)
                }
                _ => false,
            })
        };
        let mut users: Vec<(String, Vec<Entity>)> = Vec::new();
        for entity in &lists.of_users {
            let (environment, id, hash) = whose(entity);
            let is_wanted = match (filter, hash) {
                (UserFilter::All, None) => true,
                (UserFilter::Assertion(wanted), Some(hash)) => wanted == hash,
                (UserFilter::HomeAccountId(wanted), None) => wanted == id,
                (UserFilter::Username(_), None) => named(id),
                _ => false,
            };
            if !is_wanted || cloud::canonical(environment) != cloud {
                continue;
            }
            match users.iter_mut().find(|(known, _)| known == id) {
                Some((_, entities)) => entities.push(entity.clone()),
                None => users.push((id.to_owned(), vec![entity.clone()])),
            }
        }
        users.into_iter().map(|(_, user)| user.into()).collect()
    }

    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>> {
        let lists = self.0.lock().unwrap();
        let is_wanted = |app: &&Arc<AppMetadataEntry>| {
            cloud::canonical(&app.environment) == cloud && *app.client_id == *client_id
        };
        lists.apps.iter().rev().find(is_wanted).cloned()
    }

    fn apply(&self, change: &Change) {
        let mut lists = self.0.lock().unwrap();
        for removal in &change.removals {
            lists.remove(removal);
        }
        if let Some(user) = &change.unless_signed_out
            && !lists.of_users.iter().any(|entity| {
                !matches!(entity, Entity::IdToken(_)) && whose(entity).1 == &*user.home_account_id
            })
        {
            return;
        }
        if let Some(process) = &change.unless_stopped && !lists.of_users.iter().any(|entity| {
            matches!(entity, Entity::RefreshToken(token) if token.client_id == process.client_id)
                && whose(entity).1 == &*process.home_account_id
                && whose(entity).2 == Some(&*process.hash)
        }) {
            return;
        }
        for entity in &change.upserts {
            match entity {
                Entity::AccessToken(token) => lists.tokens.push(token.clone()),
                Entity::AppMetadata(app) => lists.apps.push(app.clone()),
                entity => {
                    lists.of_users.retain(|old| !is_same(entity, old));
                    lists.of_users.push(entity.clone());
                }
            }
        }
    }
}

impl Lists {
    fn remove(&mut self, removal: &Removal) {
        match removal {
            Removal::Assertion { hash, .. } => {
                self.of_users.retain(|entity| whose(entity).2 != Some(hash));
                self.tokens
                    .retain(|token| token.owner() != OwnerRef::Assertion(hash));
            }
            Removal::RefreshToken(gone) => self.of_users.retain(
                |entity| !matches!(entity, Entity::RefreshToken(token) if token.secret == gone.secret),
            ),
            Removal::User {
                user,
                client_id,
                family_id,
            } => {
                let id = &*user.home_account_id;
                self.tokens
                    .retain(|token| token.owner() != OwnerRef::Account(id));
                self.of_users.retain(|entity| match entity {
                    Entity::RefreshToken(token) if whose(entity).1 == id => {
                        let is_family = token.family_id.is_some() && token.family_id == *family_id;
                        token.client_id != *client_id && !is_family
                    }
                    entity => whose(entity).1 != id || whose(entity).2.is_some(),
                });
            }
            other => panic!("no such removal: {other:?}"),
        }
    }
}

/// Environment, home account id and assertion of what belongs to a user.
fn whose(entity: &Entity) -> (&str, &str, Option<&str>) {
    match entity {
        Entity::Account(entry) => (&entry.environment, &entry.home_account_id, None),
        Entity::IdToken(entry) => {
            let hash = entry.extras.assertion_hash().map(|hash| &**hash);
            (&entry.environment, &entry.home_account_id, hash)
        }
        Entity::RefreshToken(entry) => {
            let hash = entry.extras.assertion_hash().map(|hash| &**hash);
            (&entry.environment, &entry.home_account_id, hash)
        }
        other => panic!("belongs to no user: {other:?}"),
    }
}

fn is_same(new: &Entity, old: &Entity) -> bool {
    let is_same_owner = whose(new).1 == whose(old).1 && whose(new).2 == whose(old).2;
    is_same_owner
        && match (new, old) {
            (Entity::Account(new), Entity::Account(old)) => new.realm == old.realm,
            (Entity::IdToken(new), Entity::IdToken(old)) => {
                new.realm == old.realm && new.client_id == old.client_id
            }
            (Entity::RefreshToken(new), Entity::RefreshToken(old)) => {
                let is_family = new.family_id.is_some() && new.family_id == old.family_id;
                is_family || new.client_id == old.client_id
            }
            _ => false,
        }
}
