//! Many writers of one value.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use msal_cache::persist::{CacheStore, Content, Next};
use msal_cache::redis::RedisError;

use crate::contract::put;
use crate::server::Server;
use crate::stores::{both, held};
use crate::worker::worker;

#[test]
fn eight_processes_of_eight_threads_lose_no_write() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let writes = if is_soak() { 200 } else { 25 };
    let started = Instant::now();
    let workers: Vec<_> = (0..8)
        .map(|n| {
            let how = if n % 2 == 0 { "blocking" } else { "async" };
            worker(&server, &format!("append p{n} {writes} {how}"))
                .spawn()
                .unwrap()
        })
        .collect();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        eprint!("{told}");
    }
    let count = 64 * writes;
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    eprintln!("{rate:.0} writes a second of one value by 64 writers");

    let [store, _] = both(&server.options());
    let text = String::from_utf8(held(&*store, "user").0.unwrap()).unwrap();
    assert_eq!(text.lines().count(), count as usize);
    let mut next = HashMap::new();
    for line in text.lines() {
        let (who, number) = line.split_once(' ').unwrap();
        let expected = next.entry(who).or_insert(0);
        assert_eq!(
            number.parse::<u32>().unwrap(),
            *expected,
            "in the order they were written"
        );
        *expected += 1;
    }
    assert_eq!(next.len(), 64);
}

#[test]
fn eight_threads_of_one_store_lose_no_write() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let store = &*store;
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for n in 0..200 {
                        append(store, &format!("{thread} {n}\n"));
                    }
                });
            }
        });
        let text = String::from_utf8(held(store, "user").0.unwrap()).unwrap();
        assert_eq!(text.lines().count(), 8 * 200);
        store.update("user", &mut |_| Ok(Next::Remove)).unwrap();
    }
}

#[test]
fn who_is_never_quick_enough_is_told_so_in_time() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let [other, _] = both(&server.options());
    for store in both(&server.options().update_wait(Duration::from_millis(300))) {
        let started = Instant::now();
        let mut asked = 0;
        let error = store.update("user", &mut |_| {
            asked += 1;
            other.update("user", &mut |_| put(b"theirs"))?;
            put(b"mine")
        });
        let error = error.unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        let source = source.downcast_ref::<RedisError>().unwrap();
        assert!(
            matches!(source, RedisError::Busy { .. }) && source.is_retryable(),
            "{source}"
        );
        assert!(started.elapsed() < Duration::from_secs(8));
        assert!(asked > 1);
        assert_eq!(held(&*store, "user").0.unwrap(), b"theirs");
    }
}

/// Adds a line, and tells how long that took.
pub(crate) fn append(store: &dyn CacheStore, line: &str) -> Duration {
    let started = Instant::now();
    let added = store.update("user", &mut |found| {
        let mut bytes = found.bytes.clone().unwrap_or_default();
        bytes.extend_from_slice(line.as_bytes());
        Ok(Next::Put(Content { bytes, life: None }))
    });
    added.unwrap();
    started.elapsed()
}

fn is_soak() -> bool {
    std::env::var_os("MSAL_SOAK").is_some()
}
