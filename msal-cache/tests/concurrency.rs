//! Readers and writers at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{SignIn, app_key, app_lookup, found, put, token};
use msal_cache::{Compatibility, TokenCache};
use msal_core::store::{Change, Entity, Removal, TokenStore, UserFilter};

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

#[test]
fn a_user_who_is_renewed_all_the_time_is_always_whole() {
    let cache = TokenCache::new();
    let user = SignIn::of("a.t", "alice");
    common::apply(&cache, user.all("0"));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for name in ["alice", "ALICE"] {
            let (cache, over, user) = (&cache, &over, &user);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    for filter in [
                        UserFilter::HomeAccountId("a.t"),
                        UserFilter::Username(name),
                        UserFilter::All,
                    ] {
                        let users = cache.users(common::CLOUD, filter);
                        assert_eq!((users.len(), users[0].len()), (1, 3), "{filter:?}");
                    }
                    assert!(found(cache, &user.lookup(&["s"])).is_some());
                }
            });
        }
        let mut old = user.refresh_token("0-refresh");
        for n in 1..common::soaked(100_000) {
            let Entity::RefreshToken(spent) = old else {
                unreachable!()
            };
            let secret = n.to_string();
            old = user.refresh_token(&secret);
            let renamed = SignIn {
                username: if n % 2 == 0 { "alice" } else { "Alice" },
                ..SignIn::of("a.t", "")
            };
            // As a refresh token is rotated, and as a user signs in anew.
            let removal = match n % 3 {
                0 => user.sign_out(),
                _ => Removal::RefreshToken(spent),
            };
            cache.apply(&Change {
                removals: vec![removal],
                upserts: vec![
                    user.access_token("s", &secret),
                    old.clone(),
                    user.id_token(&secret),
                    renamed.account(),
                ],
                ..Change::default()
            });
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn who_signs_in_and_out_all_the_time_has_own_tokens_or_none() {
    let cache = TokenCache::builder().max_entries(64).build();
    let over = AtomicBool::new(false);
    let ids: Vec<_> = (0..40).map(|n| format!("{n}.t")).collect();
    thread::scope(|scope| {
        for from in [0, 20] {
            let (cache, over, ids) = (&cache, &over, &ids);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    for id in &ids[from..] {
                        let user = SignIn::of(id, id);
                        let own = |secret: &str| secret.split('-').next() == Some(id);
                        let token = found(cache, &user.lookup(&["s"]));
                        assert!(token.is_none_or(|secret| own(&secret)));
                        for filter in [UserFilter::HomeAccountId(id), UserFilter::Username(id)] {
                            let seen = common::seen(cache, common::CLOUD, filter);
                            assert!(seen.iter().all(|secret| own(secret)), "{seen:?}");
                        }
                    }
                }
            });
        }
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (cache, ids) = (&cache, &ids);
                scope.spawn(move || {
                    for n in 0..common::soaked(100_000) as usize {
                        let id = &ids[(n * 7 + writer) % ids.len()];
                        let user = SignIn::of(id, id);
                        match n % 5 {
                            0 => cache.apply(&Change::remove(user.sign_out())),
                            1 if n % 50 == 1 => {
                                let file = cache.serialize(Compatibility::Standard).unwrap();
                                assert!(cache.replace(&file).unwrap().is_clean());
                            }
                            _ => common::apply(cache, user.all(id)),
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
}

const REALMS: [&str; 2] = ["one", "two"];
