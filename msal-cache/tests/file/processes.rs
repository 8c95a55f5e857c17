use msal_cache::TokenCache;
use msal_cache::file::FileStore;

use crate::worker::worker;

#[test]
fn eight_processes_lose_no_update() {
    for job in ["", " shared"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.json");
        let started = std::time::Instant::now();
        let add = |n: u32| worker(&path, &format!("add p{n} {} {job}", writes()));
        let workers: Vec<_> = (0..8).map(|n| add(n).spawn().unwrap()).collect();
        for worker in workers {
            let output = worker.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}");
        }
        let cache = TokenCache::new();
        let found = FileStore::new(&path).unwrap().read().unwrap();
        let report = cache.merge(&found.bytes.unwrap()).unwrap();
        assert!(report.is_clean());
        assert_eq!(cache.len(), 8 * writes());
        let rate = (8 * writes()) as f64 / started.elapsed().as_secs_f64();
        eprintln!("{rate:.0} writes a second{job}");
    }
}

fn writes() -> usize {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => 1_000,
        None => 25,
    }
}
