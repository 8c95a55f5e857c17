//! `refresh-token`.

use msal_testing::defaults::{PASSWORD, USERNAME};
use msal_testing::{Endpoint, Fault};
use serde_json::json;

use crate::users::secret_of;
use crate::world::{ID, TRANSPORTS, World};

#[test]
fn a_refresh_token_of_another_library_brings_its_user_over() {
    for transport in TRANSPORTS {
        let world = World::new();
        let theirs = world.path("theirs.json");
        world.signed_in(USERNAME, &theirs);
        let refresh_token = secret_of(&theirs, "RefreshToken");
        let cache = world.path("cache.json");
        let with = ["--transport", transport, "--correlation-id", ID];
        let run = world.desktop("refresh-token").arguments(with);
        let run = run
            .arguments(["--refresh-token-env", "R"])
            .env("R", &refresh_token);
        let token = run.path("--cache", &cache).token();
        assert_eq!(token["token_source"], "identity_provider");
        assert_eq!(token["correlation_id"], ID);
        assert_eq!(token["account"]["username"], USERNAME);
        assert_eq!(token["id_token_claims"]["preferred_username"], USERNAME);
        let silent = world.desktop("silent").path("--cache", &cache).token();
        assert_eq!(silent["token_source"], "cache");
        assert_eq!(silent["account"], token["account"]);
    }
}

#[test]
fn a_refresh_token_that_no_longer_works_is_mended_by_a_sign_in() {
    for transport in TRANSPORTS {
        let world = World::new();
        let theirs = world.path("theirs.json");
        world.signed_in(USERNAME, &theirs);
        let refresh_token = secret_of(&theirs, "RefreshToken");
        world.provider.change_password(USERNAME, "another").unwrap();
        let run = world
            .desktop("refresh-token")
            .arguments(["--transport", transport]);
        let run = run
            .arguments(["--refresh-token-env", "R"])
            .env("R", &refresh_token);
        let error = run.error(3, "interaction_required");
        assert_eq!(error["code"], "invalid_grant");
        assert!(!error.to_string().contains(&refresh_token));
    }
}

#[test]
fn a_token_in_hand_outranks_a_file_that_cannot_be_written() {
    let world = World::new();
    let theirs = world.path("theirs.json");
    world.signed_in(USERNAME, &theirs);
    let run = world.desktop("refresh-token");
    let run = run
        .arguments(["--refresh-token-env", "R"])
        .env("R", secret_of(&theirs, "RefreshToken"));
    let ended = run.path("--cache", &world.unwritable()).end();
    assert!(
        ended.stderr.contains("could not be written"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1);
    ended.token();
}

#[test]
fn a_refresh_token_is_needed() {
    let world = World::new();
    let run = || world.desktop("refresh-token").env("EMPTY", " ");
    run().error(2, "invalid_argument");
    for variable in ["EMPTY", "UNSET", "", "no name"] {
        run()
            .arguments(["--refresh-token-env", variable])
            .error(2, "invalid_argument");
    }
    let error = run()
        .arguments(["--refresh-token-env", "0.canary~token"])
        .error(2, "invalid_argument");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn an_answer_that_is_no_token_is_an_error() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = || {
            let run = world
                .desktop("refresh-token")
                .arguments(["--transport", transport]);
            run.arguments(["--refresh-token-env", "R"])
                .env("R", PASSWORD)
        };
        for (fault, kind) in [
            (Fault::json(200, "{}"), "invalid_response"),
            (Fault::redirect(302, "https://evil.example"), "redirected"),
            (Fault::json(400, r#"{"error":"invalid_scope"}"#), "server"),
            (Fault::status(500).times(2), "server"),
        ] {
            world.provider.clear_faults();
            world.provider.script(fault.on(Endpoint::Token));
            let error = run().error(1, kind);
            assert_eq!(error["needs_interaction"], json!(false));
        }
    }
}
