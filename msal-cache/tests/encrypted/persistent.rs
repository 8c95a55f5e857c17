//! A whole cache in an encrypted file.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use msal_cache::encrypted::Encrypted;
use msal_cache::file::FileStore;
use msal_cache::persist::{CacheEvent, CacheStore, PersistentCache, is_encrypted};
use msal_core::ErrorKind;
use msal_core::store::{Change, TokenStore};

use crate::common::{GRAPH, an_hour, app_key, token};
use crate::shelf::key_of;

#[test]
fn a_cache_in_an_encrypted_file_outlives_the_process_and_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let cache = opened(&path, 1);
    keep(&cache, "a-secret-token");
    let kept = fs::read(&path).unwrap();
    assert!(is_encrypted(&kept));
    for plain in [&b"a-secret-token"[..], b"AccessToken", b"tenant"] {
        assert!(!kept.windows(plain.len()).any(|seen| seen == plain));
    }
    assert_eq!(count(&opened(&path, 1)), 1);

    // What another process writes is taken over, encrypted as it is.
    keep(&opened(&path, 1), "another-token");
    assert!(cache.load().unwrap());
    assert!(!cache.load().unwrap());
    assert_eq!(count(&cache), 2);
}

#[test]
fn a_wrong_key_leaves_the_file_and_what_is_unsaved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    keep(&opened(&path, 1), "a-secret-token");
    let kept = fs::read(&path).unwrap();
    let other = opened(&path, 2);
    for error in [other.load().unwrap_err(), added(&other, "b").unwrap_err()] {
        assert_eq!(error.kind(), &ErrorKind::Cache);
        assert!(error.to_string().contains("give that key"), "{error}");
    }
    assert_eq!(other.unsaved(), 1);
    assert_eq!(fs::read(&path).unwrap(), kept);
    assert!(other.leftovers().unwrap().is_empty());
}

#[test]
fn neither_kind_of_cache_takes_a_file_of_the_other_for_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, encrypted) = (folder.path().join("plain"), folder.path().join("encrypted"));
    keep(&PersistentCache::file(&plain).unwrap(), "a-secret-token");
    keep(&opened(&encrypted, 1), "a-secret-token");
    let shared = FileStore::new(&encrypted).unwrap().shared(true);
    let read_only = FileStore::new(&encrypted).unwrap().read_only(true);
    for (cache, path, told) in [
        (opened(&plain, 1), &plain, "is not encrypted"),
        (
            PersistentCache::file(&encrypted).unwrap(),
            &encrypted,
            "is encrypted",
        ),
        (PersistentCache::new(shared), &encrypted, "is encrypted"),
        (PersistentCache::new(read_only), &encrypted, "is encrypted"),
    ] {
        let kept = fs::read(path).unwrap();
        let error = cache.load().unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        // What is only read is not written, and that is no failure.
        assert!(added(&cache, "b").is_err() || cache.unsaved() == 1);
        assert_eq!(fs::read(path).unwrap(), kept);
        assert!(cache.leftovers().unwrap().is_empty());
    }
}

#[test]
fn a_damaged_file_is_set_aside_by_who_loads_it() {
    is_set_aside(|cache| assert!(cache.load().unwrap()));
}

#[test]
fn a_damaged_file_is_set_aside_by_who_saves_into_it() {
    is_set_aside(|cache| added(cache, "anew").unwrap());
}

fn is_set_aside(work: impl Fn(&PersistentCache)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    keep(&opened(&path, 1), "a-secret-token");
    let mut kept = fs::read(&path).unwrap();
    kept.truncate(100);
    fs::write(&path, &kept).unwrap();

    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let store = Encrypted::new(FileStore::new(&path).unwrap(), key_of(1));
    let cache = PersistentCache::builder()
        .on_event(move |event| heard.lock().unwrap().push(event.clone()))
        .store(store);
    work(&cache);
    let events = events.lock().unwrap().clone();
    let place = events.iter().find_map(|event| match event {
        CacheEvent::SetAside { place, damage, .. } => Some((place.clone().unwrap(), damage)),
        _ => None,
    });
    let (place, damage) = place.expect("an event");
    assert!(damage.to_string().contains("it is damaged"), "{damage}");
    assert_eq!(fs::read(&place).unwrap(), kept);
    assert_eq!(cache.leftovers().unwrap(), [place]);

    keep(&cache, "a-new-token");
    assert!(is_encrypted(&fs::read(&path).unwrap()));
    assert_eq!(count(&opened(&path, 1)), count(&cache));
}

#[test]
fn a_file_that_was_emptied_by_its_owner_is_an_empty_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let store = Encrypted::new(FileStore::new(&path).unwrap(), key_of(1));
    let put_nothing = |_: &_| Ok(msal_cache::persist::Next::Remove);
    store.update("cache", &mut { put_nothing }).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"{}");
    let cache = opened(&path, 1);
    keep(&cache, "a-secret-token");
    assert!(is_encrypted(&fs::read(&path).unwrap()));
}

fn opened(path: &Path, key: u8) -> PersistentCache {
    let file = FileStore::new(path).unwrap();
    PersistentCache::new(Encrypted::new(file, key_of(key)))
}

fn keep(cache: &PersistentCache, secret: &str) {
    added(cache, secret).unwrap();
    assert_eq!(cache.unsaved(), 0);
}

/// Adds a token, of a client of the same name.
fn added(cache: &PersistentCache, secret: &str) -> Result<(), msal_core::Error> {
    let entity = token(app_key("tenant", secret), GRAPH, secret, an_hour());
    cache.apply(&Change::upsert(entity));
    cache.save()
}

fn count(cache: &PersistentCache) -> usize {
    cache.load().unwrap();
    cache.memory().unwrap().len()
}
