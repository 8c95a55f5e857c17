//! Readers and writers at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{app_key, app_lookup, found, put, token};
use msal_cache::{Compatibility, TokenCache};

#[test]
fn a_token_that_is_replaced_all_the_time_is_always_found() {
    let cache = TokenCache::new();
    for realm in REALMS {
        put(
            &cache,
            token(app_key(realm, "client"), "a b", "0", common::an_hour()),
        );
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|at| {
                let (cache, over) = (&cache, &over);
                scope.spawn(move || {
                    let realm = REALMS[at % REALMS.len()];
                    let mut looks = 0_u64;
                    while !over.load(Ordering::Relaxed) || looks == 0 {
                        for wanted in [["a"], ["b"]] {
                            assert!(found(cache, &app_lookup(realm, "client", &wanted)).is_some());
                        }
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        let writers: Vec<_> = (0..4)
            .map(|at| {
                let cache = &cache;
                scope.spawn(move || {
                    let realm = REALMS[at % REALMS.len()];
                    for n in 0..common::soaked(100_000) {
                        let key = app_key(realm, "client");
                        put(cache, token(key, "a b", &n.to_string(), common::an_hour()));
                        if n % 500 == 0 {
                            let file = cache.serialize(Compatibility::Standard).unwrap();
                            assert!(cache.merge(&file).unwrap().is_clean());
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    assert_eq!(cache.len(), REALMS.len());
}

const REALMS: [&str; 2] = ["one", "two"];
