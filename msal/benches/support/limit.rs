use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, RwLock};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use msal::Timestamp;
use msal::store::AccessTokenEntry;

use super::{CLIENT, HOST, TENANT, now};

/// What a cache cannot be faster than: a sharded hash map with a composite key, a reading of the clock, and an answer
/// that is shared. It knows no aliases, no case, no sets of scopes and no refresh.
pub(crate) struct Limit {
    seed: RandomState,
    shards: Box<[Shard]>,
}

#[derive(Default)]
#[repr(align(128))]
struct Shard(RwLock<HashTable<Entry>>);

type Entry = (Key<Arc<str>>, Arc<AccessTokenEntry>);

struct Key<T> {
    environment: T,
    realm: T,
    client_id: T,
    scope: T,
}

impl Limit {
    pub(crate) fn of(tokens: impl IntoIterator<Item = Arc<AccessTokenEntry>>) -> Self {
        Self::by(tokens, |token| token.scopes().as_str().into())
    }

    /// Tokens that are told apart by something else than their scopes.
    pub(crate) fn by(
        tokens: impl IntoIterator<Item = Arc<AccessTokenEntry>>,
        name: impl Fn(&AccessTokenEntry) -> Arc<str>,
    ) -> Self {
        let limit = Self {
            seed: RandomState::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        };
        let (host, realm, client): (Arc<str>, Arc<str>, Arc<str>) =
            (HOST.into(), TENANT.into(), CLIENT.into());
        for token in tokens {
            let key = Key {
                environment: host.clone(),
                realm: realm.clone(),
                client_id: client.clone(),
                scope: name(&token),
            };
            let hash = limit.hash(&key);
            let shard = limit.shards[shard(hash)].0.write();
            let rehash = |(key, _): &Entry| limit.hash(key);
            shard
                .expect("no panic under the lock")
                .insert_unique(hash, (key, token), rehash);
        }
        limit
    }

    /// The token for this scope, if it works.
    #[inline(never)]
    pub(crate) fn find(&self, scope: &str) -> Option<Arc<AccessTokenEntry>> {
        let now: Timestamp = now();
        let key = Key {
            environment: HOST,
            realm: TENANT,
            client_id: CLIENT,
            scope,
        };
        let hash = self.hash(&key);
        let shard = self.shards[shard(hash)]
            .0
            .read()
            .expect("no panic under the lock");
        let (_, token) = shard.find(hash, |(known, _)| known.is(&key))?;
        (token.expires_on() > now).then(|| token.clone())
    }

    fn hash<T: AsRef<str>>(&self, key: &Key<T>) -> u64 {
        let mut hasher = self.seed.build_hasher();
        for part in [&key.environment, &key.realm, &key.client_id, &key.scope] {
            hasher.write(part.as_ref().as_bytes());
        }
        hasher.finish()
    }
}

impl Key<Arc<str>> {
    fn is(&self, other: &Key<&str>) -> bool {
        &*self.environment == other.environment
            && &*self.realm == other.realm
            && &*self.client_id == other.client_id
            && &*self.scope == other.scope
    }
}

fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

const SHARDS: usize = 64;
