use std::path::Path;
use std::time::Instant;

use msal_cache::TokenCache;
use msal_cache::file::FileStore;

use crate::worker::{bytes, worker};

#[test]
fn eight_processes_lose_no_write() {
    for shared in ["", " shared"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let writes = if is_soak() { 1_000 } else { 50 };
        eight(&path, |n| format!("append p{n} {writes}{shared}"), writes);
        let found = bytes(&FileStore::new(&path).unwrap()).unwrap();
        let text = String::from_utf8(found).unwrap();
        assert_eq!(text.lines().count(), 8 * writes);
        for n in 0..8 {
            let prefix = format!("p{n} ");
            let own = text.lines().filter_map(|line| line.strip_prefix(&prefix));
            let expected = (0..writes).map(|write| write.to_string());
            assert!(own.eq(expected), "in the order they were written");
        }
    }
}

#[test]
fn eight_processes_lose_no_token() {
    for shared in ["", " shared"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let writes = if is_soak() { 100 } else { 20 };
        eight(&path, |n| format!("add p{n} {writes}{shared}"), writes);
        let cache = TokenCache::new();
        let found = bytes(&FileStore::new(&path).unwrap()).unwrap();
        let report = cache.merge(&found).unwrap();
        assert!(report.is_clean());
        assert_eq!(cache.len(), 8 * writes);
    }
}

/// Runs a job in eight processes, and tells how fast they were.
fn eight(path: &Path, job: impl Fn(u32) -> String, writes: usize) {
    let started = Instant::now();
    let workers: Vec<_> = (0..8)
        .map(|n| worker(path, &job(n)).spawn().unwrap())
        .collect();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
    let rate = (8 * writes) as f64 / started.elapsed().as_secs_f64();
    eprintln!("{rate:.0} writes a second: {}", job(0));
}

fn is_soak() -> bool {
    std::env::var_os("MSAL_SOAK").is_some()
}
