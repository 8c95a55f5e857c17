use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use msal_core::Scopes;
use msal_core::store::{Owner, TokenKey};

use crate::index::key::unpadded;

/// Makes entries share their texts: client, tenant, environment, user, scopes.
///
/// It remembers the texts it saw last, some five hundred of each kind: one that comes often is shared by almost all
/// entries, and one whose entries are gone is forgotten when another takes its place. A table of all texts would cost
/// more than it saves where every entry has a tenant of its own.
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
                hash: match unpadded(hash) {
                    bare if bare.len() < hash.len() => bare.into(),
                    _ => Arc::clone(hash),
                },
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

/// Texts by hash, in sets that are kept in the order of use, so that one that comes often is not driven out.
struct Recent<T> {
    seed: RandomState,
    sets: Vec<[Option<T>; WAYS]>,
}

impl<T: Clone> Recent<T> {
    fn share(&mut self, value: &T, text: impl Fn(&T) -> &str) -> T {
        if self.sets.is_empty() {
            self.sets.resize(SETS, [const { None }; WAYS]);
        }
        let hash = self.seed.hash_one(text(value));
        let Some(set) = self.sets.get_mut(hash as usize % SETS) else {
            return value.clone();
        };
        let is_same =
            |known: &Option<T>| known.as_ref().is_some_and(|one| text(one) == text(value));
        let at = set.iter().position(is_same);
        let used = at.map_or(WAYS, |at| at + 1);
        if let Some(used) = set.get_mut(..used) {
            used.rotate_right(1);
        }
        let [first, ..] = set;
        match first {
            Some(known) if at.is_some() => known.clone(),
            first => first.insert(value.clone()).clone(),
        }
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            seed: RandomState::default(),
            sets: Vec::new(),
        }
    }
}

const SETS: usize = 128;

const WAYS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_often_is_shared_among_thousands_of_others() {
        let mut interner = Interner::default();
        let hot: Vec<Arc<str>> = (0..8).map(|n| Arc::from(format!("hot {n}"))).collect();
        let first: Vec<_> = hot.iter().map(|text| interner.name(text)).collect();
        let mut copies = 0;
        for n in 0..10_000 {
            interner.name(&Arc::from(format!("cold {n}")));
            for (text, first) in hot.iter().zip(&first) {
                copies += u32::from(!Arc::ptr_eq(&interner.name(&Arc::from(&**text)), first));
            }
        }
        // By chance some may share a set with more than fit.
        assert!(copies < 1_000, "{copies} of 80,000");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut interner = Interner::default();
        let texts: Vec<Arc<str>> = (0..10_000).map(|n| Arc::from(n.to_string())).collect();
        for text in &texts {
            interner.name(text);
        }
        let held = texts.iter().filter(|text| Arc::strong_count(text) > 1);
        assert!(held.count() <= SETS * WAYS);
    }
}
