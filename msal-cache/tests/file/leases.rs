use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use msal_cache::file::FileStore;
use msal_cache::persist::CacheStore;
use msal_core::store::Lease;

use crate::worker::{has, worker, worker_under};

#[test]
fn a_lease_is_signed_private_and_stays_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let file = folder.path().join("cache.json.refresh-a.lock");
    let lease = take(&store, 0xa7, LONG);
    assert!(lease.is_held());
    let text = fs::read_to_string(&file).unwrap();
    let (key, process) = text.trim_end().split_once(' ').unwrap();
    assert_eq!(key, "a7".repeat(32));
    assert_eq!(process.trim(), std::process::id().to_string());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
    drop(lease);
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), "");
    assert!(take(&store, 0xa7, LONG).is_held());
}

#[test]
fn a_lease_for_another_key_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut holder = held(&store, 0xa7, "lease");
    let started = Instant::now();
    assert!(!take(&store, 0xa8, LONG).is_held(), "the same file");
    assert!(take(&store, 0xb7, LONG).is_held(), "another file");
    assert!(started.elapsed() < Duration::from_secs(1));
    end(&mut holder);
}

#[test]
fn a_lease_is_waited_for_and_had_soon_after_its_holder_was_killed() {
    let mut took = Vec::new();
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let mut holder = held(&store, 0xa7, "lease");
        let waiting = spawn(move || {
            let lease = take(&store, 0xa7, LONG);
            assert!(lease.is_held());
            Instant::now()
        });
        sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished());
        let killed = Instant::now();
        end(&mut holder);
        took.push(waiting.join().unwrap() - killed);
    }
    took.sort();
    eprintln!("had after the holder's death: {took:?}");
    assert!(took[took.len() - 1] < Duration::from_millis(500));
}

#[test]
fn a_lease_of_a_stopped_holder_is_gone_without_after_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut holder = held(&store, 0xa7, "lease");
    signal(&holder, "STOP");
    let started = Instant::now();
    let limit = Duration::from_millis(300);
    assert!(!take(&store, 0xa7, limit).is_held());
    let took = started.elapsed();
    assert!(took >= limit && took < Duration::from_secs(3), "{took:?}");
    signal(&holder, "CONT");
    end(&mut holder);
    assert!(take(&store, 0xa7, LONG).is_held());
}

#[test]
fn a_dropped_lease_is_had_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let lease = take(&store, 0xa7, LONG);
    let waiting = spawn(move || take(&store, 0xa7, LONG).is_held());
    sleep(Duration::from_millis(100));
    assert!(!waiting.is_finished());
    drop(lease);
    assert!(waiting.join().unwrap());
}

#[test]
fn a_lease_does_not_live_on_in_what_its_holder_started() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut holder = held(&store, 0xa7, "lease-parent");
    end(&mut holder);
    let file = folder.path().join("child");
    let child = fs::read_to_string(file).unwrap();
    assert!(Path::new("/proc").join(&child).exists());
    assert!(take(&store, 0xa7, Duration::from_secs(2)).is_held());
    let ended = Command::new("kill").arg(&child).status().unwrap();
    assert!(ended.success());
}

#[test]
fn what_a_killed_holder_left_is_not_taken_for_the_word_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut holder = held(&store, 0xa7, "lease");
    end(&mut holder);
    let file = folder.path().join("cache.json.refresh-a.lock");
    assert!(fs::read_to_string(&file).unwrap().starts_with("a7a7"));
    // Somebody who has it and has not signed yet, for as long as a slow machine may take.
    let unsigned = fs::File::open(&file).unwrap();
    unsigned.lock().unwrap();
    let waiting = spawn(move || take(&store, 0xa8, LONG).is_held());
    sleep(Duration::from_millis(20));
    unsigned.unlock().unwrap();
    assert!(waiting.join().unwrap());
}

#[test]
fn a_holder_that_never_signs_is_gone_without() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let file = fs::File::create(folder.path().join("cache.json.refresh-a.lock")).unwrap();
    file.lock().unwrap();
    let started = Instant::now();
    assert!(!take(&store, 0xa8, LONG).is_held());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn where_there_can_be_no_lease_that_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let store = FileStore::new(blocked.join("cache.json")).unwrap();
    store.lease("cache", &[0; 32], LONG).unwrap_err();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let store = FileStore::new(open.join("cache.json")).unwrap();
    store.lease("cache", &[0; 32], LONG).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_failing_system_call_gives_no_lease_and_no_wait() {
    if !has("strace") {
        return;
    }
    // Those of the process's start fail too, which is none of ours.
    for (fault, calls) in [
        ("openat:error=EROFS", 60),
        ("openat:error=EACCES", 60),
        ("flock:error=ENOLCK", 2),
        ("write:error=ENOSPC", 2),
        ("write:error=EIO", 2),
    ] {
        let mut failed = 0;
        for at in 1..=calls {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path());
            let inject = format!("inject={fault}:when={at}");
            let file = folder.path().join("cache.json.refresh-a.lock");
            let mut options = vec!["-f", "-qq", "-o", "/dev/null", "-e", &inject];
            if fault.starts_with("write") {
                // Not what the process tells.
                options.extend(["-P", file.to_str().unwrap()]);
            }
            let mut command = worker_under("strace", &options, &store.path(), "lease-try");
            let output = command.output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            if told.contains("no lease:") {
                assert!(output.status.success(), "{inject}: {told}");
                failed += 1;
            }
            assert!(take(&store, 0xa7, LONG).is_held(), "{inject}");
        }
        assert!(failed > 0, "{fault}");
    }
}

/// Jobs of other processes.
pub(crate) fn work(store: &FileStore, words: &[&str]) {
    let first = words.get(1).map_or(0xa7, |word| word.parse().unwrap());
    let lease = store.lease("cache", &[first; 32], LONG);
    if words[0] == "lease-try" {
        match lease {
            Ok(lease) if lease.is_held() => eprintln!("a lease"),
            Ok(_) => eprintln!("no lease: held"),
            Err(error) => eprintln!("no lease: {error}"),
        }
        return;
    }
    let lease = lease.unwrap();
    assert!(lease.is_held());
    let child = (words[0] == "lease-parent").then(|| Command::new("sleep").arg("30").spawn());
    let child = child.transpose().unwrap();
    if let Some(child) = &child {
        fs::write(store.path().with_file_name("child"), child.id().to_string()).unwrap();
    }
    fs::write(store.path().with_extension("held"), "").unwrap();
    match child {
        Some(mut child) => drop(child.wait().unwrap()),
        None => sleep(Duration::from_secs(60)),
    }
    drop(lease);
}

fn open(folder: &Path) -> FileStore {
    FileStore::new(folder.join("cache.json")).unwrap()
}

fn take(store: &FileStore, first: u8, limit: Duration) -> Lease {
    store.lease("cache", &[first; 32], limit).unwrap()
}

/// A process that has a lease.
fn held(store: &FileStore, first: u8, job: &str) -> Child {
    let mut holder = worker(&store.path(), &format!("{job} {first}"))
        .spawn()
        .unwrap();
    while !store.path().with_extension("held").exists() {
        if holder.try_wait().unwrap().is_some() {
            let mut told = String::new();
            holder.stderr.unwrap().read_to_string(&mut told).unwrap();
            panic!("{told}");
        }
        sleep(Duration::from_millis(1));
    }
    holder
}

fn end(holder: &mut Child) {
    holder.kill().unwrap();
    holder.wait().unwrap();
}

fn signal(holder: &Child, name: &str) {
    let process = holder.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &process]).status();
    assert!(sent.unwrap().success());
}

const LONG: Duration = Duration::from_secs(30);
