//! `explain silent`.

use std::fs;
use std::path::Path;

use msal_testing::defaults::{OTHER_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID, USERNAME};
use serde_json::{Value, json};

use crate::users::{REDIRECT_URI, SCOPE, expire, make_due};
use crate::world::{ID, Run, TRANSPORTS, World, members};

fn explain(world: &World, scope: &str) -> Run {
    let run = world.client(&["explain", "silent"], PUBLIC_CLIENT_ID);
    run.arguments(["--scope", scope])
}

fn answer(run: Run, cache: &Path) -> Value {
    let before = fs::read(cache).ok();
    let answer = run.path("--cache", cache).answer();
    assert_eq!(
        members(&answer),
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
    assert!(!answer.to_string().contains("eyJ"));
    answer
}

#[test]
fn a_hit_names_the_token_and_a_miss_what_differs() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let connections = world.provider.connections();
        let run = |scope| {
            let run = explain(&world, scope).arguments(["--transport", transport]);
            run.arguments(["--correlation-id", ID])
        };
        let hit = answer(run(SCOPE), &cache);
        assert_eq!(
            (&hit["outcome"], &hit["freshness"]),
            (&json!("hit"), &json!("fresh"))
        );
        assert_eq!(
            (&hit["realm"], &hit["correlation_id"]),
            (&json!(TENANT_ID), &json!(ID))
        );
        assert!(hit["token"]["owner"].as_str().unwrap().ends_with(TENANT_ID));

        let miss = answer(run("api://local-api/Task.Read"), &cache);
        assert_eq!(
            (&miss["outcome"], &miss["token"]),
            (&json!("miss"), &Value::Null)
        );
        assert_eq!(miss["candidates"][0]["differs"], json!(["scopes"]));
        let miss = answer(run(SCOPE).arguments(["--force-refresh"]), &cache);
        assert_eq!(miss["outcome"], "miss");
        let miss = answer(run(SCOPE).arguments(["--client-claims", "{}"]), &cache);
        assert_eq!(miss["candidates"][0]["differs"], json!(["extended"]));

        make_due(&cache);
        let stale = answer(run(SCOPE), &cache);
        assert_eq!(
            (&stale["outcome"], &stale["freshness"]),
            (&json!("hit"), &json!("stale"))
        );
        expire(&cache);
        let expired = answer(run(SCOPE), &cache);
        assert_eq!(expired["outcome"], "miss");
        assert_eq!(expired["candidates"][0]["expired"], true);
        assert!(expired["reason"].as_str().unwrap().contains("1750000000"));
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn nobody_to_be_silent_for_is_a_miss_too() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = |more: &[&str]| {
            let run = explain(&world, SCOPE).arguments(["--transport", transport]);
            run.arguments(more)
        };
        let nobody = |more: &[&str]| {
            let miss = answer(run(more), &cache);
            assert_eq!(
                (&miss["outcome"], &miss["freshness"]),
                (&json!("miss"), &json!("missing"))
            );
            assert!(miss["reason"].as_str().unwrap().contains("account"));
        };
        nobody(&[]);
        nobody(&["--username", USERNAME]);
        world.signed_in(USERNAME, &cache);
        nobody(&["--username", OTHER_USERNAME]);
        nobody(&["--home-account-id", "a.b"]);
        answer(run(&["--username", USERNAME]), &cache);
        let client = |command: &str| {
            let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
            run.arguments(["--scope", SCOPE])
        };
        world.signed_in_to(client, REDIRECT_URI, OTHER_USERNAME, &cache);
        let error = run(&[]).path("--cache", &cache).error(1, "unsupported");
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .contains("--username")
        );
    }
}

#[test]
fn a_damaged_cache_is_an_error_and_stays() {
    let world = World::new();
    let cache = world.file("cache.json", "{");
    let run = explain(&world, SCOPE).path("--cache", &cache);
    run.error(1, "cache");
    assert_eq!(world.names(), ["cache.json"]);
}
