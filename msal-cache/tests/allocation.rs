//! What look-ups and entries cost in heap.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{GRAPH, NOW, SignIn, app_key, app_lookup, lifetime, put, token};
use msal_cache::TokenCache;
use msal_core::store::{AccessTokenLookup, Entity, OwnerRef, TokenStore, UserFilter};

#[test]
fn a_look_up_allocates_nothing() {
    let cache = TokenCache::new();
    for n in 0..1_000 {
        put(
            &cache,
            token(
                app_key(&guid(n), "client"),
                GRAPH,
                "secret",
                common::an_hour(),
            ),
        );
    }
    let realm = guid(500);
    let scopes = [GRAPH, "openid"];
    let hit = app_lookup(&realm, "client", &scopes);
    let miss = app_lookup(&realm, "other client", &scopes);
    let alias = AccessTokenLookup {
        cloud: "login.windows.net:443",
        ..hit
    };
    let used = allocation_counter::measure(|| {
        assert!(cache.access_token(&hit, NOW).is_some());
        assert!(cache.access_token(&alias, NOW).is_some());
        assert!(cache.access_token(&miss, NOW).is_none());
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn an_app_token_of_1100_characters_takes_at_most_1350_bytes() {
    for count in [10_000, 15_000] {
        let cache = TokenCache::new();
        let used = allocation_counter::measure(|| {
            for n in 0..count {
                let secret = "x".repeat(1_100);
                let lifetime = lifetime(1_750_000_000, 1_750_003_600);
                put(
                    &cache,
                    token(app_key(&guid(n), CLIENT), GRAPH, &secret, lifetime),
                );
            }
        });
        assert_eq!(cache.len() as u64, count);
        let each = used.bytes_current as u64 / count;
        assert!(each <= 1_350, "{each} bytes for each of {count}");
    }
}

#[test]
fn a_user_is_found_with_one_allocation() {
    let cache = TokenCache::new();
    for n in 0..1_000 {
        let (id, name) = (guid(n), format!("user{n}@contoso.example"));
        common::apply(&cache, SignIn::of(&id, &name).all("secret"));
    }
    let id = guid(500);
    let used = |filter, count| {
        let used = allocation_counter::measure(|| {
            assert_eq!(cache.users("login.windows.net", filter).len(), count);
        });
        used.count_total
    };
    assert_eq!(used(UserFilter::HomeAccountId(&id), 1), 1);
    assert_eq!(used(UserFilter::Username("USER500@contoso.example"), 1), 1);
    assert_eq!(used(UserFilter::Username("user1000@contoso.example"), 0), 0);
    let assertion = AccessTokenLookup {
        owner: OwnerRef::Assertion("hash"),
        ..app_lookup("t", "client", &["openid"])
    };
    let account = AccessTokenLookup {
        owner: OwnerRef::Account(&id),
        ..app_lookup("t", "client", &["openid"])
    };
    let used = allocation_counter::measure(|| {
        assert!(cache.access_token(&assertion, NOW).is_none());
        assert!(cache.access_token(&account, NOW).is_none());
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn a_user_with_2747_bytes_of_secrets_takes_at_most_3600_bytes() {
    // Right after a table has doubled it is some twenty more.
    for count in [10_000, 25_000] {
        let cache = TokenCache::new();
        let used = allocation_counter::measure(|| {
            for n in 0..count {
                let id = format!("{}.{TENANT}", guid(n));
                let (name, object_id) = (format!("user{n}@contoso.example"), guid(n));
                let user = SignIn {
                    realm: TENANT,
                    client_id: CLIENT,
                    ..SignIn::of(&id, &name)
                };
                let Entity::Account(mut account) = user.account() else {
                    unreachable!()
                };
                Arc::make_mut(&mut account).local_account_id = object_id.into();
                let entities = vec![
                    user.access_token("User.Read openid profile", &"x".repeat(1_100)),
                    user.refresh_token(&"x".repeat(900)),
                    user.id_token(&"x".repeat(747)),
                    Entity::Account(account),
                ];
                common::apply(&cache, entities);
            }
        });
        assert_eq!(cache.len() as u64, 4 * count);
        let each = used.bytes_current as u64 / count;
        let counted = cache.statistics().bytes as u64 / count;
        assert!(each <= 3_600, "{each} bytes for each of {count}");
        assert!(counted.abs_diff(each) < each / 10, "counted as {counted}");
    }
}

fn guid(n: u64) -> String {
    format!("a1a1a1a1-0000-4000-8000-{n:012x}")
}

const CLIENT: &str = "c2c2c2c2-0000-4000-8000-0000000000c2";

const TENANT: &str = "a1a1a1a1-0000-4000-8000-000000000001";
