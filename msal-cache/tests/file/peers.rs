//! Processes of MSAL Python and MSAL Node on one file with ours. `tests/interop/run` says where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use msal_cache::file::FileStore;
use msal_cache::persist::CacheStore;
use msal_cache::{Kind, inspect};

use crate::worker::{NEW, bytes, replace, worker};

#[test]
fn with_python_on_one_file_we_lose_no_write() {
    let Some(python) = python() else { return };
    for lock in ["create", "portalocker"] {
        let counts = together(&format!("Python, {lock}"), 4, |path, name| {
            let mut command = Command::new(&python);
            command.arg(script("python/write_shared_file.py"));
            command.args([
                path.as_os_str(),
                name.as_ref(),
                writes().to_string().as_ref(),
            ]);
            command.arg(lock);
            command
        });
        for n in 0..4 {
            assert_eq!(counts[&format!("ours{n}")], writes(), "{counts:?}");
        }
    }
}

#[test]
fn with_node_on_one_file_none_of_its_writes_is_lost() {
    let Some(node) = told_by("MSAL_PEER_NODE") else {
        return;
    };
    // One, since they remove each other's locks. Ours may be lost: whether to read the file again is decided before
    // the lock is waited for, and what was read before is written then.
    let counts = together("Node", 1, |path, name| {
        let mut command = Command::new(&node);
        command.arg(script("node/write-shared-file.mjs"));
        command.args([
            path.as_os_str(),
            name.as_ref(),
            writes().to_string().as_ref(),
        ]);
        command
    });
    assert_eq!(counts["theirs0"], writes(), "{counts:?}");
}

#[test]
fn a_lock_that_python_left_is_broken_when_its_process_is_gone() {
    let Some(python) = python() else { return };
    for lock in ["create", "portalocker"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let store = FileStore::new(&path).unwrap().shared(true);
        let mut command = Command::new(&python);
        command.arg(script("python/write_shared_file.py"));
        command.arg(&path).args(["p", "0", lock, "hold"]);
        let mut holder = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let told = holder.stdout.take().unwrap();
        BufReader::new(told).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        let waiting = std::thread::spawn(move || replace(&store, NEW));
        sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "it is alive");
        holder.kill().unwrap();
        holder.wait().unwrap();
        let started = Instant::now();
        waiting.join().unwrap();
        assert!(started.elapsed() < Duration::from_secs(1));
        assert!(!folder.path().join("cache.json.lockfile").exists());
    }
}

/// Four processes of ours with some of a peer.
fn together(
    peer: &str,
    peers: usize,
    command: impl Fn(&Path, &str) -> Command,
) -> BTreeMap<String, usize> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    let writes = writes();
    let started = Instant::now();
    let mut processes: Vec<(String, Child)> = Vec::new();
    for n in 0..peers {
        let mut theirs = command(&path, &format!("theirs{n}"));
        let theirs = theirs.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        processes.push((format!("{peer} {n}"), theirs.unwrap()));
    }
    for n in 0..4 {
        let ours = worker(&path, &format!("add ours{n} {writes} shared")).spawn();
        processes.push((format!("ours {n}"), ours.unwrap()));
    }
    for (name, process) in processes {
        let output = process.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {told}");
    }
    let store = FileStore::new(&path).unwrap();
    let inspection = inspect(&bytes(&store).unwrap()).unwrap();
    assert!(inspection.report.is_clean());
    let tokens = inspection.entries.into_iter();
    let tokens = tokens.filter(|entry| entry.kind == Kind::AccessToken);
    // A peer may write a token that we have under another key once more, from its memory: it is one token all the same.
    let tokens: BTreeSet<_> = tokens
        .map(|entry| (entry.client_id.unwrap_or_default(), entry.scopes))
        .collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (client, _) in tokens {
        let whose = client.split('-').next().unwrap_or_default();
        *counts.entry(whose.to_owned()).or_default() += 1;
    }
    let took = started.elapsed().as_secs_f64();
    let leftovers = store.leftovers().unwrap();
    eprintln!("{peer}: of {writes} writes each, in {took:.1} s: {counts:?}, {leftovers:?}");
    assert!(store.leftovers().unwrap().is_empty());
    assert!(!folder.path().join("cache.json.lockfile").exists());
    counts
}

fn python() -> Option<OsString> {
    told_by("MSAL_PEER_PYTHON")
}

fn told_by(variable: &str) -> Option<OsString> {
    let told = std::env::var_os(variable);
    if told.is_none() {
        eprintln!("skipped: {variable} names no program");
    }
    told
}

fn script(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop");
    tests.join(name)
}

fn writes() -> usize {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 100,
        None => 20,
    }
}
