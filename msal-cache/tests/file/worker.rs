//! Another process: this same test binary, told by a variable what to do.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use msal_cache::file::{FileError, FileStore};
use msal_cache::persist::{CacheStore, Content, Found, Loaded, Next, PersistentCache, Updated};
use msal_core::Error;
use msal_core::store::{Change, TokenStore};

use crate::common::{GRAPH, an_hour, app_key, token};

/// A process that does a job on a cache file. A word `shared` among the arguments takes the peers' lock too.
pub(crate) fn worker(path: &Path, job: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(ARGUMENTS)
        .env(JOB, job)
        .env(FILE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// The same under another program, such as `strace`.
pub(crate) fn worker_under(program: &str, arguments: &[&str], path: &Path, job: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(ARGUMENTS)
        .env(JOB, job)
        .env(FILE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Whether a program can be run at all; says so where it cannot.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        assert!(
            std::env::var_os("MSAL_NEEDS_STRACE").is_none(),
            "no `{program}`"
        );
        eprintln!("skipped: there is no `{program}` here");
    }
    found
}

/// The test that is no test unless it is told what to do.
#[test]
fn works_for_the_other_tests() {
    let (Some(path), Ok(job)) = (std::env::var_os(FILE), std::env::var(JOB)) else {
        return;
    };
    let words: Vec<&str> = job.split(' ').collect();
    let store = FileStore::new(path)
        .unwrap()
        .shared(words.contains(&"shared"));
    match words[0] {
        "add" => add(store, words[1], words[2].parse().unwrap()),
        "append" => append(&store, words[1], words[2].parse().unwrap()),
        "alternate" => loop {
            replace(&store, OLD);
            replace(&store, NEW);
        },
        "count" => crate::engine::count(&store, words[1], words[2].parse().unwrap()),
        "fill" => fill(&store),
        "hold" => hold(&store),
        "layouts" => crate::layouts::all(),
        "lease" | "lease-parent" | "lease-try" => crate::leases::work(&store, &words),
        "replace" => replace(&store, NEW),
        job => panic!("no such job: {job}"),
    }
}

pub(crate) fn content(letter: u8) -> Vec<u8> {
    let mut json = br#"{"Text":""#.to_vec();
    json.resize(60_000, letter);
    json.extend_from_slice(br#""}"#);
    json
}

pub(crate) fn replace(store: &FileStore, letter: u8) {
    put(store, content(letter)).unwrap();
}

/// Replaces what the file holds.
pub(crate) fn put(store: &FileStore, bytes: Vec<u8>) -> Result<Updated, Error> {
    store.update(NAME, &mut |_| Ok(next(bytes.clone())))
}

pub(crate) fn next(bytes: Vec<u8>) -> Next {
    Next::Put(Content {
        bytes: bytes.into(),
        life: None,
    })
}

/// What the file holds.
pub(crate) fn bytes(store: &FileStore) -> Option<Vec<u8>> {
    match store.load(NAME, None).unwrap() {
        Loaded::Found(found) => found.bytes.map(|bytes| bytes.to_vec()),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn file_error(error: &Error) -> &FileError {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref().unwrap()
}

fn add(store: FileStore, name: &str, count: u32) {
    let cache = PersistentCache::new(store);
    for n in 0..count {
        let key = app_key("tenant", &format!("{name}-{n}"));
        cache.apply(&Change::upsert(token(key, GRAPH, "secret", an_hour())));
        cache.save().unwrap();
    }
}

/// A line a write.
fn append(store: &FileStore, name: &str, count: u32) {
    for n in 0..count {
        let append = &mut |found: &Found| {
            let old = found.bytes.as_ref();
            let mut text = old.map_or_else(Vec::new, |old| old.to_vec());
            text.extend(format!("{name} {n}\n").into_bytes());
            Ok(next(text))
        };
        store.update(NAME, append).unwrap();
    }
}

fn hold(store: &FileStore) {
    let hold = &mut |_: &Found| {
        fs::write(store.path().with_extension("held"), "").unwrap();
        std::thread::sleep(Duration::from_secs(60));
        Ok(Next::Keep)
    };
    store.update(NAME, hold).unwrap();
}

/// On a disk of 256 KiB.
fn fill(store: &FileStore) {
    replace(store, OLD);
    let large = vec![b' '; 400_000];
    let error = put(store, large).unwrap_err();
    let error = file_error(&error);
    let source = std::error::Error::source(error).unwrap().to_string();
    assert!(source.contains("No space left"), "{error}: {source}");
    assert_eq!(bytes(store).unwrap(), content(OLD));
    let names = fs::read_dir(store.path().parent().unwrap()).unwrap();
    assert_eq!(names.count(), 2, "the file and the lock");
    replace(store, NEW);
}

const ARGUMENTS: [&str; 5] = [
    "--exact",
    "worker::works_for_the_other_tests",
    "--nocapture",
    "--test-threads=1",
    "--quiet",
];

/// What the one value of a file goes by.
pub(crate) const NAME: &str = "cache";

const JOB: &str = "MSAL_TEST_JOB";

const FILE: &str = "MSAL_TEST_FILE";

pub(crate) const OLD: u8 = b'o';

pub(crate) const NEW: u8 = b'n';
