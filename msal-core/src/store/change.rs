use std::sync::Arc;

use super::{
    AccessTokenEntry, AccountEntry, AppMetadataEntry, IdTokenEntry, ProcessKey, RefreshTokenEntry,
    UserKey,
};

/// What a flow did to the cache: merges into a store in memory, and into a persisted one.
///
/// What is to be removed goes first.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What to remove.
    pub removals: Vec<Removal>,
    /// What to add, or to put in the place of what has the same identity.
    pub upserts: Vec<Entity>,
    /// A user of whom an account or a refresh token must still be there after the removals, of whichever client: where
    /// neither is, somebody has signed the user out meanwhile, and nothing is added. What an assertion obtained does not
    /// count. The removals are made all the same.
    pub unless_signed_out: Option<UserKey>,
    /// A long-running process whose refresh token must still be there after the removals: where it is not, somebody has
    /// stopped the process meanwhile, or begun it anew for another user, and nothing is added.
    pub unless_stopped: Option<ProcessKey>,
}

impl Change {
    /// Adds or replaces one entity.
    pub fn upsert(entity: Entity) -> Self {
        Self {
            upserts: vec![entity],
            ..Self::default()
        }
    }

    /// Removes something.
    pub fn remove(removal: Removal) -> Self {
        Self {
            removals: vec![removal],
            ..Self::default()
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.removals.is_empty() && self.upserts.is_empty()
    }
}

/// One entry of a cache.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entity {
    /// An access token.
    AccessToken(Arc<AccessTokenEntry>),
    /// An account.
    Account(Arc<AccountEntry>),
    /// What is known of an application.
    AppMetadata(Arc<AppMetadataEntry>),
    /// An id token.
    IdToken(Arc<IdTokenEntry>),
    /// A refresh token.
    RefreshToken(Arc<RefreshTokenEntry>),
}

/// Something to take out of a cache, under every alias of its cloud.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Removal {
    /// What was obtained with one on-behalf-of assertion, or for one long-running process: access, refresh and id
    /// tokens.
    Assertion {
        /// The host of the authority.
        environment: Arc<str>,
        /// The client.
        client_id: Arc<str>,
        /// The hash of the assertion, or the process's key.
        hash: Arc<str>,
    },
    /// A refresh token, if the cache still holds the same secret for this client and this user or assertion.
    RefreshToken(Arc<RefreshTokenEntry>),
    /// A user, as far as one client reaches: the accounts, the id tokens and the access tokens of every client, and
    /// of the refresh tokens the client's own and those of its family. What on-behalf-of obtained is no part of it.
    User {
        /// The user.
        user: UserKey,
        /// The client that signs the user out.
        client_id: Arc<str>,
        /// Its family, if it is in one.
        family_id: Option<Arc<str>>,
    },
}
