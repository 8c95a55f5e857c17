use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use msal_core::Scopes;
use msal_core::store::{Owner, TokenKey};

/// Makes entries share their texts: client, tenant, environment, user, scopes.
///
/// It remembers the texts it saw last, some thousand of them: one that comes often is shared by almost all entries, and
/// one whose entries are gone is forgotten when another takes its place. A table of all texts would cost more than it
/// saves where every entry has a tenant of its own.
#[derive(Default)]
pub(crate) struct Interner {
    names: Recent<Arc<str>>,
    scopes: Recent<Scopes>,
}

impl Interner {
    pub(crate) fn name(&mut self, name: &Arc<str>) -> Arc<str> {
        self.names.share(name, |name| name)
    }

    pub(crate) fn scopes(&mut self, scopes: &Scopes) -> Scopes {
        self.scopes.share(scopes, Scopes::as_str)
    }

    pub(crate) fn key(&mut self, key: &TokenKey) -> TokenKey {
        let owner = match &key.owner {
            Owner::Account(id) => Owner::Account(self.name(id)),
            Owner::App => Owner::App,
            Owner::Assertion {
                hash,
                home_account_id,
            } => Owner::Assertion {
                hash: Arc::clone(hash),
                home_account_id: home_account_id.as_ref().map(|id| self.name(id)),
            },
        };
        TokenKey {
            environment: self.name(&key.environment),
            realm: self.name(&key.realm),
            client_id: self.name(&key.client_id),
            owner,
            binding: key.binding.clone(),
            extended: key.extended.clone(),
        }
    }
}

/// Texts by hash, each slot holding the last one that fell on it.
struct Recent<T> {
    seed: RandomState,
    slots: Vec<Option<T>>,
}

impl<T: Clone> Recent<T> {
    fn share(&mut self, value: &T, text: impl Fn(&T) -> &str) -> T {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, None);
        }
        let hash = self.seed.hash_one(text(value));
        let Some(slot) = self.slots.get_mut(hash as usize % SLOTS) else {
            return value.clone();
        };
        match slot {
            Some(known) if text(known) == text(value) => known.clone(),
            slot => slot.insert(value.clone()).clone(),
        }
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            seed: RandomState::default(),
            slots: Vec::new(),
        }
    }
}

const SLOTS: usize = 512;
