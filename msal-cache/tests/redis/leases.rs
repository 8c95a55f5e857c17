//! One holder at a time.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use msal_cache::persist::{AsyncCacheStore, CacheStore};
use msal_cache::redis::{AsyncRedisStore, RedisStore};
use tokio::runtime::{Builder, Runtime};

use crate::server::Server;
use crate::stores::both;
use crate::worker::worker;

#[test]
fn a_lease_has_one_holder_until_it_is_dropped() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let [first, second] = both(&server.options());
    for (one, other) in [(&first, &second), (&second, &first), (&first, &first)] {
        let lease = one.lease("user", &DIGEST, NOT_AT_ALL).unwrap();
        assert!(lease.is_held());
        assert!(!other.lease("user", &DIGEST, NOT_AT_ALL).unwrap().is_held());
        assert!(other.lease("user", &[2; 32], NOT_AT_ALL).unwrap().is_held());
        assert!(
            other
                .lease("another", &DIGEST, NOT_AT_ALL)
                .unwrap()
                .is_held()
        );

        let started = Instant::now();
        let limit = Duration::from_millis(200);
        assert!(!other.lease("user", &DIGEST, limit).unwrap().is_held());
        let waited = started.elapsed();
        assert!((limit..limit * 10).contains(&waited), "{waited:?}");

        drop(lease);
        assert!(other.lease("user", &DIGEST, SOON).unwrap().is_held());
        until_no_lease_is_left(&server);
    }
}

#[test]
fn who_waits_has_the_lease_soon_after_it_is_free() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let store = &*store;
        let lease = store.lease("user", &DIGEST, NOT_AT_ALL).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let lease = store
                    .lease("user", &DIGEST, Duration::from_secs(30))
                    .unwrap();
                (lease.is_held(), Instant::now())
            });
            // Until it has asked at least once, and found the lease taken.
            let calls = || {
                let stats: String = server.does("INFO commandstats");
                let line = stats
                    .lines()
                    .find(|line| line.starts_with("cmdstat_evalsha"));
                line.and_then(|line| line.split(['=', ',']).nth(1)?.parse::<u32>().ok())
            };
            while calls() < Some(3) {}
            let freed = Instant::now();
            drop(lease);
            let (is_held, at) = waiting.join().unwrap();
            assert!(is_held);
            assert!(at - freed < Duration::from_secs(2), "{:?}", at - freed);
        });
        until_no_lease_is_left(&server);
        server.does::<()>("CONFIG RESETSTAT");
    }
}

#[test]
fn a_lease_of_who_was_killed_expires() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut holder = worker(&server, "hold").spawn().unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")));
    holder.kill().unwrap();
    holder.wait().unwrap();
    let key = the_lease(&server);
    let left: u32 = server.does(&format!("PTTL {key}"));
    assert!((30_000..=35_000).contains(&left), "{left}");

    let [store, _] = both(&server.options());
    assert!(!store.lease("user", &DIGEST, NOT_AT_ALL).unwrap().is_held());
    server.does::<()>(&format!("PEXPIRE {key} 50"));
    assert!(store.lease("user", &DIGEST, SOON).unwrap().is_held());
}

#[test]
fn nobody_ends_the_lease_of_another() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for store in both(&server.options()) {
        let slow = store.lease("user", &DIGEST, NOT_AT_ALL).unwrap();
        let key = the_lease(&server);
        // It took longer than a lease lasts, and somebody else has it now.
        server.does::<()>(&format!("SET {key} somebody-else"));
        drop(slow);
        // What comes after the end on the same connection, and after its threads.
        while server
            .does::<String>("INFO commandstats")
            .matches("cmdstat_evalsha")
            .count()
            == 0
        {}
        store.load("user", None).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(
            server.does::<String>(&format!("GET {key}")),
            "somebody-else"
        );
        server.does::<()>("FLUSHALL");
    }
}

#[test]
fn a_lease_ends_though_the_runtime_ends_first() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = AsyncRedisStore::new(server.options()).unwrap();
    let many = Runtime::new().unwrap();
    let one = Builder::new_current_thread().enable_all().build().unwrap();
    for runtime in [many, one] {
        let lease = runtime
            .block_on(store.lease("user", &DIGEST, NOT_AT_ALL))
            .unwrap();
        assert!(lease.is_held());
        // As the end of a program: nothing runs after this.
        runtime.block_on(async move { drop(lease) });
        drop(runtime);
        assert_eq!(server.does::<u32>("DBSIZE"), 0);
    }

    // Dropped where there is no runtime at all.
    let runtime = Runtime::new().unwrap();
    let lease = runtime
        .block_on(store.lease("user", &DIGEST, NOT_AT_ALL))
        .unwrap();
    drop(runtime);
    drop(lease);
    assert_eq!(server.does::<u32>("DBSIZE"), 0);
}

#[test]
fn the_blocking_store_may_be_used_and_dropped_inside_a_runtime() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    for runtime in [
        Runtime::new().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ] {
        runtime.block_on(async {
            let store = RedisStore::new(server.options()).unwrap();
            let lease = store.lease("user", &DIGEST, NOT_AT_ALL).unwrap();
            assert!(lease.is_held());
            store.load("user", None).unwrap();
            drop(store);
            drop(lease);
        });
        until_no_lease_is_left(&server);
    }
}

fn until_no_lease_is_left(server: &Server) {
    let since = Instant::now();
    while server.does::<u32>("DBSIZE") > 0 {
        assert!(since.elapsed() < Duration::from_secs(10), "a lease is left");
    }
}

fn the_lease(server: &Server) -> String {
    let keys: Vec<String> = server.does("KEYS *:lease:*");
    assert_eq!(keys.len(), 1);
    keys.into_iter().next().unwrap()
}

const DIGEST: [u8; 32] = [1; 32];

const NOT_AT_ALL: Duration = Duration::ZERO;

const SOON: Duration = Duration::from_secs(10);
