use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use msal_cache::file::FileStore;

use crate::worker::{NEW, OLD, bytes, content, has, replace, worker, worker_under};

#[test]
fn killed_at_any_system_call_the_file_is_old_or_new() {
    if !has("strace") {
        return;
    }
    for job in ["replace", "replace shared"] {
        let mut kills = Vec::new();
        for call in CALLS {
            for at in 1..100 {
                let run = Run::new(job, &format!("{call}:signal=SIGKILL:when={at}"));
                if run.is_whole {
                    break;
                }
                run.is_old_or_new();
                kills.push(run.is_new);
            }
        }
        let new = kills.iter().filter(|is_new| **is_new).count();
        eprintln!("{} kills, {new} after the rename: {job}", kills.len());
        assert!(
            kills.len() > 30,
            "only {} calls were killed at",
            kills.len()
        );
        assert!(new > 5, "no kill came after the rename");
    }
}

#[test]
fn whatever_call_fails_the_file_is_old_or_new_and_nothing_is_left() {
    if !has("strace") {
        return;
    }
    let faults: usize = thread::scope(|scope| {
        let some = CALLS.chunks(4);
        let threads: Vec<_> = some.map(|calls| scope.spawn(|| faults(calls))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    eprintln!("{faults} faults");
    assert!(faults > 200);
}

/// How many there were.
fn faults(calls: &[&str]) -> usize {
    // Makes all calls that one for us alone makes, and more.
    let job = "replace shared";
    let mut faults = 0;
    for call in calls {
        for error in ["EACCES", "EDQUOT", "EIO", "ENOSPC", "EROFS"] {
            for at in 1..100 {
                let run = Run::new(job, &format!("{call}:error={error}:when={at}"));
                if !run.is_injected {
                    break;
                }
                faults += 1;
                run.is_told_by_its_type();
                let mut left = names(&run.store.path());
                if ["newfstatat", "statx", "unlinkat"].contains(call) {
                    // What cannot be looked at or removed stays, until the next one can.
                    left.retain(|name| !name.contains("lockfile"));
                }
                assert_eq!(left, [CACHE, LOCK], "{}", run.inject);
                run.is_old_or_new();
            }
        }
    }
    faults
}

#[test]
fn the_peers_lock_needs_no_second_names() {
    if !has("strace") {
        return;
    }
    let run = Run::new("replace shared", "linkat:error=EPERM");
    assert!(run.is_injected && run.is_whole && run.is_new);
    run.is_old_or_new();
}

#[test]
fn a_file_system_without_locks_is_told_by_its_type() {
    if !has("strace") {
        return;
    }
    for error in ["ENOLCK", "EOPNOTSUPP"] {
        // Ours, and the peers'.
        for at in 1..=2 {
            let run = Run::new("replace shared", &format!("flock:error={error}:when={at}"));
            assert!(run.is_injected && !run.is_whole && !run.is_new);
            assert!(run.told.contains("LockUnsupported"), "{}", run.told);
            assert_eq!(names(&run.store.path()), [CACHE, LOCK]);
        }
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

/// A process that replaces [`OLD`] by [`NEW`], with one of its system calls on these files tampered with.
struct Run {
    store: FileStore,
    inject: String,
    told: String,
    /// Whether the call was made at all.
    is_injected: bool,
    /// Whether the process ended by itself, and well.
    is_whole: bool,
    is_new: bool,
    _folder: tempfile::TempDir,
}

impl Run {
    fn new(job: &str, tampering: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CACHE);
        let store = FileStore::new(&path).unwrap();
        replace(&store, OLD);
        let inject = format!("inject={tampering}");
        let log = tempfile::NamedTempFile::new().unwrap();
        let log = log.path().to_str().unwrap();
        let mut options = vec!["-f", "-qq", "-o", log, "-e", &inject];
        // What the start and the end of a process do is none of ours.
        let files = FILES.map(|name| folder.path().join(name));
        let files = files.iter().map(|path| path.to_str().unwrap());
        options.extend(files.flat_map(|path| ["-P", path]));
        let output = worker_under("strace", &options, &path, job).output();
        let output = output.unwrap();
        let log = fs::read_to_string(log).unwrap();
        let found = bytes(&store).unwrap();
        let is_new = found == content(NEW);
        assert!(is_new || found == content(OLD), "{inject}");
        Self {
            store: store.shared(job.contains("shared")),
            inject,
            told: String::from_utf8_lossy(&output.stderr).into_owned(),
            is_injected: log.contains("INJECTED"),
            is_whole: output.status.success(),
            is_new,
            _folder: folder,
        }
    }

    fn is_told_by_its_type(&self) {
        let told = ["Io {", "LockUnsupported {"];
        let is_told = told.iter().any(|told| self.told.contains(told));
        assert!(self.is_whole || is_told, "{}: {}", self.inject, self.told);
        assert!(!self.is_whole || self.is_new, "{}", self.inject);
    }

    /// And the next one can write.
    fn is_old_or_new(&self) {
        is_clean_after_a_write(&self.store);
    }
}

fn is_clean_after_a_write(store: &FileStore) {
    let started = Instant::now();
    let store = store.clone().shared(true);
    replace(&store, OLD);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(names(&store.path()), [CACHE, LOCK]);
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn rounds() -> usize {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 1_000,
        None => 60,
    }
}

const CALLS: [&str; 14] = [
    "close",
    "fcntl",
    "flock",
    "fsync",
    "linkat",
    "lseek",
    "newfstatat",
    "openat",
    "read",
    "renameat,renameat2",
    "statx",
    "unlinkat",
    "utimensat",
    "write",
];

const CACHE: &str = "cache.json";

const LOCK: &str = "cache.json.lock";

const FILES: [&str; 6] = [
    "",
    CACHE,
    LOCK,
    "cache.json.lockfile",
    "cache.json.lockfile.msal-new",
    "cache.json.msal-new",
];
