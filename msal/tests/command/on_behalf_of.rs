//! `on-behalf-of`.

use std::path::PathBuf;

use msal_testing::defaults::{API_CLIENT, API_CLIENT_ID, GRAPH, PUBLIC_CLIENT_ID, USERNAME};
use msal_testing::{Endpoint, Fault};
use serde_json::json;

use crate::users::REDIRECT_URI;
use crate::world::{ID, TRANSPORTS, World};

/// A file with the token that the API was called with, and white space around it.
fn assertion(world: &World) -> PathBuf {
    let scope = format!("{API_CLIENT}/access_as_user");
    let desktop = |command: &str| {
        let run = world.client(&[command], PUBLIC_CLIENT_ID);
        run.arguments(["--scope", &scope])
    };
    let cache = world.path("callers.json");
    let token = world.signed_in_to(desktop, REDIRECT_URI, USERNAME, &cache);
    let text = format!("\n {}\r\n", token["access_token"].as_str().unwrap());
    world.provider.clear_journal();
    world.file("assertion", text)
}

#[test]
fn an_api_calls_another_for_its_caller() {
    for transport in TRANSPORTS {
        let world = World::new();
        let file = assertion(&world);
        let cache = world.path("cache.json");
        let run = || {
            let run = world
                .api("on-behalf-of")
                .arguments(["--transport", transport]);
            run.path("--user-assertion-file", &file)
                .path("--cache", &cache)
                .arguments(["--correlation-id", ID])
        };
        let token = run().token();
        assert_eq!(token["token_source"], "identity_provider");
        assert_eq!(token["correlation_id"], ID);
        assert_eq!(token["account"]["username"], USERNAME);
        assert_eq!(token["id_token_claims"]["aud"], API_CLIENT_ID);
        let sent = &world.provider.requests(Endpoint::Token)[0];
        assert_eq!(
            sent.form_field("requested_token_use").as_deref(),
            Some("on_behalf_of")
        );
        let connections = world.provider.connections();
        let again = run().token();
        assert_eq!(again["token_source"], "cache");
        assert_eq!(again["correlation_id"], ID);
        for same in ["access_token", "account", "id_token_claims", "scopes"] {
            assert_eq!(again[same], token[same], "{same}");
        }
        assert_eq!(world.provider.connections(), connections);
        // Nobody else's: the API is not silent for its callers.
        let accounts = world.api("accounts").path("--cache", &cache).answer();
        assert_eq!(accounts, json!([]));
    }
}

#[test]
fn a_challenge_is_for_the_caller_to_answer() {
    for transport in TRANSPORTS {
        let world = World::new();
        let file = assertion(&world);
        let claims = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
        world.provider.demand_claims(GRAPH, claims);
        let run = world
            .api("on-behalf-of")
            .arguments(["--transport", transport]);
        let error = run
            .path("--user-assertion-file", &file)
            .error(3, "interaction_required");
        assert_eq!(error["code"], "interaction_required");
        assert!(error["claims"].as_str().unwrap().contains("acrs"));
    }
}

#[test]
fn an_assertion_that_is_none_or_for_somebody_else_is_no_matter_for_a_user() {
    for transport in TRANSPORTS {
        let world = World::new();
        let theirs = world.signed_in(USERNAME, &world.path("callers.json"));
        let for_graph = theirs["access_token"].as_str().unwrap();
        let true_one = std::fs::read_to_string(assertion(&world)).unwrap();
        let (content, _) = true_one.trim().rsplit_once('.').unwrap();
        let (_, signature) = for_graph.rsplit_once('.').unwrap();
        for (text, number) in [
            ("canary.is.no-token", 50_027),
            (&format!("{content}.{signature}"), 50_013),
            (for_graph, 500_131),
        ] {
            let file = world.file("assertion", text);
            let run = world.api("on-behalf-of");
            let run = run.arguments(["--transport", transport]);
            let error = run.path("--user-assertion-file", &file).error(1, "server");
            assert_eq!(error["aadsts"], json!([number]));
            assert!(!error.to_string().contains(text));
        }
    }
}

#[test]
fn a_busy_identity_provider_is_not_waited_for() {
    let world = World::new();
    let file = world.file("assertion", "a.b.c");
    let busy = Fault::status(429).header("retry-after", "11");
    world.provider.script(busy.on(Endpoint::Token));
    let run = world
        .api("on-behalf-of")
        .path("--user-assertion-file", &file);
    assert_eq!(run.error(1, "throttled")["retry_after"], 11);
}

#[test]
fn an_assertion_and_a_credential_are_needed() {
    let world = World::new();
    let file = world.file("assertion", "a.b.c");
    world
        .desktop("on-behalf-of")
        .path("--user-assertion-file", &file)
        .error(2, "invalid_argument");
    world.api("on-behalf-of").error(2, "invalid_argument");
    let empty = world.file("empty", " \n");
    let latin = world.file("latin", b"\xe9");
    for path in [world.path("missing"), world.path(""), empty, latin] {
        let run = world
            .api("on-behalf-of")
            .path("--user-assertion-file", &path);
        run.error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
}
