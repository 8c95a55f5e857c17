//! `sign-out`.

use std::fs;

use msal_testing::defaults::{
    OTHER_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID, USER_OBJECT_ID, USERNAME,
};
use serde_json::json;

use crate::users::{REDIRECT_URI, SCOPE, secrets_of};
use crate::world::{Run, TRANSPORTS, World, members};

const SECTIONS: [&str; 3] = ["AccessToken", "IdToken", "RefreshToken"];

fn everybody(world: &World) -> impl Fn(&str) -> Run {
    |command| {
        let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
        run.arguments(["--scope", SCOPE])
    }
}

fn removed(run: Run) -> u64 {
    let answer = run.answer();
    assert_eq!(members(&answer), ["removed"]);
    answer["removed"].as_u64().unwrap()
}

#[test]
fn a_user_is_taken_out_of_the_cache_with_all_tokens() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let connections = world.provider.connections();
        let run = || {
            let run = world.desktop_accounts("sign-out");
            run.arguments(["--transport", transport])
                .path("--cache", &cache)
        };
        assert_eq!(removed(run()), 1);
        for section in SECTIONS {
            assert!(secrets_of(&cache, section).is_empty(), "{section}");
        }
        assert!(!fs::read_to_string(&cache).unwrap().contains(USERNAME));
        assert_eq!(removed(run()), 0);
        let run = world.desktop("silent").path("--cache", &cache);
        run.error(3, "interaction_required");
        assert_eq!(world.provider.connections(), connections);
    }
}

#[test]
fn others_stay() {
    let world = World::new();
    let cache = world.path("cache.json");
    let desktop = everybody(&world);
    for username in [USERNAME, OTHER_USERNAME] {
        world.signed_in_to(&desktop, REDIRECT_URI, username, &cache);
    }
    let sign_out = |selector: &[&str]| {
        let run = desktop("sign-out").arguments(selector);
        run.path("--cache", &cache)
    };
    let before = fs::read(&cache).unwrap();
    sign_out(&[]).error(1, "unsupported");
    assert_eq!(removed(sign_out(&["--username", "nobody@contoso.com"])), 0);
    assert_eq!(removed(sign_out(&["--home-account-id", "a.b"])), 0);
    sign_out(&["--username", "a", "--home-account-id", "b"]).error(2, "invalid_argument");
    assert_eq!(fs::read(&cache).unwrap(), before);

    assert_eq!(removed(sign_out(&["--username", "Alice@Contoso.com"])), 1);
    let silent = |run: Run| run.path("--cache", &cache).token()["token_source"].clone();
    assert_eq!(silent(desktop("silent")), "cache");
    let home = format!("{USER_OBJECT_ID}.{TENANT_ID}");
    assert_eq!(removed(sign_out(&["--home-account-id", &home])), 0);
    assert_eq!(removed(sign_out(&[])), 1);
    assert!(secrets_of(&cache, "RefreshToken").is_empty());
}

#[test]
fn without_a_cache_nobody_is_there() {
    let world = World::new();
    for transport in TRANSPORTS {
        let run = world.desktop_accounts("sign-out");
        assert_eq!(removed(run.arguments(["--transport", transport])), 0);
        let run = world
            .desktop_accounts("sign-out")
            .arguments(["--username", USERNAME]);
        assert_eq!(removed(run.path("--cache", &world.path("cache.json"))), 0);
    }
    assert!(world.names().is_empty());
}

/// A token in hand outranks the file; a user who is still in it has not signed out.
#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let world = World::new();
    let cache = world.unwritable();
    let short = world.path("cache.json");
    world.signed_in(USERNAME, &short);
    fs::rename(&short, &cache).unwrap();
    let before = fs::read(&cache).unwrap();
    let run = world.desktop_accounts("sign-out").path("--cache", &cache);
    run.error(1, "cache");
    assert_eq!(fs::read(&cache).unwrap(), before);
}

#[test]
fn a_damaged_file_that_was_set_aside_is_named_since_it_may_hold_tokens() {
    let world = World::new();
    let cache = world.file("cache.json", "{");
    let run = || world.desktop_accounts("sign-out").path("--cache", &cache);
    for _ in 0..2 {
        let ended = run().end();
        assert_eq!((ended.status, ended.json), (0, json!({ "removed": 0 })));
        let names = world.files();
        assert_eq!(names.len(), 1);
        assert!(names[0].starts_with("cache.json.corrupt-"), "{names:?}");
        assert!(ended.stderr.contains(&names[0]), "{}", ended.stderr);
    }
    fs::remove_file(world.path(&world.files()[0])).unwrap();
    assert_eq!(removed(run()), 0);
}
