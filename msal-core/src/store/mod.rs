//! The port to the token cache in memory: short synchronous calls, never made across an await.
//!
//! `msal-cache` implements it; a program may bring its own.

mod access_token;
mod candidate;
mod change;
mod entity;
mod extended;
mod key;
mod members;
mod persistence;
mod user;

use std::fmt::Debug;
use std::sync::Arc;

pub use access_token::{AccessTokenEntry, Lifetime};
pub use candidate::{Candidate, KeyPart};
pub use change::{Change, Entity, Removal};
pub use entity::{AccountEntry, AppMetadataEntry, IdTokenEntry, RefreshTokenEntry};
pub use extended::ExtendedKey;
pub use key::{AccessTokenLookup, Binding, BindingRef, Owner, OwnerRef, TokenKey};
pub use members::{Extras, Members};
pub use persistence::{Lease, LeaseKey, Partition, Persistence};
pub use user::{ProcessKey, UserFilter, UserKey};

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

    /// The accounts, refresh and id tokens of each user that `filter` selects, under every alias of `cloud`; one item a
    /// user, or an assertion.
    fn users(&self, cloud: &str, filter: UserFilter<'_>) -> Vec<Arc<[Entity]>>;

    /// [`users`](Self::users) of the one user of this home account id.
    fn user(&self, cloud: &str, home_account_id: &str) -> Option<Arc<[Entity]>> {
        let filter = UserFilter::HomeAccountId(home_account_id);
        self.users(cloud, filter).into_iter().next()
    }

    /// What is known of a client in this cloud.
    fn app_metadata(&self, cloud: &str, client_id: &str) -> Option<Arc<AppMetadataEntry>>;

    /// Every access token there is, with how it differs from what `lookup` asks for, in no order.
    ///
    /// For explanations alone, so it may be slow. A store that cannot tell gives none.
    fn candidates(&self, _lookup: &AccessTokenLookup<'_>) -> Vec<Candidate> {
        Vec::new()
    }

    /// Takes over what a flow obtained or removed, as one step.
    ///
    /// See [`Change`] for the order, and for the conditions.
    fn apply(&self, change: &Change);

    /// What keeps this beyond the process; none where nothing does. Asked once by each application.
    fn persistence(&self) -> Option<Arc<dyn Persistence>> {
        None
    }
}
