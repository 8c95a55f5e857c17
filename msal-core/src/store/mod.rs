//! The port to the token cache in memory: short synchronous calls, never made across an await.
//!
//! `msal-cache` implements it; a program may bring its own.

mod access_token;
mod candidate;
mod entity;
mod extended;
mod key;
mod members;

use std::fmt::Debug;
use std::sync::Arc;

pub use access_token::{AccessTokenEntry, Lifetime};
pub use candidate::{Candidate, KeyPart};
pub use entity::{AccountEntry, AppMetadataEntry, IdTokenEntry, RefreshTokenEntry};
pub use extended::ExtendedKey;
pub use key::{AccessTokenLookup, Binding, BindingRef, Owner, OwnerRef, TokenKey};
pub use members::{Extras, Members};

use crate::Timestamp;

/// Where flows find and leave tokens.
///
/// Environments are compared by cloud: every alias of one cloud is the same place, see
/// [`cloud::canonical`](crate::authority::cloud::canonical).
pub trait TokenStore: Debug + Send + Sync {
    /// The best access token for `lookup`, however stale, if it has not expired by `now`.
    ///
    /// Every field of the key must be equal, and the granted scopes must include all that are asked for. Of several,
    /// the one cached last is taken, then the one with the most scopes.
    fn access_token(
        &self,
        lookup: &AccessTokenLookup<'_>,
        now: Timestamp,
    ) -> Option<Arc<AccessTokenEntry>>;

    /// Every access token there is, with how it differs from what `lookup` asks for, in no order.
    ///
    /// For explanations alone, so it may be slow. A store that cannot tell gives none.
    fn candidates(&self, _lookup: &AccessTokenLookup<'_>) -> Vec<Candidate> {
        Vec::new()
    }

    /// Takes over what a flow obtained or removed, as one step.
    fn apply(&self, change: &Change);
}

/// What a flow did to the cache: merges into a store in memory, and into a persisted one.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What to add, or to put in the place of what has the same identity.
    pub upserts: Vec<Entity>,
}

impl Change {
    /// Adds or replaces one entity.
    pub fn upsert(entity: Entity) -> Self {
        Self {
            upserts: vec![entity],
        }
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
