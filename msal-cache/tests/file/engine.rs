use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use msal_cache::file::{FileError, FileStore};
use msal_cache::persist::{CacheStore, Content, Found, Layout, Loaded, Next, Updated, Version};
use msal_core::{Error, ErrorKind};

use crate::worker::{file_error, worker};

#[test]
fn what_was_seen_is_not_read_again_until_somebody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.layout(), Layout::Whole);
    let nothing = found(&store, None);
    assert!(nothing.bytes.is_none());
    assert!(is_unchanged(&store, &nothing.version));
    let first = put(&store, "{}");
    assert_eq!(first.before, nothing.version);
    assert!(is_unchanged(&store, &first.after));
    // A peer, which does not count.
    fs::write(store.path(), "{ }").unwrap();
    let theirs = found(&store, Some(&first.after));
    assert_eq!(text(&theirs), "{ }");
    let second = put(&store, "{}");
    assert_eq!(second.before, theirs.version);
    assert_ne!(second.after, first.after);
    fs::remove_file(store.path()).unwrap();
    assert!(found(&store, Some(&second.after)).bytes.is_none());
}

#[test]
fn an_unchanged_file_is_looked_at_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let after = put(&store, &format!("{{{}}}", " ".repeat(60_000))).after;
    let read = read_by_this_thread();
    for _ in 0..100 {
        assert!(is_unchanged(&store, &after));
    }
    assert!(read_by_this_thread() - read < 60_000);
}

#[test]
fn what_is_kept_or_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = put(&store, "{}");
    let kept = store.update(NAME, &mut |_| Ok(Next::Keep)).unwrap();
    assert_eq!((&kept.before, &kept.after), (&first.after, &first.after));
    let failing = &mut |_: &Found| Err(Error::new(ErrorKind::Cache).because("no".to_owned()));
    let error = store.update(NAME, failing).unwrap_err();
    assert!(error.to_string().contains("no"), "{error}");
    assert!(is_unchanged(&store, &first.after));
    store.update(NAME, &mut |_| Ok(Next::Remove)).unwrap();
    assert_eq!(text(&found(&store, None)), "{}");
}

#[test]
fn what_cannot_be_read_is_moved_aside_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fs::write(store.path(), "no cache").unwrap();
    let damaged = found(&store, None);
    fs::write(store.path(), "another").unwrap();
    let place = store.set_aside(NAME, &damaged.version).unwrap();
    assert_eq!(place, None);
    assert_eq!(text(&found(&store, None)), "another", "it was not meant");
    let damaged = found(&store, None);
    let place = store.set_aside(NAME, &damaged.version).unwrap();
    let place = place.unwrap();
    assert!(found(&store, None).bytes.is_none());
    assert_eq!(fs::read_to_string(&place).unwrap(), "another");
    assert_eq!(store.leftovers().unwrap(), [place]);
}

#[test]
fn a_file_that_is_only_read_is_left_as_it_is_in_every_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    fs::write(&path, "{}").unwrap();
    fs::write(folder.path().join("cache.json.lock"), "7\n").unwrap();
    for name in ["cache.json", "cache.json.lock"] {
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join(name), open).unwrap();
    }
    let before = listing(folder.path());
    let store = open(folder.path()).shared(true).read_only(true);
    assert!(store.is_read_only());
    let seen = found(&store, None);
    assert_eq!(text(&seen), "{}");
    assert!(is_unchanged(&store, &seen.version));
    let kept = store.update(NAME, &mut |_| Ok(Next::Keep)).unwrap();
    assert_eq!(kept.after, seen.version);
    let error = store.update(NAME, &mut |_| Ok(next("{}"))).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Cache);
    assert!(is_read_only(&error), "{error}");
    assert!(is_read_only(
        &store.set_aside(NAME, &seen.version).unwrap_err()
    ));
    let lease = store.lease(NAME, &[0; 32], Duration::ZERO).unwrap();
    assert!(!lease.is_held());
    assert!(store.leftovers().unwrap().is_empty());
    assert_eq!(listing(folder.path()), before);
    let elsewhere = FileStore::new(folder.path().join("none/cache.json")).unwrap();
    assert!(found(&elsewhere.read_only(true), None).bytes.is_none());
    assert!(!folder.path().join("none").exists());
}

#[test]
fn what_a_peer_is_writing_is_read_when_it_is_written() {
    for is_read_only in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).shared(true).read_only(is_read_only);
        let lock = folder.path().join("cache.json.lockfile");
        fs::write(&lock, std::process::id().to_string()).unwrap();
        fs::write(store.path(), "").unwrap();
        let path = store.path();
        let peer = spawn(move || {
            sleep(Duration::from_millis(60));
            fs::write(&path, r#"{"AccessToken":{"#).unwrap();
            sleep(Duration::from_millis(60));
            fs::write(&path, r#"{"AccessToken":{}}"#).unwrap();
            fs::remove_file(lock).unwrap();
        });
        assert_eq!(text(&found(&store, None)), r#"{"AccessToken":{}}"#);
        peer.join().unwrap();
    }
}

#[test]
fn a_file_that_stays_empty_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).read_only(true);
    fs::write(store.path(), "").unwrap();
    let started = Instant::now();
    assert_eq!(text(&found(&store, None)), "");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn processes_lose_no_update_through_the_trait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let workers: Vec<_> = (0..4)
        .map(|n| worker(&path, &format!("count p{n} 25")).spawn().unwrap())
        .collect();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
    let found = found(&open(folder.path()), None);
    assert_eq!(text(&found).lines().count(), 100);
}

/// Adds a line for each, and sees that what it wrote is what it finds.
pub(crate) fn count(store: &FileStore, name: &str, count: u32) {
    for n in 0..count {
        let line = format!("{name} {n}\n");
        let make = &mut |found: &Found| {
            let mut text = text(found);
            text.push_str(&line);
            Ok(next(&text))
        };
        store.update(NAME, make).unwrap();
        assert!(text(&found(store, None)).contains(&line));
    }
}

fn open(folder: &Path) -> FileStore {
    FileStore::new(folder.join("cache.json")).unwrap()
}

fn put(store: &FileStore, text: &str) -> Updated {
    store.update(NAME, &mut |_| Ok(next(text))).unwrap()
}

fn next(text: &str) -> Next {
    Next::Put(Content {
        bytes: text.as_bytes().to_vec().into(),
        life: None,
    })
}

fn found(store: &FileStore, seen: Option<&Version>) -> Found {
    match store.load(NAME, seen).unwrap() {
        Loaded::Found(found) => found,
        other => panic!("{other:?}"),
    }
}

fn is_unchanged(store: &FileStore, seen: &Version) -> bool {
    matches!(store.load(NAME, Some(seen)).unwrap(), Loaded::Unchanged)
}

fn text(found: &Found) -> String {
    let bytes = found.bytes.as_ref().map(|bytes| bytes.to_vec());
    String::from_utf8(bytes.unwrap_or_default()).unwrap()
}

fn is_read_only(error: &Error) -> bool {
    matches!(file_error(error), FileError::ReadOnly { .. })
}

/// Name, mode, times and content of all there is.
fn listing(folder: &Path) -> Vec<(String, u32, i64, i64, Vec<u8>)> {
    let mut listing = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let found = entry.metadata().unwrap();
        listing.push((
            entry.file_name().into_string().unwrap(),
            found.mode(),
            found.mtime_nsec(),
            found.ctime_nsec(),
            fs::read(entry.path()).unwrap(),
        ));
    }
    listing.sort();
    listing
}

/// Bytes.
fn read_by_this_thread() -> u64 {
    let told = fs::read_to_string("/proc/thread-self/io").unwrap();
    let read = told.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.unwrap().parse().unwrap()
}

const NAME: &str = "cache";
