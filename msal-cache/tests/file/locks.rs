use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use msal_cache::file::{FileError, FileStore};
use msal_cache::persist::{CacheStore, Found, Next, Updated};
use msal_core::Error;

use crate::worker::{NAME, NEW, bytes, file_error, next, replace, worker};

#[test]
fn a_lock_ends_with_its_killed_holder_at_once() {
    for job in ["hold", "hold shared"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let store = FileStore::new(&path)
            .unwrap()
            .shared(job.contains("shared"));
        let mut holder = held(&path, job);
        holder.kill().unwrap();
        holder.wait().unwrap();
        let started = Instant::now();
        replace(&store, NEW);
        let took = started.elapsed();
        assert!(took < Duration::from_millis(500), "{took:?}");
    }
}

#[test]
fn a_lock_that_is_held_is_waited_for_as_long_as_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let mut holder = held(&path, "hold");
    let store = FileStore::new(&path).unwrap();
    let store = store.lock_wait(Duration::from_millis(200));
    let error = look(&store).unwrap_err();
    assert!(is_timeout(&error), "{error:?}");
    assert_eq!(*error.kind(), msal_core::ErrorKind::Cache);
    assert!(bytes(&store).is_none(), "reading needs no lock");
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn a_peers_lock_is_respected_while_its_process_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let lock = folder.path().join("cache.json.lockfile");
    let store = FileStore::new(&path).unwrap().shared(true);
    let store = store.lock_wait(Duration::from_millis(100));
    for text in [format!("{} python", std::process::id()), String::new()] {
        fs::write(&lock, text).unwrap();
        let error = look(&store).unwrap_err();
        assert!(is_timeout(&error), "{error:?}");
        assert!(lock.exists());
    }
    // A number that no process has: they end at 4,194,304.
    for text in ["99999999 python", "\u{feff}99999999 dotnet\n", "99999999"] {
        fs::write(&lock, text).unwrap();
        let held = fs::File::open(&lock).unwrap();
        held.lock().unwrap();
        let error = look(&store).unwrap_err();
        assert!(is_timeout(&error), "who has the kernel's lock lives");
        drop(held);
        replace(&store, NEW);
        assert!(!lock.exists());
    }
}

#[test]
fn a_lock_of_ours_is_left_over_when_its_number_is_somebody_elses_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let lock = folder.path().join("cache.json.lockfile");
    fs::write(&lock, format!("{} msal-rust", std::process::id())).unwrap();
    replace(&FileStore::new(&path).unwrap().shared(true), NEW);
    assert!(!lock.exists());
}

#[test]
fn an_unsigned_lock_is_broken_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let lock = fs::File::create(folder.path().join("cache.json.lockfile")).unwrap();
    let then = std::time::SystemTime::now() - Duration::from_secs(61);
    lock.set_modified(then).unwrap();
    replace(&FileStore::new(&path).unwrap().shared(true), NEW);
}

#[test]
fn the_peers_lock_says_who_has_it_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let lock = folder.path().join("cache.json.lockfile");
    let store = FileStore::new(&path).unwrap().shared(true);
    let look = &mut |_: &Found| {
        let text = fs::read_to_string(&lock).unwrap();
        assert_eq!(text, format!("{} msal-rust", std::process::id()));
        assert!(fs::File::open(&lock).unwrap().try_lock().is_err());
        Ok(Next::Keep)
    };
    store.update(NAME, look).unwrap();
    assert!(!lock.exists());
}

#[test]
fn who_loses_the_peers_lock_looks_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let lock = folder.path().join("cache.json.lockfile");
    let store = FileStore::new(&path).unwrap().shared(true);
    let mut looks = Vec::new();
    let make = &mut |found: &Found| {
        let mut text = found
            .bytes
            .as_ref()
            .map_or_else(Vec::new, |old| old.to_vec());
        looks.push(text.len());
        if looks.len() == 1 {
            // A peer takes it for its own, and writes.
            fs::remove_file(&lock).unwrap();
            fs::write(&path, "theirs ").unwrap();
        }
        text.extend_from_slice(b"ours");
        Ok(next(text))
    };
    store.update(NAME, make).unwrap();
    assert_eq!(looks, [0, 7]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs ours");
    let mut looks = 0;
    let make = &mut |_: &Found| {
        looks += 1;
        fs::remove_file(&lock).unwrap();
        Ok(next(Vec::new()))
    };
    let error = store.update(NAME, make).unwrap_err();
    assert!(matches!(file_error(&error), FileError::LockLost { .. }));
    assert!(looks > 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs ours");
}

/// Takes the lock and lets it go.
fn look(store: &FileStore) -> Result<Updated, Error> {
    store.update(NAME, &mut |_| Ok(Next::Keep))
}

fn is_timeout(error: &Error) -> bool {
    matches!(file_error(error), FileError::LockTimeout { .. })
}

/// A process that has the lock.
fn held(path: &Path, job: &str) -> std::process::Child {
    let holder = worker(path, job).spawn().unwrap();
    while !path.with_extension("held").exists() {
        sleep(Duration::from_millis(1));
    }
    holder
}
