//! `username-password`.

use msal_testing::Endpoint;
use msal_testing::defaults::{
    DISABLED_USERNAME, EXPIRED_PASSWORD_USERNAME, FEDERATED_USERNAME, MFA_USERNAME, PASSWORD,
    USERNAME, WEB_CLIENT_ID,
};
use serde_json::Value;

use crate::world::{ID, Run, TRANSPORTS, World};

fn as_user(run: Run, username: &str) -> Run {
    run.arguments(["--username", username, "--password-env", "P"])
        .env("P", PASSWORD)
}

#[test]
fn a_user_is_known_by_name_and_password() {
    for transport in TRANSPORTS {
        for username in [USERNAME, FEDERATED_USERNAME] {
            let world = World::new();
            let cache = world.path("cache.json");
            let with = ["--transport", transport, "--correlation-id", ID];
            let run = as_user(world.desktop("username-password"), username);
            let token = run.arguments(with).path("--cache", &cache).token();
            assert_eq!(token["token_source"], "identity_provider");
            assert_eq!(token["account"]["username"], username);
            assert_eq!(token["correlation_id"], ID);
            let silent = world.desktop("silent").path("--cache", &cache).token();
            assert_eq!(silent["token_source"], "cache");
        }
    }
}

#[test]
fn a_confidential_client_may_too() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = as_user(world.web("username-password"), USERNAME);
        let token = run.arguments(["--transport", transport]).token();
        assert_eq!(token["id_token_claims"]["aud"], WEB_CLIENT_ID);
        let sent = world.provider.requests(Endpoint::Token);
        let secret = sent.last().unwrap().form_field("client_secret");
        assert!(secret.is_some());
    }
}

#[test]
fn a_refusal_is_mended_by_a_sign_in_or_not() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = |username: &str| {
            let run = as_user(world.desktop("username-password"), username);
            run.arguments(["--transport", transport])
        };
        let number = |error: Value| error["aadsts"][0].clone();
        let wrong = run(USERNAME).env("P", "canary-4711").error(1, "server");
        assert!(!wrong.to_string().contains("canary"));
        assert_eq!(number(wrong), 50_126);
        let unknown = run("nobody@contoso.com").error(1, "server");
        assert_eq!(number(unknown), 50_034);
        assert_eq!(number(run(DISABLED_USERNAME).error(1, "server")), 50_057);
        let mfa = run(MFA_USERNAME).error(3, "interaction_required");
        assert_eq!(number(mfa), 50_076);
        let expired = run(EXPIRED_PASSWORD_USERNAME).error(3, "interaction_required");
        assert_eq!(number(expired), 50_055);
    }
}

#[test]
fn a_name_and_a_password_are_needed() {
    let world = World::new();
    let run = || {
        world
            .desktop("username-password")
            .env("EMPTY", "")
            .env("P", PASSWORD)
    };
    for wrong in [
        &[][..],
        &["--username", USERNAME],
        &["--password-env", "P"],
        &["--username", "", "--password-env", "P"],
        &["--username", USERNAME, "--password-env", "EMPTY"],
        &["--username", USERNAME, "--password-env", "UNSET"],
        &["--username", USERNAME, "--password", "p"],
    ] {
        run().arguments(wrong).error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(world.names(), Vec::<String>::new());
}
