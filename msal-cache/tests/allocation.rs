//! What look-ups and entries cost in heap.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use common::{GRAPH, NOW, app_key, app_lookup, lifetime, put, token};
use msal_cache::TokenCache;
use msal_core::store::{AccessTokenLookup, TokenStore};

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

fn guid(n: u64) -> String {
    format!("a1a1a1a1-0000-4000-8000-{n:012x}")
}

const CLIENT: &str = "c2c2c2c2-0000-4000-8000-0000000000c2";
