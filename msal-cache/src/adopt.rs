use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use msal_core::store::{Change, Entity, OwnerRef, Partition};

use crate::TokenCache;
use crate::hook::Hook;
use crate::index::key::unpadded;
use crate::limits::Limits;
use crate::writer::Writer;

/// What a cache in memory does for the one that is kept beyond the process.
impl TokenCache {
    /// An empty cache of any size that this one can [adopt](Self::adopt): everything has the same place in it.
    pub(crate) fn sibling(&self) -> Self {
        let limits = Limits {
            entries: usize::MAX,
            bytes: usize::MAX,
            file: self.0.limits.file,
        };
        let texts = Arc::clone(&self.writer().texts);
        let sibling = Self::over(self.0.table.emptied(), limits, Hook::default(), texts);
        let now = self.0.now.load(Ordering::Relaxed);
        sibling.0.now.store(now, Ordering::Relaxed);
        sibling
    }

    /// Puts all that its sibling holds in the place of what is here. Where that is too much, what is `wanted` stays, and
    /// all of it where everything is.
    pub(crate) fn adopt(&self, sibling: Self, wanted: Option<&Partition>) {
        let Some(theirs) = Arc::into_inner(sibling.0) else {
            return;
        };
        let table = theirs.table;
        let mut fresh: Writer = theirs
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.writer();
        // A store does not tell when something was last used.
        table.use_as(&self.0.table);
        self.lost_nothing();
        if wanted != Some(&Partition::Everything) && fresh.is_over(self.0.limits) {
            let now = self.0.now.load(Ordering::Relaxed);
            let all = table.user_entities().into_iter().map(|(entity, _)| entity);
            let tokens = table.tokens().into_iter();
            let all = all.chain(tokens.map(|(token, _)| Entity::AccessToken(token)));
            let spared = Change {
                upserts: all
                    .filter(|entity| wanted.is_some_and(|wanted| is_of(wanted, entity)))
                    .collect(),
                ..Change::default()
            };
            self.lost(fresh.enforce(&table, self.0.limits, now, &spared));
        }
        let old = std::mem::replace(&mut *writer, fresh);
        self.0.table.replace_by(table);
        self.changed();
        drop(writer);
        drop(old);
    }

    /// Whether all that an owner has is here, if there was room for it. What one has goes together, but for an
    /// application.
    pub(crate) fn has_all_of(&self, owner: &Partition) -> bool {
        if !self.has_lost() {
            return true;
        }
        let has = |entity: &Entity| is_of(owner, entity);
        match owner {
            Partition::Assertion(_) | Partition::User(_) => self.0.table.any(has),
            _ => false,
        }
    }
}

/// Whether an entry is this owner's.
pub(crate) fn is_of(owner: &Partition, entity: &Entity) -> bool {
    let is_held = |hash: Option<&Arc<str>>, home_account_id: &Arc<str>| match (owner, hash) {
        (Partition::Assertion(own), Some(hash)) => unpadded(own) == unpadded(hash),
        (Partition::User(own), None) => own == home_account_id,
        _ => false,
    };
    match entity {
        Entity::AccessToken(token) => match (owner, token.owner()) {
            (Partition::Assertion(own), OwnerRef::Assertion(hash)) => {
                unpadded(own) == unpadded(hash)
            }
            (Partition::User(own), OwnerRef::Account(id)) => **own == *id,
            (Partition::App { .. }, OwnerRef::App) => Partition::of_key(&token.key()) == *owner,
            _ => false,
        },
        Entity::Account(account) => is_held(None, &account.home_account_id),
        Entity::IdToken(token) => is_held(token.extras.assertion_hash(), &token.home_account_id),
        Entity::RefreshToken(token) => {
            is_held(token.extras.assertion_hash(), &token.home_account_id)
        }
        _ => false,
    }
}
