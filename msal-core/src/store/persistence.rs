//! The port to what keeps a token cache beyond the process.

use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{AccessTokenLookup, Binding, BindingRef, ExtendedKey, Owner, OwnerRef, TokenKey};
use crate::{Task, Timestamp};

/// What keeps a [`TokenStore`](super::TokenStore) beyond the process: a file, a database, and whoever else writes it.
///
/// It takes over what others wrote, and writes what [`TokenStore::apply`](super::TokenStore::apply) was given and is not
/// written yet. Flows hand its [tasks](Task) to whoever drives them, as they do with every callback, so they hold up no
/// flow; they go on with what is in memory where a task fails or takes too long.
pub trait Persistence: Debug + Send + Sync {
    /// Whether it is time to see what others have written, before `lookup` is answered from memory. Asked at each hit, so
    /// it must be quick.
    fn is_due(&self, lookup: &AccessTokenLookup<'_>, now: Timestamp) -> bool;

    /// Whether its tasks are futures, which a blocking application cannot wait for.
    fn is_async(&self) -> bool;

    /// Whether it can tell which users there are; else [`Partition::Everything`] is never asked for.
    fn lists_users(&self) -> bool;

    /// Brings the memory up to date with what is kept of `partition`.
    fn load(&self, partition: &Partition, now: Timestamp) -> Task<()>;

    /// Writes what is not written of `partition` yet, for good: it is there after a crash, too.
    fn save(&self, partition: &Partition, now: Timestamp) -> Task<()>;

    /// Waits until nobody else holds this lease, but no longer than `limit`, and takes it.
    fn lease(&self, key: &LeaseKey, limit: Duration) -> Task<Lease>;
}

/// A part of a token cache that is read and written as a whole: what belongs to one owner.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Partition {
    /// Tokens of an application itself, in one tenant.
    App {
        /// The client.
        client_id: Arc<str>,
        /// The tenant.
        realm: Arc<str>,
        /// The key that the tokens are bound to.
        binding: Option<Arc<Binding>>,
        /// What else they depend on.
        extended: Option<Arc<ExtendedKey>>,
    },
    /// What was obtained with an on-behalf-of assertion, by its hash, or for a long-running process, by its key.
    Assertion(Arc<str>),
    /// All users who signed in.
    Everything,
    /// What belongs to a user, by home account id.
    User(Arc<str>),
}

impl Partition {
    /// Where the token of this key is.
    pub fn of_key(key: &TokenKey) -> Self {
        match &key.owner {
            Owner::Account(home_account_id) => Self::User(home_account_id.clone()),
            Owner::Assertion { hash, .. } => Self::Assertion(hash.clone()),
            Owner::App => Self::App {
                client_id: key.client_id.clone(),
                realm: key.realm.clone(),
                binding: key.binding.clone(),
                extended: key.extended.clone(),
            },
        }
    }

    /// Whether the token of this look-up is in it.
    pub fn is_of(&self, lookup: &AccessTokenLookup<'_>) -> bool {
        match (self, lookup.owner) {
            (Self::Everything, _) => true,
            (Self::User(own), OwnerRef::Account(id)) => **own == *id,
            (Self::Assertion(own), OwnerRef::Assertion(hash)) => **own == *hash,
            (
                Self::App {
                    client_id,
                    realm,
                    binding,
                    extended,
                },
                OwnerRef::App,
            ) => {
                let binding = binding.as_ref().map(|own| BindingRef {
                    token_type: &own.token_type,
                    key_id: &own.key_id,
                });
                **client_id == *lookup.client_id
                    && **realm == *lookup.realm
                    && binding == lookup.binding
                    && extended.as_deref() == lookup.extended
            }
            _ => false,
        }
    }
}

/// What processes take turns at: the use of a refresh token, or the request for an app token.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LeaseKey {
    partition: Partition,
    digest: [u8; 32],
}

impl LeaseKey {
    /// The lease for what `subject` describes, in this partition. The same everywhere for the same texts.
    pub fn new<'s>(partition: Partition, subject: impl IntoIterator<Item = &'s str>) -> Self {
        let mut hash = Sha256::new();
        for text in subject {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        Self {
            partition,
            digest: hash.finalize().into(),
        }
    }

    /// The lease for the same among those who could not have this one.
    pub(crate) fn second(&self) -> Self {
        Self {
            partition: self.partition.clone(),
            digest: Sha256::digest(self.digest).into(),
        }
    }

    /// Where the tokens are that the lease is about.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// What tells it from others: a hash, of which nothing can be read.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Held while a refresh token is used or an app token asked for, so that no other process does the same. Ends when it is
/// dropped, or when its process dies.
#[must_use = "a lease ends when it is dropped"]
#[derive(Default)]
pub struct Lease(Option<Box<dyn Any + Send>>);

impl Lease {
    /// A lease that lasts until `guard` is dropped.
    pub fn held(guard: impl Send + 'static) -> Self {
        Self(Some(Box::new(guard)))
    }

    /// No lease: somebody else kept it for too long, or there is no way to have one. Going on without is right.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether others wait for it.
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease(held: {})", self.is_held())
    }
}
