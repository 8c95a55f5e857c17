use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use msal_cache::file::FileStore;
use msal_cache::persist::{CacheStore, Loaded, PersistentCache};
use msal_core::Timestamp;
use msal_core::store::{Change, Entity, Extras, RefreshTokenEntry, Removal, TokenStore, UserKey};

use crate::common::{CLOUD, GRAPH, an_hour, app_key, token};
use crate::worker::put;

#[test]
fn what_another_removed_does_not_come_back_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path()), open(folder.path()));
    ours.apply(&Change::upsert(refresh_token("client", "one", 100)));
    ours.save().unwrap();
    theirs.load().unwrap();
    theirs.apply(&Change::remove(sign_out("client")));
    theirs.save().unwrap();
    // We have not looked since.
    assert!(secret(&ours, "client").is_some());
    ours.apply(&Change::upsert(token(
        app_key("t", "app"),
        GRAPH,
        "s",
        an_hour(),
    )));
    ours.save().unwrap();
    assert_eq!(secret(&ours, "client"), None);
    theirs.load().unwrap();
    assert_eq!(secret(&theirs, "client"), None);
    assert_eq!(theirs.memory().unwrap().len(), 1);
}

#[test]
fn what_we_removed_does_not_come_back_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path()), open(folder.path()));
    theirs.apply(&Change::upsert(refresh_token("client", "one", 100)));
    theirs.save().unwrap();
    ours.load().unwrap();
    ours.apply(&Change::remove(sign_out("client")));
    theirs.apply(&Change::upsert(token(
        app_key("t", "app"),
        GRAPH,
        "s",
        an_hour(),
    )));
    theirs.save().unwrap();
    // The file has changed, and our removal is not in it.
    assert!(ours.load().unwrap());
    assert_eq!(secret(&ours, "client"), None);
    assert_eq!(ours.unsaved(), 1);
    ours.save().unwrap();
    theirs.load().unwrap();
    assert_eq!(secret(&theirs, "client"), None);
    assert_eq!(theirs.memory().unwrap().len(), 1);
}

#[test]
fn a_refresh_after_somebody_signed_the_user_out_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path()), open(folder.path()));
    ours.apply(&Change::upsert(refresh_token("client", "one", 100)));
    ours.save().unwrap();
    theirs.load().unwrap();
    theirs.apply(&Change::remove(sign_out("client")));
    theirs.save().unwrap();
    let refreshed = Change {
        unless_signed_out: Some(user()),
        ..Change::upsert(refresh_token("client", "two", 200))
    };
    ours.apply(&refreshed);
    ours.save().unwrap();
    assert_eq!(secret(&ours, "client"), None);
}

#[test]
fn a_late_save_does_not_put_an_older_refresh_token_over_a_newer() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(folder.path()), open(folder.path()));
    fs::create_dir(folder.path().join("cache.json")).unwrap();
    ours.apply(&Change::upsert(refresh_token("client", "older", 100)));
    ours.apply(&Change::upsert(refresh_token("other", "other", 100)));
    ours.save().unwrap_err();
    assert_eq!(ours.unsaved(), 2);
    assert_eq!(secret(&ours, "client").as_deref(), Some("older"));
    fs::remove_dir(folder.path().join("cache.json")).unwrap();
    theirs.apply(&Change::upsert(refresh_token("client", "newer", 200)));
    theirs.save().unwrap();
    ours.save().unwrap();
    assert_eq!(ours.unsaved(), 0);
    assert_eq!(secret(&ours, "client").as_deref(), Some("newer"));
    assert_eq!(secret(&ours, "other").as_deref(), Some("other"));
}

#[test]
fn nothing_is_written_where_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let ours = open(folder.path());
    ours.apply(&Change::upsert(refresh_token("client", "one", 100)));
    ours.save().unwrap();
    let path = folder.path().join("cache.json");
    let (before, inode) = (fs::read(&path).unwrap(), inode(&path));
    ours.apply(&Change::remove(sign_out("stranger")));
    let gone = refresh_token("client", "another secret", 100);
    let Entity::RefreshToken(gone) = gone else {
        unreachable!()
    };
    ours.apply(&Change::remove(Removal::RefreshToken(gone)));
    ours.save().unwrap();
    assert_eq!(ours.unsaved(), 0);
    assert_eq!(self::inode(&path), inode);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_write_is_seen_even_if_the_file_looks_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    let write = || put(&store, b"{}".to_vec()).unwrap().after;
    let is_unchanged = |seen: &_| matches!(store.load("cache", Some(seen)), Ok(Loaded::Unchanged));
    let mut seen = write();
    for _ in 0..50 {
        assert!(is_unchanged(&seen));
        let next = write();
        assert!(!is_unchanged(&seen));
        assert_ne!(seen, next);
        seen = next;
    }
}

#[test]
fn what_others_keep_in_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let ours = open(folder.path());
    let path = folder.path().join("cache.json");
    fs::write(
        &path,
        r#"{"Future":{"kept":1e400},"AccessToken":{"odd":{"secret":7}}}"#,
    )
    .unwrap();
    ours.apply(&Change::upsert(refresh_token("client", "one", 100)));
    ours.save().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""Future":{"kept":1e400}"#), "{text}");
    assert!(text.contains(r#""odd":{"secret":7}"#), "{text}");
}

#[test]
fn threads_of_one_process_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let caches = [open(folder.path()), open(folder.path())];
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &caches[thread % 2];
            scope.spawn(move || {
                for n in 0..10 {
                    let key = app_key("t", &format!("{thread}-{n}"));
                    cache.apply(&Change::upsert(token(key, GRAPH, "s", an_hour())));
                    cache.save().unwrap();
                    cache.load().unwrap();
                }
            });
        }
    });
    for cache in &caches {
        cache.load().unwrap();
        assert_eq!(cache.memory().unwrap().len(), 80);
        assert_eq!(cache.unsaved(), 0);
    }
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn open(folder: &Path) -> PersistentCache {
    let store = FileStore::new(folder.join("cache.json")).unwrap();
    PersistentCache::new(store)
}

fn refresh_token(client_id: &str, secret: &str, modified: u64) -> Entity {
    Entity::RefreshToken(Arc::new(RefreshTokenEntry {
        environment: CLOUD.into(),
        client_id: client_id.into(),
        home_account_id: "uid.utid".into(),
        family_id: None,
        secret: secret.into(),
        last_modified: Timestamp::from_secs(modified),
        extras: Extras::default(),
    }))
}

fn user() -> UserKey {
    UserKey {
        environment: CLOUD.into(),
        home_account_id: "uid.utid".into(),
    }
}

fn sign_out(client_id: &str) -> Removal {
    Removal::User {
        user: user(),
        client_id: client_id.into(),
        family_id: None,
    }
}

fn secret(cache: &PersistentCache, client_id: &str) -> Option<String> {
    let user = cache.user(CLOUD, "uid.utid")?;
    user.iter().find_map(|entity| match entity {
        Entity::RefreshToken(token) if &*token.client_id == client_id => {
            Some(token.secret.expose().to_owned())
        }
        _ => None,
    })
}

#[test]
fn a_file_that_is_only_read_keeps_new_tokens_in_memory_and_signs_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = open(folder.path());
    theirs.apply(&Change::upsert(refresh_token("client", "one", 100)));
    theirs.save().unwrap();
    let store = FileStore::new(folder.path().join("cache.json")).unwrap();
    let ours = PersistentCache::new(store.read_only(true));
    ours.load().unwrap();
    assert!(secret(&ours, "client").is_some());
    ours.apply(&Change::upsert(refresh_token("other", "two", 100)));
    ours.save().unwrap();
    assert!(secret(&ours, "other").is_some());
    ours.apply(&Change::remove(sign_out("client")));
    let error = ours.save().unwrap_err();
    assert!(error.to_string().contains("read"), "{error}");
    theirs.load().unwrap();
    assert!(secret(&theirs, "client").is_some());
    assert!(secret(&theirs, "other").is_none());
}
