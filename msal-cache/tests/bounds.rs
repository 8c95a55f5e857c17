//! How much a cache holds, and what goes first.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{SignIn, app_key, app_lookup, found_at, lifetime, put, token};
use msal_cache::{Compatibility, TokenCache};
use msal_core::Timestamp;
use msal_core::store::{
    AccessTokenLookup, AccountEntry, Change, Entity, Extras, IdTokenEntry, Members, Owner,
    OwnerRef, RefreshTokenEntry, TokenKey, TokenStore, UserFilter,
};

const START: u64 = 1_750_000_000;

#[test]
fn what_was_used_least_recently_goes_first() {
    let cache = TokenCache::builder().max_entries(100).build();
    for n in 0..100 {
        put_app(&cache, n, START + n, START + 10_000);
    }
    // The first fifty are used, the others are not.
    for n in 0..50 {
        assert!(finds_app(&cache, n, START + 200));
    }
    for n in 100..150 {
        put_app(&cache, n, START + 300, START + 10_000);
    }
    assert_eq!(cache.len(), 100);
    for n in 0..150 {
        let is_kept = !(50..100).contains(&n);
        assert_eq!(finds_app(&cache, n, START + 301), is_kept, "{n}");
    }
}

#[test]
fn what_has_expired_goes_before_what_was_used_least_recently() {
    let cache = TokenCache::builder().max_entries(100_000).build();
    for n in 0..100_000 {
        // Every thousandth has expired by then; it was put in last of all.
        let expires_on = if n % 1_000 == 0 {
            START + 200_500
        } else {
            START + 900_000
        };
        put_app(&cache, n, START + n, expires_on);
    }
    assert_eq!(cache.len(), 100_000);
    assert!(!finds_app(&cache, 1_000_000, START + 200_501));
    for n in 0..100 {
        put_app(&cache, 500_000 + n, START + 200_501, START + 900_000);
    }
    assert_eq!(cache.len(), 100_000);
    for n in 0..100_000 {
        assert_eq!(finds_app(&cache, n, START + 200_502), n % 1_000 != 0, "{n}");
    }
}

#[test]
fn a_large_cache_keeps_its_bound_and_what_is_in_use() {
    let cache = TokenCache::builder().max_entries(20_000).build();
    for n in 0..60_000 {
        put_app(&cache, n, START + n, START + 1_000_000);
        assert!(cache.len() <= 20_000);
        // The newest is never the victim.
        assert!(finds_app(&cache, n, START + n), "{n}");
        // One in a hundred of the first is always in use.
        if n % 1_000 == 0 {
            for hot in (0..n.min(10_000)).step_by(100) {
                assert!(finds_app(&cache, hot, START + n), "{hot} at {n}");
            }
        }
    }
    assert!(cache.len() > 19_000, "{}", cache.len());
}

#[test]
fn bytes_are_bounded_too() {
    let cache = TokenCache::builder().max_bytes(1 << 20).build();
    for n in 0..2_000 {
        let secret = "x".repeat(2_000);
        let key = app_key(&n.to_string(), "client");
        put(
            &cache,
            token(key, "s", &secret, lifetime(START + n, START + 100_000)),
        );
        assert!(cache.statistics().bytes <= 1 << 20);
    }
    assert!(cache.len() > 300, "{}", cache.len());
    assert!(finds_app(&cache, 1_999, START + 2_000));
    assert!(!finds_app(&cache, 0, START + 2_000));
}

#[test]
fn a_change_larger_than_the_cache_is_kept_until_the_next() {
    let cache = TokenCache::builder().max_entries(0).build();
    for n in 0..3 {
        put_app(&cache, n, START, START + 10_000);
        assert!(finds_app(&cache, n, START + 1));
        assert_eq!(cache.len(), 1);
    }
}

#[test]
fn what_belongs_to_a_user_goes_together() {
    let cache = TokenCache::builder().max_entries(40).build();
    for n in 0..10 {
        sign_in(&cache, n, START + n);
    }
    assert_eq!(cache.len(), 40);
    for n in [0, 1, 3, 4] {
        assert!(finds_user(&cache, n, START + 100));
    }
    sign_in(&cache, 10, START + 200);
    assert_eq!(cache.len(), 40);
    assert!(!finds_user(&cache, 2, START + 201));
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let text = std::str::from_utf8(&file).unwrap();
    assert!(!text.contains("u2.t"));
    for n in (0..=10).filter(|n| *n != 2) {
        assert_eq!(
            text.matches(&format!("\"home_account_id\":\"u{n}.t\""))
                .count(),
            4
        );
    }
}

#[test]
fn what_an_assertion_obtained_goes_together() {
    let cache = TokenCache::builder().max_entries(30).build();
    let obo = |hash: &str, now: u64| {
        let user = SignIn {
            assertion: Some(hash),
            ..SignIn::of("u.t", "")
        };
        common::apply(&cache, user.all(hash));
        let lookup = user.lookup(&["s"]);
        assert!(found_at(&cache, &lookup, Timestamp::from_secs(now)).is_some());
    };
    common::apply(&cache, SignIn::of("u.t", "user").all("own")[1..].to_vec());
    for n in 0..9 {
        obo(&format!("hash{n}"), START + 200 + n);
    }
    assert_eq!(cache.len(), 30);
    // Those of the same user are others.
    obo("hash0", START + 300);
    obo("new", START + 301);
    assert_eq!(cache.len(), 30);
    let all = |hash: &str| {
        cache
            .users(common::CLOUD, UserFilter::Assertion(hash))
            .len()
    };
    assert_eq!(cache.users(common::CLOUD, UserFilter::All).len(), 0);
    obo("newer", START + 302);
    assert_eq!(cache.len(), 30);
    let left = cache.statistics();
    assert_eq!(
        (left.access_tokens, left.refresh_tokens, left.id_tokens),
        (10, 10, 10)
    );
    assert_eq!((all("hash0"), all("hash1"), all("hash2")), (1, 0, 1));
}

#[test]
fn an_access_token_that_a_change_brings_is_spared_with_all_of_its_user() {
    let cache = TokenCache::builder().max_entries(0).build();
    for n in 0..3 {
        let id = format!("u{n}.t");
        let user = SignIn::of(&id, "user");
        common::apply(&cache, user.all("old"));
        assert_eq!(cache.len(), 4);
        put(&cache, user.access_token("s", "new"));
        assert_eq!(cache.len(), 4);
        let now = Timestamp::from_secs(START + 100);
        assert_eq!(
            found_at(&cache, &user.lookup(&["s"]), now).as_deref(),
            Some("new")
        );
    }
}

#[test]
fn a_user_whose_access_token_has_expired_stays_signed_in() {
    let cache = TokenCache::builder().max_entries(40).build();
    for n in 0..10 {
        sign_in(&cache, n, START + n);
    }
    assert!(!finds_user(&cache, 0, START + 3_700));
    put_app(&cache, 0, START + 3_700, START + 7_300);
    let left = cache.statistics();
    assert_eq!(
        (left.access_tokens, left.refresh_tokens, left.accounts),
        (1, 10, 10)
    );
}

#[test]
fn a_token_used_by_any_of_its_scopes_is_in_use() {
    let cache = TokenCache::builder().max_entries(4_096).build();
    put(
        &cache,
        token(
            app_key("hot", "client"),
            "a b c",
            "secret",
            lifetime(START, START + 900_000),
        ),
    );
    for n in 0..20_000 {
        put_app(&cache, n, START + n, START + 900_000);
        let scopes = [["a"], ["b"], ["c"]][n as usize % 3];
        let lookup = app_lookup("hot", "client", &scopes);
        assert!(
            found_at(&cache, &lookup, Timestamp::from_secs(START + n)).is_some(),
            "{n}"
        );
    }
}

#[test]
fn a_file_that_is_too_large_for_the_cache_says_what_went() {
    let all = TokenCache::builder().max_entries(usize::MAX).build();
    for n in 0..1_000 {
        put_app(&all, n, START + n, START + 10_000);
    }
    let file = all.serialize(Compatibility::Standard).unwrap();
    let cache = TokenCache::builder().max_entries(100).build();
    let report = cache.merge(&file).unwrap();
    assert_eq!(
        (report.entries, report.evicted),
        (1_000, 1_000 - cache.len())
    );
    assert!(cache.len() <= 100 && cache.len() > 90);
    assert!(finds_app(&cache, 999, START + 1_000));
    let small = TokenCache::builder().max_file_bytes(1_000).build();
    let error = small.merge(&file).unwrap_err().to_string();
    assert!(
        error.contains("more than the 1000 that may be read"),
        "{error}"
    );
}

fn put_app(cache: &TokenCache, n: u64, cached_at: u64, expires_on: u64) {
    let key = app_key(&n.to_string(), "client");
    put(
        cache,
        token(key, "s", "secret", lifetime(cached_at, expires_on)),
    );
}

fn finds_app(cache: &TokenCache, n: u64, now: u64) -> bool {
    let realm = n.to_string();
    let lookup = app_lookup(&realm, "client", &["s"]);
    found_at(cache, &lookup, Timestamp::from_secs(now)).is_some()
}

fn finds_user(cache: &TokenCache, n: u64, now: u64) -> bool {
    let id = format!("u{n}.t");
    let lookup = AccessTokenLookup {
        owner: OwnerRef::Account(&id),
        ..app_lookup("t", "client", &["s"])
    };
    found_at(cache, &lookup, Timestamp::from_secs(now)).is_some()
}

/// Access, refresh and id token and account of a user.
fn sign_in(cache: &TokenCache, n: u64, now: u64) {
    let id: Arc<str> = format!("u{n}.t").into();
    let key = TokenKey {
        owner: Owner::Account(id.clone()),
        ..app_key("t", "client")
    };
    cache.apply(&Change {
        upserts: vec![
            token(key.clone(), "s", "access", lifetime(now, now + 3_600)),
            Entity::RefreshToken(Arc::new(RefreshTokenEntry {
                environment: key.environment.clone(),
                client_id: key.client_id.clone(),
                home_account_id: id.clone(),
                family_id: None,
                secret: "refresh".into(),
                last_modified: Timestamp::from_secs(now),
                extras: Extras::default(),
            })),
            Entity::IdToken(Arc::new(IdTokenEntry {
                environment: key.environment.clone(),
                realm: key.realm.clone(),
                client_id: key.client_id.clone(),
                home_account_id: id.clone(),
                secret: "id".into(),
                extras: Extras::default(),
            })),
            Entity::Account(Arc::new(AccountEntry {
                environment: key.environment.clone(),
                realm: key.realm.clone(),
                home_account_id: id,
                local_account_id: "u".into(),
                username: "user".into(),
                authority_type: "MSSTS".into(),
                members: Members::none(),
            })),
        ],
        ..Change::default()
    });
}
