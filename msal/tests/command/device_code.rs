//! `device-code`.

use std::thread;
use std::time::{Duration, Instant};

use msal_testing::defaults::{TENANT_ID, USER_OBJECT_ID, USERNAME};
use msal_testing::{Endpoint, Fault};
use serde_json::{Value, json};

use crate::users::SCOPE;
use crate::world::{ID, Started, TRANSPORTS, World};

/// Reads what the user is shown: the code that is to be typed.
fn code_in(line: &str) -> String {
    assert!(line.contains("https://"), "{line}");
    let (_, code) = line.split_once("enter the code ").expect(line);
    code.trim_end_matches('.').to_owned()
}

fn started(world: &World, more: &[&str]) -> (Started, String) {
    let mut started = world.desktop("device-code").arguments(more).start();
    let code = code_in(&started.line_with("enter the code"));
    (started, code)
}

#[test]
fn a_user_signs_in_on_another_device_and_comes_back_in_silence() {
    thread::scope(|threads| {
        for transport in TRANSPORTS {
            threads.spawn(move || {
                let world = World::new();
                let cache = world.path("cache.json");
                let path = cache.to_str().unwrap();
                let (started, code) = started(
                    &world,
                    &["--transport", transport, "--cache", path, "--correlation-id", ID],
                );
                world.provider.approve_device(&code, USERNAME).unwrap();
                let ended = started.end();
                assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
                let token = ended.token();
                assert_eq!(token["token_source"], "identity_provider");
                assert_eq!(token["correlation_id"], ID);
                assert_eq!(token["id_token_claims"]["preferred_username"], USERNAME);
                let home = format!("{USER_OBJECT_ID}.{TENANT_ID}");
                assert_eq!(
                    token["account"],
                    json!({
                        "home_account_id": home, "username": USERNAME, "environment": "login.microsoftonline.com",
                        "tenant_id": TENANT_ID, "tenant_profiles": [
                            { "tenant_id": TENANT_ID, "username": USERNAME, "local_account_id": USER_OBJECT_ID },
                        ],
                    })
                );
                for endpoint in [Endpoint::DeviceAuthorization, Endpoint::Token] {
                    let sent = world.provider.requests(endpoint);
                    assert!(!sent.is_empty());
                    assert!(
                        sent.iter()
                            .all(|request| request.header("client-request-id") == Some(ID))
                    );
                }
                let silent = world.desktop("silent").path("--cache", &cache).token();
                assert_eq!(silent["token_source"], "cache");
                assert_eq!(silent["access_token"], token["access_token"]);
            });
        }
    });
}

#[test]
fn a_user_who_declines_is_an_error_that_a_new_sign_in_would_not_mend() {
    thread::scope(|threads| {
        for transport in TRANSPORTS {
            threads.spawn(move || {
                let world = World::new();
                let (started, code) = started(&world, &["--transport", transport]);
                world.provider.decline_device(&code).unwrap();
                let error = started.end().error("declined", 1, "server");
                assert_eq!(error["code"], "authorization_declined");
            });
        }
    });
}

#[test]
fn a_code_that_nobody_types_expires() {
    for transport in TRANSPORTS {
        let world = World::new();
        let answer = json!({
            "device_code": "canary", "user_code": "ABCD1234", "expires_in": 1, "interval": 1,
            "verification_uri": "https://microsoft.com/devicelogin",
        });
        world
            .provider
            .script(Fault::json(200, answer.to_string()).on(Endpoint::DeviceAuthorization));
        let (started, code) = started(&world, &["-v", "--transport", transport]);
        assert_eq!(code, "ABCD1234");
        let ended = started.end();
        assert_eq!(ended.status, 1, "{}", ended.stdout);
        let kind = &ended.json["error"]["kind"];
        assert!(
            ["expired", "server"].iter().any(|one| kind == one),
            "{kind}"
        );
        assert!(!ended.stderr.contains("canary") && !ended.stdout.contains("canary"));
    }
}

#[test]
fn the_timeout_is_that_of_the_whole_sign_in() {
    for transport in TRANSPORTS {
        let world = World::new();
        let begun = Instant::now();
        let (started, _) = started(&world, &["--transport", transport, "--timeout", "1.2"]);
        started.end().error("timeout", 1, "timeout");
        assert!(begun.elapsed() >= Duration::from_millis(1_200));
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn what_the_identity_provider_writes_cannot_take_over_the_terminal() {
    let world = World::new();
    let answer = json!({
        "device_code": "d", "user_code": "ABCD1234", "expires_in": 900, "interval": 5,
        "verification_uri": "https://microsoft.com/devicelogin",
        "message": "\u{1b}]0;owned\u{7} give your password to https://evil.example",
    });
    world
        .provider
        .script(Fault::json(200, answer.to_string()).on(Endpoint::DeviceAuthorization));
    let (started, _) = started(&world, &["--timeout", "0.5"]);
    let ended = started.end();
    assert!(!ended.stderr.contains("evil") && !ended.stderr.contains('\u{1b}'));
}

#[test]
fn a_confidential_client_has_no_device_code() {
    let world = World::new();
    for transport in TRANSPORTS {
        let run = world
            .web("device-code")
            .arguments(["--transport", transport]);
        let error = run.error(2, "invalid_argument");
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .contains("public client")
        );
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn a_refusal_to_give_a_code_is_an_error() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = || {
            world
                .desktop("device-code")
                .arguments(["--transport", transport])
        };
        let refusal = r#"{"error":"unauthorized_client","error_codes":[700016]}"#;
        let on_device = |fault: Fault| fault.on(Endpoint::DeviceAuthorization);
        world.provider.script(on_device(Fault::json(400, refusal)));
        let error = run().error(1, "server");
        assert_eq!(
            (&error["code"], &error["aadsts"]),
            (&json!("unauthorized_client"), &json!([700_016]))
        );
        world.provider.script(on_device(Fault::json(200, "{}")));
        run().error(1, "invalid_response");
        world
            .provider
            .script(on_device(Fault::status(429).header("retry-after", "9")));
        assert_eq!(run().error(1, "throttled")["retry_after"], 9);
    }
}

#[test]
fn what_the_call_is_told_is_in_both_requests() {
    let world = World::new();
    let (started, code) = started(
        &world,
        &[
            "--extra",
            "dc=ESTS-PUB",
            "--client-capability",
            "CP1",
            "--client-claims",
            r#"{"access_token":{"x":null}}"#,
        ],
    );
    world.provider.approve_device(&code, USERNAME).unwrap();
    let token = started.end().token();
    assert!(token["scopes"].as_array().unwrap().contains(&json!(SCOPE)));
    for endpoint in [Endpoint::DeviceAuthorization, Endpoint::Token] {
        let sent = world.provider.requests(endpoint);
        let sent = sent.last().unwrap();
        assert_eq!(sent.form_field("dc").as_deref(), Some("ESTS-PUB"));
        let claims: Value = serde_json::from_str(&sent.form_field("claims").unwrap()).unwrap();
        assert_eq!(claims["access_token"]["xms_cc"]["values"], json!(["CP1"]));
        assert_eq!(claims["access_token"]["x"], Value::Null);
    }
}
