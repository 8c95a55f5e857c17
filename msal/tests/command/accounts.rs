//! `accounts`.

use std::fs;

use msal_testing::defaults::{
    FAMILY_CLIENT_ID, GUEST_OBJECT_ID, MFA_USERNAME, OTHER_FAMILY_CLIENT_ID, OTHER_TENANT_ID,
    OTHER_USERNAME, PERSONAL_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID, USER_OBJECT_ID, USERNAME,
    WEB_CLIENT_SECRET,
};
use serde_json::{Value, json};

use crate::users::{REDIRECT_URI, SCOPE};
use crate::world::{Run, TRANSPORTS, World};

/// The desktop app at an authority for everybody.
fn everybody(world: &World) -> impl Fn(&str) -> Run {
    |command| {
        let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
        run.arguments(["--scope", SCOPE])
    }
}

fn names(accounts: &Value) -> Vec<&str> {
    let accounts = accounts.as_array().unwrap().iter();
    let mut names: Vec<&str> = accounts
        .map(|account| account["username"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn there_are_none_without_a_cache() {
    let world = World::new();
    for transport in TRANSPORTS {
        let run = || {
            world
                .desktop_accounts("accounts")
                .arguments(["--transport", transport])
        };
        assert_eq!(run().answer(), json!([]));
        let cache = world.path("cache.json");
        assert_eq!(run().path("--cache", &cache).answer(), json!([]));
        let empty = world.file("empty.json", "{}");
        assert_eq!(run().path("--cache", &empty).answer(), json!([]));
        assert_eq!(world.names(), ["empty.json"]);
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn everybody_who_signed_in_is_listed_and_nobody_is_asked() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let users = [USERNAME, OTHER_USERNAME, PERSONAL_USERNAME];
        for username in users {
            world.signed_in_to(everybody(&world), REDIRECT_URI, username, &cache);
        }
        let connections = world.provider.connections();
        let before = fs::read(&cache).unwrap();
        let run = everybody(&world)("accounts").arguments(["--transport", transport]);
        let accounts = run.path("--cache", &cache).answer();
        assert_eq!(names(&accounts), users);
        let alice = accounts.as_array().unwrap().iter();
        let alice: Vec<&Value> = alice.filter(|one| one["username"] == USERNAME).collect();
        assert_eq!(
            *alice[0],
            json!({
                "home_account_id": format!("{USER_OBJECT_ID}.{TENANT_ID}"), "username": USERNAME,
                "environment": "login.microsoftonline.com", "tenant_id": TENANT_ID, "tenant_profiles": [
                    { "tenant_id": TENANT_ID, "username": USERNAME, "local_account_id": USER_OBJECT_ID },
                ],
            })
        );
        assert_eq!(world.provider.connections(), connections);
        assert_eq!(fs::read(&cache).unwrap(), before);
    }
}

#[test]
fn a_guest_has_a_profile_in_each_tenant() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.signed_in(USERNAME, &cache);
    let authority = format!("https://login.microsoftonline.com/{OTHER_TENANT_ID}");
    let guest = |command: &str| {
        let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
        run.arguments(["--scope", SCOPE, "--authority", &authority])
    };
    world.signed_in_to(guest, REDIRECT_URI, USERNAME, &cache);
    for (run, tenant) in [
        (world.desktop_accounts("accounts"), TENANT_ID),
        (guest("accounts"), OTHER_TENANT_ID),
    ] {
        let accounts = run.path("--cache", &cache).answer();
        let [account] = &accounts.as_array().unwrap()[..] else {
            panic!("{accounts}");
        };
        assert_eq!(account["tenant_id"], tenant);
        let mut profiles: Vec<(&str, &str)> = Vec::new();
        for profile in account["tenant_profiles"].as_array().unwrap() {
            let text = |name: &str| profile[name].as_str().unwrap();
            profiles.push((text("tenant_id"), text("local_account_id")));
        }
        profiles.sort_unstable();
        assert_eq!(
            profiles,
            [
                (TENANT_ID, USER_OBJECT_ID),
                (OTHER_TENANT_ID, GUEST_OBJECT_ID)
            ]
        );
    }
}

#[test]
fn only_accounts_that_the_client_can_use_are_listed() {
    let world = World::new();
    let cache = world.path("cache.json");
    let accounts = |run: Run| {
        run.path("--cache", &cache)
            .answer()
            .as_array()
            .unwrap()
            .len()
    };
    world.signed_in(USERNAME, &cache);
    assert_eq!(accounts(world.desktop_accounts("accounts")), 1);
    let family = |client_id| world.client(&["accounts"], client_id);
    assert_eq!(accounts(family(FAMILY_CLIENT_ID)), 0);
    assert_eq!(
        accounts(world.web("accounts").env("S", WEB_CLIENT_SECRET)),
        0
    );
    // A family shares its users, with those of it who keep no secret.
    let client = |command: &str| {
        let run = world.client(&[command], FAMILY_CLIENT_ID);
        run.arguments(["--scope", SCOPE])
    };
    world.signed_in_to(client, REDIRECT_URI, MFA_USERNAME, &cache);
    assert_eq!(accounts(family(FAMILY_CLIENT_ID)), 1);
    assert_eq!(accounts(family(OTHER_FAMILY_CLIENT_ID)), 1);
    assert_eq!(accounts(world.web("accounts")), 0);
    // Nor is another cloud ours.
    let run = world.run(["accounts", "--client-id", PUBLIC_CLIENT_ID]);
    let china = run.arguments([
        "--authority",
        "https://login.partner.microsoftonline.cn/common",
    ]);
    assert_eq!(accounts(china), 0);
}

#[test]
fn a_damaged_cache_is_set_aside() {
    let world = World::new();
    let cache = world.file("cache.json", "{");
    let run = world.desktop_accounts("accounts").path("--cache", &cache);
    let ended = run.end();
    assert_eq!((ended.status, ended.json), (0, json!([])));
    let names = world.files();
    assert_eq!(names.len(), 1);
    assert!(names[0].starts_with("cache.json.corrupt-"), "{names:?}");
    assert!(ended.stderr.contains(&names[0]), "{}", ended.stderr);
}
