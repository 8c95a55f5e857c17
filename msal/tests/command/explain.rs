//! Why a look-up hits or misses.

use std::fs;
use std::path::{Path, PathBuf};

use msal_testing::defaults::{CLIENT_SECRET, OTHER_TENANT_ID, SECRET_CLIENT_ID, TENANT_ID};
use serde_json::{Value, json};

use crate::world::{GRAPH_SCOPE, ID, Run, TRANSPORTS, World, edit, members, now};

/// A world with one token in its cache file.
fn with_token() -> (World, PathBuf) {
    let world = World::new();
    let cache = world.path("cache.json");
    world.token().path("--cache", &cache).token();
    world.provider.clear_journal();
    (world, cache)
}

fn answer(run: Run, cache: &Path) -> Value {
    let before = fs::read(cache).ok();
    let ended = run.path("--cache", cache).end();
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (0, ""),
        "{}",
        ended.stdout
    );
    assert_eq!(
        members(&ended.json),
        [
            "candidates",
            "correlation_id",
            "freshness",
            "more_candidates",
            "outcome",
            "realm",
            "reason",
            "token"
        ]
    );
    assert_eq!(fs::read(cache).ok(), before);
    ended.json
}

#[test]
fn a_hit_names_the_token() {
    for transport in TRANSPORTS {
        let (world, cache) = with_token();
        let connections = world.provider.connections();
        let run = || {
            world
                .explain()
                .arguments(["--scope", GRAPH_SCOPE, "--transport", transport])
        };
        let hit = answer(run().arguments(["--correlation-id", ID]), &cache);
        assert_eq!(
            (&hit["outcome"], &hit["freshness"]),
            (&json!("hit"), &json!("fresh"))
        );
        assert_eq!(
            (&hit["realm"], &hit["correlation_id"]),
            (&json!(TENANT_ID), &json!(ID))
        );
        assert_eq!(
            (&hit["token"]["owner"], &hit["token"]["expired"]),
            (&json!("app"), &json!(false))
        );
        assert_eq!(hit["token"]["scopes"], json!([GRAPH_SCOPE]));
        assert!(!hit.to_string().contains("eyJ"));
        assert_eq!(hit["candidates"], json!([]));

        let due = now() - 5;
        edit(&cache, |token| token["refresh_on"] = json!(due.to_string()));
        let stale = answer(run(), &cache);
        assert_eq!(
            (&stale["outcome"], &stale["freshness"]),
            (&json!("hit"), &json!("stale"))
        );
        assert!(stale["reason"].as_str().unwrap().contains(&due.to_string()));
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn a_miss_says_which_part_of_the_key_differs() {
    let (world, cache) = with_token();
    let connections = world.provider.connections();
    let other = format!("https://login.microsoftonline.com/{OTHER_TENANT_ID}");
    let us = format!("https://login.microsoftonline.us/{TENANT_ID}");
    let explain = |authority: &str, client: &str, scope: &str, more: &[&str]| {
        let run = world.run(["explain", "client-credentials", "--secret-env", "S"]);
        let run = run.arguments(["--authority", authority, "--client-id", client]);
        let run = run
            .arguments(["--scope", scope])
            .arguments(more)
            .env("S", CLIENT_SECRET);
        answer(run, &cache)
    };
    let own = world.provider.authority();
    let client = SECRET_CLIENT_ID;
    let cases: [(Value, &[&str], &str); 7] = [
        (
            explain(&other, client, GRAPH_SCOPE, &[]),
            &["realm"],
            OTHER_TENANT_ID,
        ),
        (
            explain(&own, "other-client", GRAPH_SCOPE, &[]),
            &["client_id"],
            "other-client",
        ),
        (
            explain(&own, client, "other-scope", &[]),
            &["scopes"],
            "other-scope",
        ),
        (
            explain(&us, client, GRAPH_SCOPE, &[]),
            &["environment"],
            "login.microsoftonline.us",
        ),
        (
            explain(&own, client, GRAPH_SCOPE, &["--fmi-path", "p"]),
            &["extended"],
            "FMI path",
        ),
        (
            explain(&own, client, GRAPH_SCOPE, &["--client-claims", "{}"]),
            &["extended"],
            "claims",
        ),
        (
            explain(&other, "other-client", GRAPH_SCOPE, &[]),
            &["realm", "client_id"],
            "and",
        ),
    ];
    for (miss, differs, named) in cases {
        assert_eq!(
            (&miss["outcome"], &miss["token"]),
            (&json!("miss"), &Value::Null)
        );
        assert_eq!(miss["candidates"][0]["differs"], json!(differs));
        assert_eq!(miss["candidates"][0]["realm"], TENANT_ID);
        assert!(
            miss["reason"].as_str().unwrap().contains(named),
            "{}",
            miss["reason"]
        );
    }
    assert_eq!(world.provider.connections(), connections);
}

#[test]
fn a_miss_says_when_the_token_expired() {
    let (world, cache) = with_token();
    let run = || world.explain().arguments(["--scope", GRAPH_SCOPE]);
    let then = now() - 100;
    edit(&cache, |token| {
        token["expires_on"] = json!(then.to_string())
    });
    let expired = answer(run(), &cache);
    assert_eq!(expired["outcome"], "miss");
    assert_eq!(
        (
            &expired["candidates"][0]["differs"],
            &expired["candidates"][0]["expired"]
        ),
        (&json!([]), &json!(true))
    );
    assert_eq!(expired["candidates"][0]["expires_on"], then);
    assert!(
        expired["reason"]
            .as_str()
            .unwrap()
            .contains(&then.to_string())
    );

    edit(&cache, |token| {
        token["expires_on"] = json!((now() + 100).to_string())
    });
    let expiring = answer(run(), &cache);
    assert_eq!(
        (&expiring["outcome"], &expiring["freshness"]),
        (&json!("miss"), &json!("expiring"))
    );

    edit(&cache, |token| {
        token["expires_on"] = json!((now() + 90_000).to_string());
        token["cached_at"] = json!((now() + 80_000).to_string());
    });
    let from_the_future = answer(run(), &cache);
    assert_eq!(from_the_future["outcome"], "miss");
    assert!(
        from_the_future["reason"]
            .as_str()
            .unwrap()
            .contains("clock")
    );
}

#[test]
fn a_call_that_goes_past_the_cache_does_not_look() {
    let (world, cache) = with_token();
    for past in [&["--force-refresh"][..], &["--claims", "{}"]] {
        let miss = answer(
            world
                .explain()
                .arguments(["--scope", GRAPH_SCOPE])
                .arguments(past),
            &cache,
        );
        assert_eq!(miss["outcome"], "miss");
        assert!(miss["reason"].as_str().unwrap().contains("past the cache"));
    }
}

#[test]
fn an_empty_cache_misses_and_a_damaged_one_is_an_error() {
    let world = World::new();
    let run = || world.explain().arguments(["--scope", GRAPH_SCOPE]);
    let miss = answer(run(), &world.path("missing.json"));
    assert_eq!(miss["outcome"], "miss");
    assert!(miss["reason"].as_str().unwrap().contains("no access token"));
    let damaged = world.file("cache.json", "{");
    run().path("--cache", &damaged).error(1, "cache");
    assert_eq!(world.names(), ["cache.json"]);
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn many_candidates_are_not_all_listed() {
    let world = World::new();
    let mut tokens = serde_json::Map::new();
    for n in 0..25 {
        let token = json!({
            "credential_type": "AccessToken", "secret": "s", "home_account_id": "",
            "environment": "login.microsoftonline.com", "client_id": SECRET_CLIENT_ID, "realm": TENANT_ID,
            "target": format!("scope{n}"), "cached_at": now().to_string(),
            "expires_on": (now() + 1_000 + n).to_string(),
        });
        tokens.insert(
            format!("-login.microsoftonline.com-accesstoken-c-t-scope{n}"),
            token,
        );
    }
    let cache = world.file("cache.json", json!({ "AccessToken": tokens }).to_string());
    let miss = answer(world.explain().arguments(["--scope", "other"]), &cache);
    assert_eq!(miss["candidates"].as_array().unwrap().len(), 10);
    assert_eq!(miss["more_candidates"], 15);
    assert_eq!(miss["candidates"][0]["scopes"], json!(["scope24"]));
}
