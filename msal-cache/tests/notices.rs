//! Who is told of changes, and forgetting everything.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use common::{CLOUD, SignIn, app_key, apply, found, put, token};
use msal_cache::{CacheChange, Compatibility, TokenCache, TokenCacheBuilder};
use msal_core::store::{Change, TokenStore, UserFilter};

#[test]
fn each_change_is_told_in_numbers() {
    let (cache, told) = telling(TokenCache::builder());
    let user = SignIn::of("a.t", "alice");
    apply(&cache, user.all("one"));
    apply(&cache, user.all("two"));
    cache.apply(&Change::remove(user.sign_out()));
    // Nothing is left to remove.
    cache.apply(&Change::remove(user.sign_out()));
    cache.apply(&Change::default());
    apply(&cache, user.all("three"));
    cache.clear();
    let applied = |added, replaced, removed| (added, replaced, removed, 0);
    assert_eq!(
        counts(&told),
        [
            applied(4, 0, 0),
            applied(0, 4, 0),
            applied(0, 0, 4),
            applied(4, 0, 0),
        ]
    );
    assert_eq!(
        told.lock().unwrap().last(),
        Some(&CacheChange::Cleared { removed: 4 })
    );
}

#[test]
fn a_token_that_takes_the_place_of_two_replaces_one_and_removes_the_other() {
    let (cache, told) = telling(TokenCache::builder());
    for scopes in ["a", "b", "a b"] {
        let key = app_key("t", "client");
        put(&cache, token(key, scopes, "s", common::an_hour()));
    }
    assert_eq!(counts(&told), [(1, 0, 0, 0), (1, 0, 0, 0), (0, 1, 1, 0)]);
}

#[test]
fn files_and_evictions_are_told_and_counted() {
    let (cache, told) = telling(TokenCache::builder().max_entries(4));
    let (alice, bob) = (SignIn::of("a.t", "alice"), SignIn::of("b.t", "bob"));
    apply(&cache, alice.all("one"));
    let file = cache.serialize(Compatibility::Standard).unwrap();
    apply(&cache, bob.all("two"));
    assert_eq!(cache.statistics().evicted, 4);
    cache.merge(&file).unwrap();
    cache.replace(&file).unwrap();
    assert_eq!(cache.statistics().evicted, 8);
    let told = told.lock().unwrap().clone();
    let (entries, evicted) = (4, 4);
    assert_eq!(told[2], CacheChange::Merged { entries, evicted });
    let evicted = 0;
    assert_eq!(told[3], CacheChange::Replaced { entries, evicted });
    assert!(matches!(told[1], CacheChange::Applied { evicted: 4, .. }));
}

#[test]
fn expired_tokens_that_make_room_are_counted_apart() {
    let cache = TokenCache::builder().max_entries(2).build();
    for (realm, expires_on) in [("old", 1_750_000_050), ("new", 1_750_003_600)] {
        let lifetime = common::lifetime(1_750_000_000, expires_on);
        let key = app_key(realm, "client");
        put(&cache, token(key, "s", "s", lifetime));
    }
    // The cache learns what time it is from look-ups.
    found(&cache, &common::app_lookup("new", "client", &["s"]));
    put(
        &cache,
        token(app_key("third", "client"), "s", "s", common::an_hour()),
    );
    let statistics = cache.statistics();
    assert_eq!((statistics.expired, statistics.evicted), (1, 0));
    assert_eq!(statistics.access_tokens, 2);
}

#[test]
fn a_panic_of_who_is_told_breaks_nothing() {
    let cache = TokenCache::builder()
        .max_entries(8)
        .on_change(|_| panic!("of the program's"))
        .build();
    for n in 0..10 {
        let id = format!("u{n}.t");
        apply(&cache, SignIn::of(&id, "user").all("s"));
        assert!(cache.user(CLOUD, &id).is_some());
    }
    let file = cache.serialize(Compatibility::Standard).unwrap();
    cache.merge(&file).unwrap();
    cache.replace(&file).unwrap();
    assert_eq!(cache.len(), 8);
    cache.clear();
    assert!(cache.is_empty());
}

#[test]
fn who_is_told_may_call_the_cache() {
    let own: Arc<OnceLock<TokenCache>> = Arc::default();
    let (inner, seen) = (own.clone(), Arc::new(Mutex::new(Vec::new())));
    let log = seen.clone();
    let cache = TokenCache::builder().on_change(move |_| {
        let cache = inner.get().unwrap();
        log.lock().unwrap().push(cache.len());
        // It is told of its own change, too.
        if cache.len() == 1 {
            put(
                cache,
                token(app_key("2", "client"), "s", "s", common::an_hour()),
            );
        }
        assert!(cache.serialize(Compatibility::Standard).is_ok());
    });
    let cache = own.get_or_init(|| cache.build());
    put(
        cache,
        token(app_key("1", "client"), "s", "s", common::an_hour()),
    );
    assert_eq!(*seen.lock().unwrap(), [1, 2]);
    cache.clear();
    assert_eq!(*seen.lock().unwrap(), [1, 2, 0]);
}

#[test]
fn clearing_forgets_what_is_kept_for_others_too() {
    let cache = TokenCache::new();
    let file = br#"{"Future":{"a":1},"AccessToken":{"odd":{"secret":7}}}"#;
    cache.merge(file).unwrap();
    apply(&cache, SignIn::of("a.t", "alice").all("s"));
    let revision = cache.revision();
    cache.clear();
    assert_ne!(cache.revision(), revision);
    let statistics = cache.statistics();
    assert_eq!(
        (
            statistics.entries(),
            statistics.unreadable,
            statistics.bytes
        ),
        (0, 0, 0)
    );
    let text = cache.serialize(Compatibility::Standard).unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(!text.contains("Future") && !text.contains("odd"), "{text}");
}

#[test]
fn a_user_who_is_cleared_away_is_there_wholly_or_not_at_all() {
    let cache = TokenCache::new();
    let over = AtomicBool::new(false);
    let ids: Vec<String> = (0..16).map(|n| format!("u{n}.t")).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            let (cache, over, ids) = (&cache, &over, &ids);
            scope.spawn(move || {
                let mut looks = 0_u64;
                while !over.load(Ordering::Relaxed) || looks == 0 {
                    for id in ids {
                        if let Some(user) = cache.user(CLOUD, id) {
                            assert_eq!(user.len(), 3);
                        }
                    }
                    for user in cache.users(CLOUD, UserFilter::All) {
                        assert_eq!(user.len(), 3);
                    }
                    let file = cache.serialize(Compatibility::Standard).unwrap();
                    let copy = TokenCache::new();
                    copy.merge(&file).unwrap();
                    assert_eq!(copy.len() % 4, 0);
                    looks += 1;
                }
            });
        }
        for _ in 0..common::soaked(30_000) {
            for id in &ids {
                apply(&cache, SignIn::of(id, "user").all("s"));
            }
            assert_eq!(cache.len(), 64);
            cache.clear();
            assert!(cache.is_empty());
        }
        over.store(true, Ordering::Relaxed);
    });
}

type Log = Arc<Mutex<Vec<CacheChange>>>;

fn telling(builder: TokenCacheBuilder) -> (TokenCache, Log) {
    let told = Log::default();
    let log = told.clone();
    let builder = builder.on_change(move |change| log.lock().unwrap().push(*change));
    (builder.build(), told)
}

/// What was added, replaced, removed and evicted by each call.
fn counts(told: &Log) -> Vec<(usize, usize, usize, usize)> {
    let told = told.lock().unwrap();
    let applied = told.iter().filter_map(|change| match *change {
        CacheChange::Applied {
            added,
            replaced,
            removed,
            evicted,
            ..
        } => Some((added, replaced, removed, evicted)),
        _ => None,
    });
    applied.collect()
}
