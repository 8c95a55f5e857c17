use std::fs;
use std::sync::{Arc, Mutex};

use msal_cache::encrypted::{Encrypted, EncryptionKey};
use msal_cache::file::FileStore;
use msal_cache::persist::{CacheEvent, PersistentCache};
use msal_core::Timestamp;
use msal_core::store::{Change, Entity, Extras, RefreshTokenEntry, TokenStore};

use crate::shelf::key_of;

#[test]
fn what_cannot_be_decrypted_is_set_aside_and_the_cache_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let set_aside = Arc::new(Mutex::new(Vec::new()));
    let told = set_aside.clone();
    let open = |key: EncryptionKey| {
        let told = told.clone();
        let store = Encrypted::new(FileStore::new(&path).unwrap(), key);
        let cache = PersistentCache::builder().on_event(move |event| {
            if let CacheEvent::SetAside { place, .. } = event {
                told.lock().unwrap().push(place.clone().unwrap());
            }
        });
        cache.store(store)
    };
    let cache = open(key_of(1));
    cache.apply(&refresh_token("one"));
    cache.save().unwrap();
    let mut kept = fs::read(&path).unwrap();
    assert!(!kept.windows(3).any(|window| window == b"one"));

    // By a load ..
    *kept.last_mut().unwrap() ^= 1;
    fs::write(&path, &kept).unwrap();
    let reader = open(key_of(1));
    assert!(reader.load().unwrap());
    assert_eq!(reader.memory().unwrap().len(), 0);
    // .. and by a save.
    fs::write(&path, &kept).unwrap();
    reader.apply(&refresh_token("two"));
    reader.save().unwrap();
    let places = set_aside.lock().unwrap().clone();
    assert_eq!(places.len(), 2);
    for place in places {
        assert_eq!(fs::read(place).unwrap(), kept);
    }
    let reader = open(key_of(1));
    reader.load().unwrap();
    assert_eq!(reader.memory().unwrap().len(), 1);
}

#[test]
fn neither_a_wrong_key_nor_none_touches_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let file = || FileStore::new(&path).unwrap();
    let cache = PersistentCache::new(Encrypted::new(file(), key_of(1)));
    cache.apply(&refresh_token("one"));
    cache.save().unwrap();
    let kept = fs::read(&path).unwrap();
    let wrong = PersistentCache::new(Encrypted::new(file(), key_of(2)));
    let plain = PersistentCache::new(file());
    for cache in [wrong, plain] {
        let error = cache.load().unwrap_err().to_string();
        assert!(error.contains("key"), "{error}");
        cache.apply(&refresh_token("two"));
        cache.save().unwrap_err();
        assert_eq!(cache.unsaved(), 1);
        assert_eq!(fs::read(&path).unwrap(), kept);
        assert!(cache.leftovers().unwrap().is_empty());
    }
}

fn refresh_token(secret: &str) -> Change {
    Change::upsert(Entity::RefreshToken(Arc::new(RefreshTokenEntry {
        environment: "login.microsoftonline.com".into(),
        client_id: "client".into(),
        home_account_id: "uid.utid".into(),
        family_id: None,
        secret: secret.into(),
        last_modified: Timestamp::from_secs(1),
        extras: Extras::default(),
    })))
}
