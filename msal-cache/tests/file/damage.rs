use std::fs;
use std::os::unix::fs::MetadataExt;

use msal_cache::file::{FileError, FileStore};
use msal_cache::persist::{CacheStore, Loaded, PersistentCache};
use msal_core::store::{Change, TokenStore};

use crate::common::{GRAPH, an_hour, app_key, token};
use crate::worker::{NAME, bytes, file_error, put};

#[test]
fn a_damaged_file_is_moved_aside_and_three_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    let mut deep = vec![b'['; 100];
    deep.extend([b']'; 100]);
    let damaged: [&[u8]; 6] = [
        b"{",
        b"[]",
        b"nonsense",
        b"\xff\xfe{}",
        &deep,
        b"{\"AccessToken\": {\"a\":",
    ];
    let cache = PersistentCache::new(store.clone());
    for bytes in damaged {
        fs::write(store.path(), bytes).unwrap();
        cache.apply(&Change::upsert(token(
            app_key("t", "c"),
            GRAPH,
            "s",
            an_hour(),
        )));
        cache.save().unwrap();
        let aside = store.leftovers().unwrap().pop().unwrap();
        assert_eq!(fs::read(&aside).unwrap(), bytes);
        assert_eq!(fs::metadata(&aside).unwrap().mode() & 0o7777, 0o600);
    }
    assert_eq!(store.leftovers().unwrap().len(), 3);
}

#[test]
fn what_others_wrote_meanwhile_is_not_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    fs::write(store.path(), "{").unwrap();
    let Loaded::Found(seen) = store.load(NAME, None).unwrap() else {
        unreachable!()
    };
    put(&store, b"{}".to_vec()).unwrap();
    let place = store.set_aside(NAME, &seen.version).unwrap();
    assert_eq!(place, None);
    assert!(bytes(&store).is_some());
}

#[test]
fn a_cache_goes_on_without_its_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    fs::write(store.path(), "nonsense").unwrap();
    let cache = PersistentCache::new(store.clone());
    assert!(cache.load().unwrap());
    cache.apply(&Change::upsert(token(
        app_key("t", "c"),
        GRAPH,
        "s",
        an_hour(),
    )));
    cache.save().unwrap();
    assert_eq!(cache.memory().unwrap().len(), 1);
    fs::write(store.path(), "nonsense again").unwrap();
    cache.apply(&Change::upsert(token(
        app_key("t", "d"),
        GRAPH,
        "s",
        an_hour(),
    )));
    cache.save().unwrap();
    assert_eq!(store.leftovers().unwrap().len(), 2);
}

#[test]
fn a_file_that_is_too_large_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    let store = store.max_bytes(10);
    let error = put(&store, vec![b' '; 11]).unwrap_err();
    assert!(matches!(
        file_error(&error),
        FileError::TooLarge {
            bytes: 11,
            limit: 10,
            ..
        }
    ));
    assert!(bytes(&store).is_none());
    fs::write(store.path(), "{           }").unwrap();
    let error = store.load(NAME, None).unwrap_err();
    let error = file_error(&error);
    assert!(matches!(error, FileError::TooLarge { bytes: 13, .. }));
}
