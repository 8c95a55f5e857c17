//! `silent`, where it succeeds.

use msal_testing::defaults::{
    FAMILY_CLIENT_ID, OTHER_FAMILY_CLIENT_ID, OTHER_TENANT_ID, OTHER_USERNAME, PUBLIC_CLIENT_ID,
    TENANT_ID, USER_OBJECT_ID, USERNAME,
};
use msal_testing::{Endpoint, Fault};
use serde_json::json;

use crate::users::{REDIRECT_URI, SCOPE, expire, make_due, secret_of};
use crate::world::{ID, TRANSPORTS, World, now};

#[test]
fn a_cached_token_is_handed_out_and_nobody_is_asked() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let signed_in = world.signed_in(USERNAME, &cache);
        let connections = world.provider.connections();
        let before = std::fs::read(&cache).unwrap();
        for more in [&[][..], &["--cache-only"], &["--timeout", "0"]] {
            let run = world.desktop("silent").arguments(more);
            let run = run.arguments(["--transport", transport, "--correlation-id", ID]);
            let token = run.path("--cache", &cache).token();
            assert_eq!(token["token_source"], "cache");
            assert_eq!(token["correlation_id"], ID);
            for same in [
                "access_token",
                "account",
                "expires_on",
                "id_token_claims",
                "scopes",
                "token_type",
            ] {
                assert_eq!(token[same], signed_in[same], "{same}");
            }
        }
        assert_eq!(world.provider.connections(), connections);
        assert_eq!(std::fs::read(&cache).unwrap(), before);
    }
}

#[test]
fn an_account_is_chosen_by_name_or_id() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let client = |command: &str| {
            let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
            run.arguments(["--scope", SCOPE, "--transport", transport])
        };
        for username in [USERNAME, OTHER_USERNAME] {
            world.signed_in_to(client, REDIRECT_URI, username, &cache);
        }
        let run = |selector: &[&str]| client("silent").arguments(selector).path("--cache", &cache);
        let error = run(&[]).error(1, "unsupported");
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .contains("--username")
        );
        let home = format!("{USER_OBJECT_ID}.{TENANT_ID}");
        for (selector, username) in [
            (&["--username", USERNAME][..], USERNAME),
            (&["--username", "BOB@fabrikam.com"], OTHER_USERNAME),
            (&["--home-account-id", &home], USERNAME),
        ] {
            let token = run(selector).token();
            assert_eq!(token["account"]["username"], username);
            assert_eq!(token["token_source"], "cache");
        }
        for nobody in [
            ["--username", "nobody@contoso.com"],
            ["--home-account-id", "a.b"],
        ] {
            run(&nobody).error(3, "interaction_required");
        }
        run(&["--username", "a", "--home-account-id", "b"]).error(2, "invalid_argument");
        run(&["--username", ""]).error(2, "invalid_argument");
    }
}

#[test]
fn an_expired_token_is_renewed_by_the_refresh_token() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let first = world.signed_in(USERNAME, &cache);
        let run = || {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.path("--cache", &cache)
        };
        expire(&cache);
        let renewed = run().token();
        assert_eq!(renewed["token_source"], "identity_provider");
        assert_ne!(renewed["access_token"], first["access_token"]);
        assert_eq!(renewed["account"], first["account"]);
        assert!(renewed["expires_on"].as_u64().unwrap() > now() + 3_000);
        assert_eq!(run().token()["access_token"], renewed["access_token"]);

        let forced = run().arguments(["--force-refresh"]).token();
        assert_eq!(forced["token_source"], "identity_provider");
        assert_ne!(forced["access_token"], renewed["access_token"]);
        assert_eq!(run().token()["access_token"], forced["access_token"]);
    }
}

#[test]
fn a_rotated_refresh_token_is_kept() {
    let world = World::new();
    world.provider.set_rotating_refresh_tokens(true);
    let cache = world.path("cache.json");
    world.signed_in(USERNAME, &cache);
    for _ in 0..3 {
        let before = secret_of(&cache, "RefreshToken");
        let run = world.desktop("silent").arguments(["--force-refresh"]);
        run.path("--cache", &cache).token();
        assert_ne!(secret_of(&cache, "RefreshToken"), before);
    }
}

#[test]
fn a_token_that_is_due_is_renewed_before_the_command_ends() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let first = world.signed_in(USERNAME, &cache);
        let run = || {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.path("--cache", &cache)
        };
        make_due(&cache);
        let renewed = run().token();
        assert_eq!(renewed["token_source"], "identity_provider");
        assert_ne!(renewed["access_token"], first["access_token"]);
        let kept = |fault: Option<Fault>| {
            make_due(&cache);
            if let Some(fault) = fault {
                world.provider.script(fault.on(Endpoint::Token));
            }
            let kept = run().token();
            assert_eq!(kept["token_source"], "cache");
            assert_eq!(kept["access_token"], renewed["access_token"]);
            assert_eq!(world.provider.waiting_faults(), 0);
        };
        kept(Some(Fault::status(500).times(2)));
        kept(Some(Fault::status(429).header("retry-after", "9")));
        // What only a sign-in mends can wait until the token no longer works.
        world.provider.revoke(USERNAME);
        kept(None);
        expire(&cache);
        run().error(3, "interaction_required");
    }
}

#[test]
fn a_challenge_goes_past_the_cached_token_and_replaces_it() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let first = world.signed_in(USERNAME, &cache);
        let run = || {
            let run = world
                .desktop("silent")
                .arguments(["--transport", transport]);
            run.path("--cache", &cache)
        };
        let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
        world.provider.clear_journal();
        let challenged = run().arguments(["--claims", challenge]).token();
        assert_eq!(challenged["token_source"], "identity_provider");
        assert_ne!(challenged["access_token"], first["access_token"]);
        let sent = &world.provider.requests(Endpoint::Token)[0];
        assert_eq!(sent.form_field("claims").as_deref(), Some(challenge));
        assert_eq!(run().token()["access_token"], challenged["access_token"]);
    }
}

#[test]
fn what_may_change_the_token_sets_it_apart_in_the_cache() {
    for own in [
        ["--client-claims", r#"{"access_token":{"x":null}}"#],
        ["--extra", "dc=ESTS-PUB"],
    ] {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let run = || world.desktop("silent").path("--cache", &cache);
        let source = |token: serde_json::Value| token["token_source"].clone();
        assert_eq!(source(run().arguments(own).token()), "identity_provider");
        assert_eq!(source(run().arguments(own).token()), "cache");
        assert_eq!(source(run().token()), "cache");
    }
}

#[test]
fn another_scope_is_asked_for_and_one_that_was_granted_is_not() {
    let world = World::new();
    let cache = world.path("cache.json");
    let first = world.signed_in(USERNAME, &cache);
    let run = |scope: &str| {
        let client = world.client(&["silent"], PUBLIC_CLIENT_ID);
        client.arguments(["--scope", scope]).path("--cache", &cache)
    };
    // The identity provider grants all that was consented to.
    let granted = first["scopes"].as_array().unwrap();
    assert!(granted.contains(&json!("Files.Read")), "{granted:?}");
    assert_eq!(run("files.read").token()["token_source"], "cache");
    let vault = run("https://vault.azure.net/user_impersonation").token();
    assert_eq!(vault["token_source"], "identity_provider");
    let error = run("Mail.Read").error(3, "interaction_required");
    assert_eq!(error["aadsts"], json!([65_001]));
}

#[test]
fn a_guest_gets_a_token_of_the_other_tenant() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.signed_in(USERNAME, &cache);
    let authority = format!("https://login.microsoftonline.com/{OTHER_TENANT_ID}");
    let run = || {
        let run = world.run(["silent", "--client-id", PUBLIC_CLIENT_ID]);
        let run = run.arguments(["--scope", SCOPE, "--authority", &authority]);
        run.path("--cache", &cache)
    };
    let token = run().token();
    assert_eq!(token["token_source"], "identity_provider");
    assert_eq!(token["id_token_claims"]["tid"], OTHER_TENANT_ID);
    assert_eq!(run().token()["token_source"], "cache");
}

#[test]
fn a_family_shares_its_users() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let of = |client_id| {
            let world = &world;
            move |command: &str| {
                let run = world.client(&[command], client_id);
                run.arguments(["--scope", SCOPE, "--transport", transport])
            }
        };
        world.signed_in_to(of(FAMILY_CLIENT_ID), REDIRECT_URI, USERNAME, &cache);
        let token = of(OTHER_FAMILY_CLIENT_ID)("silent")
            .path("--cache", &cache)
            .token();
        assert_eq!(token["token_source"], "identity_provider");
        assert_eq!(token["account"]["username"], USERNAME);
    }
}
