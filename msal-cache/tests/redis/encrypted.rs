//! Redis as a place that is told nothing.

use msal_cache::encrypted::{Encrypted, EncryptionKey};
use msal_cache::persist::{AsyncCacheStore, CacheStore, Loaded};
use msal_cache::redis::{AsyncRedisStore, RedisStore};

use crate::contract::put;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_value_is_read_by_either_store_and_by_nobody_else() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let key = EncryptionKey::generate().unwrap();
    let blocking = Encrypted::new(RedisStore::new(server.options()).unwrap(), key.clone());
    let on_tokio = Encrypted::new(AsyncRedisStore::new(server.options()).unwrap(), key);
    let put_it = || CacheStore::update(&blocking, "user", &mut |_| put(b"canary"));
    let version = tokio::task::block_in_place(put_it).unwrap().after;
    let mut connection = server.connection();
    let raw: Vec<u8> = redis::cmd("GET")
        .arg("msal:{user}")
        .query(&mut connection)
        .unwrap();
    assert!(!raw.windows(6).any(|window| window == b"canary"));

    let loaded = AsyncCacheStore::load(&on_tokio, "user", Some(&version))
        .await
        .unwrap();
    assert!(matches!(loaded, Loaded::Unchanged));
    let loaded = AsyncCacheStore::load(&on_tokio, "user", None)
        .await
        .unwrap();
    let Loaded::Found(found) = loaded else {
        panic!("{loaded:?}");
    };
    assert_eq!(&found.bytes.unwrap()[..], b"canary");

    // Another user's value under this name.
    server.does::<()>("COPY msal:{user} msal:{other}");
    AsyncCacheStore::load(&on_tokio, "other", None)
        .await
        .unwrap_err();
}
