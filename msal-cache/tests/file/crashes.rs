use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use msal_cache::file::FileStore;

use crate::worker::{NEW, OLD, bytes, content, has, replace, worker, worker_under};

#[test]
fn killed_at_any_system_call_the_file_is_old_or_new() {
    if !has("strace") {
        return;
    }
    for job in ["replace", "replace shared"] {
        let (mut kills, mut new) = (0, 0);
        for call in CALLS {
            for at in 1..200 {
                let inject = format!("inject={call}:signal=SIGKILL:when={at}");
                let survived = run(job, &inject, &mut new);
                if survived {
                    break;
                }
                kills += 1;
            }
        }
        assert!(kills > 30, "only {kills} calls were killed at");
        assert!(new > 1, "no kill came after the rename");
    }
}

#[test]
fn whatever_call_fails_the_file_is_old_or_new_and_nothing_is_left() {
    if !has("strace") {
        return;
    }
    for (call, error) in [
        ("fsync", "EIO"),
        ("fsync", "EDQUOT"),
        ("write", "ENOSPC"),
        ("write", "EIO"),
        ("renameat,renameat2", "EROFS"),
        ("renameat,renameat2", "EACCES"),
        ("fchmod", "EPERM"),
        ("utimensat", "EPERM"),
        ("lseek", "EIO"),
    ] {
        for at in 1..5 {
            let inject = format!("inject={call}:error={error}:when={at}");
            run("replace", &inject, &mut 0);
        }
    }
}

#[test]
fn the_peers_lock_needs_no_second_names() {
    if !has("strace") {
        return;
    }
    let mut new = 0;
    let survived = run("replace shared", "inject=linkat:error=EPERM", &mut new);
    assert!(survived && new == 1);
}

#[test]
fn a_file_system_without_locks_is_told_by_its_type() {
    if !has("strace") {
        return;
    }
    for error in ["ENOLCK", "EOPNOTSUPP"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let inject = format!("inject=flock:error={error}");
        let mut command = worker_under("strace", &strace(&inject), &path, "replace");
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("LockUnsupported"), "{told}");
        assert!(!path.exists());
    }
}

#[test]
fn killed_at_random_moments_the_file_is_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let store = FileStore::new(&path).unwrap();
    replace(&store, OLD);
    for n in 0..rounds() {
        let job = ["alternate", "alternate shared"][n % 2];
        let mut child = worker(&path, job).spawn().unwrap();
        sleep(Duration::from_micros(2_000 + (n as u64 * 7_919) % 30_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = bytes(&store).unwrap();
        assert!(found == content(OLD) || found == content(NEW));
    }
    is_clean_after_a_write(&store);
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    if !has("unshare") || fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("skipped: only root can mount a small disk");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = r#"mount -t tmpfs -o size=256k,mode=700 tmpfs "$1" || exit 77; shift; exec "$@""#;
    let at = folder.path().to_str().unwrap();
    let path = folder.path().join("cache.json");
    let arguments = ["-m", "sh", "-c", mount, "sh", at];
    let output = worker_under("unshare", &arguments, &path, "fill").output();
    let output = output.unwrap();
    if output.status.code() == Some(77) {
        eprintln!("skipped: a disk cannot be mounted here");
        return;
    }
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

/// Whether the job ended by itself.
fn run(job: &str, inject: &str, new: &mut u32) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let store = FileStore::new(&path).unwrap();
    replace(&store, OLD);
    let mut command = worker_under("strace", &strace(inject), &path, job);
    let output = command.output().unwrap();
    let found = bytes(&store).unwrap();
    let is_new = found == content(NEW);
    assert!(is_new || found == content(OLD), "{inject}");
    *new += u32::from(is_new);
    let was_killed = output.status.code().is_none() || output.status.code() == Some(137);
    if !was_killed {
        assert_eq!(names(&path), ["cache.json", "cache.json.lock"], "{inject}");
    }
    is_clean_after_a_write(&store.shared(job.contains("shared")));
    !was_killed
}

fn is_clean_after_a_write(store: &FileStore) {
    let started = Instant::now();
    let store = store.clone().shared(true);
    replace(&store, OLD);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(names(&store.path()), ["cache.json", "cache.json.lock"]);
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn strace(inject: &str) -> [&str; 6] {
    ["-f", "-qq", "-o", "/dev/null", "-e", inject]
}

fn rounds() -> usize {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 1_000,
        None => 60,
    }
}

const CALLS: [&str; 11] = [
    "linkat",
    "openat",
    "statx",
    "flock",
    "lseek",
    "read",
    "write",
    "fsync",
    "renameat,renameat2",
    "utimensat",
    "unlinkat",
];
