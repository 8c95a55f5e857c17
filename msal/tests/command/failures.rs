//! What the command prints when a call fails.

use std::time::{Duration, Instant};

use msal_testing::defaults::SECRET_CLIENT_ID;
use msal_testing::{Endpoint, Fault};
use serde_json::{Value, json};

use crate::world::{ID, TRANSPORTS, World};

#[test]
fn a_refusal_says_what_the_identity_provider_said() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = world
            .token()
            .env("S", "wrong")
            .arguments(["--transport", transport]);
        let error = run.error(1, "server");
        assert_eq!(error["code"], "invalid_client");
        assert_eq!(error["aadsts"], json!([7_000_215]));
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .contains("AADSTS7000215")
        );
        assert_eq!(
            (&error["claims"], &error["retry_after"]),
            (&Value::Null, &Value::Null)
        );
        let sent = &world.provider.requests(Endpoint::Token)[..];
        assert_eq!(sent.len(), 1);
        assert_eq!(
            sent[0].header("client-request-id"),
            error["correlation_id"].as_str()
        );
    }
}

#[test]
fn a_challenge_is_printed_as_received_and_is_no_matter_for_a_user() {
    let world = World::new();
    let claims = r#"{"access_token":{"capolids":{"essential":true,"values":["x"]}}}"#;
    for code in ["interaction_required", "invalid_grant"] {
        let body = json!({
            "error": code, "error_codes": [53003], "suberror": "message_only", "claims": claims,
        });
        world
            .provider
            .script(Fault::json(400, body.to_string()).on(Endpoint::Token));
        let error = world.token().error(1, "server");
        assert_eq!(error["claims"], claims);
        assert_eq!(
            (&error["code"], &error["suberror"]),
            (&json!(code), &json!("message_only"))
        );
    }
}

#[test]
fn a_busy_identity_provider_is_not_waited_for() {
    for transport in TRANSPORTS {
        let world = World::new();
        let fault = Fault::status(429)
            .header("retry-after", "37")
            .on(Endpoint::Token);
        world.provider.script(fault);
        let start = Instant::now();
        let error = world
            .token()
            .arguments(["--transport", transport])
            .error(1, "throttled");
        assert_eq!(error["retry_after"], 37);
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_eq!(world.provider.count(Endpoint::Token), 1);
    }
}

#[test]
fn what_may_pass_is_tried_once_more() {
    for transport in TRANSPORTS {
        for fault in [Fault::status(503), Fault::reset(), Fault::truncated()] {
            let world = World::new();
            let run = || world.token().arguments(["--transport", transport]);
            world.provider.script(fault.clone().on(Endpoint::Token));
            run().token();
            assert_eq!(world.provider.count(Endpoint::Token), 2);
            world.provider.script(fault.times(2).on(Endpoint::Token));
            let ended = run().end();
            assert_eq!(ended.status, 1);
            assert_eq!(world.provider.count(Endpoint::Token), 4);
        }
    }
}

#[test]
fn a_call_ends_by_its_timeout() {
    for transport in TRANSPORTS {
        let world = World::new();
        let _held = world.provider.hold(Endpoint::Token);
        let start = Instant::now();
        let run = world
            .token()
            .arguments(["--timeout", "0.7", "--transport", transport]);
        let error = run.arguments(["--correlation-id", ID]).error(1, "timeout");
        assert_eq!(error["correlation_id"], ID);
        assert!(start.elapsed() >= Duration::from_millis(700));
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            start.elapsed()
        );
    }
}

#[test]
fn no_time_at_all_is_enough_for_a_cached_token_and_for_no_other() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache);
    run().arguments(["--timeout", "0"]).error(1, "timeout");
    assert_eq!(world.provider.connections(), 0);
    run().arguments(["--timeout", "1e300"]).token();
    assert_eq!(
        run().arguments(["--timeout", "0"]).token()["token_source"],
        "cache"
    );
}

#[test]
fn a_provider_that_is_not_there_or_not_trusted_is_a_transport_error() {
    for transport in TRANSPORTS {
        let world = World::new();
        let own = [
            "client-credentials",
            "--client-id",
            SECRET_CLIENT_ID,
            "--scope",
            "a",
        ];
        let run = || {
            let run = world
                .bare(own)
                .arguments(["--transport", transport, "--secret-env", "S"]);
            run.arguments(["--authority", &world.provider.authority()])
                .env("S", "s")
        };
        run()
            .arguments(["--proxy", "http://127.0.0.1:1"])
            .error(1, "transport");
        run()
            .arguments(["--proxy", &world.provider.proxy_url()])
            .error(1, "transport");
        assert_eq!(world.provider.count(Endpoint::Token), 0);
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for transport in TRANSPORTS {
        let world = World::new();
        let elsewhere = format!("{}/elsewhere", world.provider.base_url());
        world
            .provider
            .script(Fault::redirect(307, &elsewhere).on(Endpoint::Token));
        world
            .token()
            .arguments(["--transport", transport])
            .error(1, "redirected");
        assert_eq!(world.provider.count(Endpoint::Unknown), 0);
    }
}

#[test]
fn an_answer_that_is_no_token_is_an_error() {
    for transport in TRANSPORTS {
        let world = World::new();
        for body in [
            "",
            "{}",
            "[]",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
        ] {
            world
                .provider
                .script(Fault::json(200, body).on(Endpoint::Token));
            world
                .token()
                .arguments(["--transport", transport])
                .error(1, "invalid_response");
        }
    }
}
