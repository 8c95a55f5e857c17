//! `silent`, where it fails.

use std::fs;

use msal_testing::defaults::{
    FAMILY_CLIENT_ID, GRAPH, OTHER_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID, USERNAME,
};
use msal_testing::{Endpoint, Fault};
use serde_json::{Value, json};

use crate::users::{SCOPE, expire, secrets_of};
use crate::world::{ID, Run, TRANSPORTS, World};

#[test]
fn without_an_account_or_a_token_a_user_must_sign_in() {
    for transport in TRANSPORTS {
        let world = World::new();
        let silent = |more: &[&str]| {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.arguments(["--correlation-id", ID]).arguments(more)
        };
        let check = |run: Run| {
            let error = run.error(3, "interaction_required");
            assert_eq!(error["correlation_id"], ID);
            assert_eq!(
                (&error["code"], &error["claims"]),
                (&Value::Null, &Value::Null)
            );
        };
        check(silent(&[]));
        check(silent(&["--cache-only"]));
        check(silent(&["--username", USERNAME]));
        let cache = world.path("cache.json");
        check(silent(&[]).path("--cache", &cache));
        assert!(world.names().is_empty());
        world.signed_in(USERNAME, &cache);
        check(silent(&["--username", OTHER_USERNAME]).path("--cache", &cache));
        let connections = world.provider.connections();
        // Somebody else's user is not ours, nor is one of another cloud.
        let other = world.client(&["silent"], FAMILY_CLIENT_ID);
        let other = other.arguments(["--scope", SCOPE]).path("--cache", &cache);
        other.error(3, "interaction_required");
        let us = format!("https://login.microsoftonline.us/{TENANT_ID}");
        let run = world.run(["silent", "--client-id", PUBLIC_CLIENT_ID]);
        let run = run.arguments(["--scope", SCOPE, "--authority", &us]);
        run.path("--cache", &cache).error(3, "interaction_required");
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn the_cache_alone_has_a_token_or_could_have_one_or_has_none() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let connections = world.provider.connections();
        let run = || {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.arguments(["--cache-only"]).path("--cache", &cache)
        };
        run().token();
        expire(&cache);
        run().error(1, "not_cached");
        let mut content: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
        content["RefreshToken"] = json!({});
        fs::write(&cache, content.to_string()).unwrap();
        run().error(3, "interaction_required");
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn a_refresh_token_that_was_revoked_is_forgotten() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        world.provider.revoke(USERNAME);
        let run = || {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.arguments(["--force-refresh"]).path("--cache", &cache)
        };
        let error = run().error(3, "interaction_required");
        assert_eq!(error["code"], "invalid_grant");
        assert!(error["aadsts"][0].is_u64());
        assert!(secrets_of(&cache, "RefreshToken").is_empty());
        let asked = world.provider.count(Endpoint::Token);
        run().error(3, "interaction_required");
        assert_eq!(world.provider.count(Endpoint::Token), asked);
    }
}

#[test]
fn a_policy_that_demands_more_is_told_with_its_claims() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let claims = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
        world.provider.demand_claims(GRAPH, claims);
        let run = world
            .desktop("silent")
            .arguments(["--transport", transport]);
        let run = run.arguments(["--force-refresh"]).path("--cache", &cache);
        let error = run.error(3, "interaction_required");
        assert_eq!(error["code"], "interaction_required");
        assert!(error["claims"].as_str().unwrap().contains("acrs"));
        // The refresh token is as good as before.
        world.provider.demand_no_claims(GRAPH);
        let run = world.desktop("silent").arguments(["--force-refresh"]);
        run.path("--cache", &cache).token();
    }
}

#[test]
fn what_is_wrong_with_the_network_is_no_matter_for_a_user() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        expire(&cache);
        for (fault, kind) in [
            (Fault::status(429).header("retry-after", "5"), "throttled"),
            (Fault::status(503).times(2), "server"),
            (Fault::redirect(302, "https://evil.example"), "redirected"),
            (Fault::json(200, "{}"), "invalid_response"),
            (Fault::json(401, r#"{"error":"invalid_client"}"#), "server"),
        ] {
            world.provider.clear_faults();
            world.provider.script(fault.on(Endpoint::Token));
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            let error = run
                .arguments(["--correlation-id", ID])
                .path("--cache", &cache)
                .error(1, kind);
            assert_eq!(error["correlation_id"], ID);
        }
        world.provider.clear_faults();
        let run = world
            .desktop("silent")
            .arguments(["--transport", transport]);
        run.path("--cache", &cache).token();
    }
}

#[test]
fn a_call_ends_by_its_timeout() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        expire(&cache);
        let _held = world.provider.hold(Endpoint::Token);
        let run = world
            .desktop("silent")
            .arguments(["--transport", transport]);
        run.arguments(["--timeout", "0.6"])
            .path("--cache", &cache)
            .error(1, "timeout");
    }
}
