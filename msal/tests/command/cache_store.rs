//! `--cache-store` and its keys: what is wrong usage, and an encrypted file.

use std::fs;
use std::path::Path;

use msal_testing::Endpoint;
use msal_testing::defaults::USERNAME;
use serde_json::json;

use crate::world::{Ended, Run, TRANSPORTS, World};

/// 32 bytes in hex, and the same as base64.
const HEX: &str = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";
const BASE64: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const OTHER: &str = "0000000000000000000000000000000000000000000000000000000000000001";

pub(crate) fn encrypted(run: Run, cache: &Path) -> Run {
    run.arguments(["--cache-store", "encrypted", "--cache-key-env", "K"])
        .env("K", HEX)
        .path("--cache", cache)
}

fn all(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

#[test]
fn options_that_contradict_or_miss_each_other_are_wrong_usage() {
    let world = World::new();
    let cache = world.path("cache.json");
    let cache = cache.to_str().unwrap();
    let url = "redis://:canary@localhost";
    for wrong in [
        &["--cache-store", "file"][..],
        &["--cache-store", "encrypted", "--cache-key-env", "K"],
        &["--cache-store", "keyring"],
        &["--cache-store", "encrypted", "--cache", cache],
        &[
            "--cache-store",
            "encrypted",
            "--cache",
            cache,
            "--cache-key-env",
            "K",
            "--cache-key-file",
            "k",
        ],
        &["--cache", cache, "--cache-key-env", "K"],
        &["--cache-key-file", "k"],
        &[
            "--cache-store",
            "keyring",
            "--cache",
            cache,
            "--cache-key-env",
            "K",
        ],
        &["--cache-store", url, "--cache-key-env", "K"],
        &["--cache-store", url, "--cache", cache],
        &[
            "--cache-store",
            "rediss://:canary@localhost",
            "--cache",
            cache,
        ],
        &["--cache-store", "redis://"],
        &["--cache-store", "redis://:canary@localhost/x"],
        &["--cache-store", "canary", "--cache", cache],
        &["--cache-store", "canary"],
        &["--cache-store", "redi://:canary@localhost"],
        &["--cache-store", ""],
        &["--cache-store"],
        &["--cache-store", "FILE", "--cache", cache],
    ] {
        let run = || world.token().arguments(wrong).env("K", HEX);
        let ended = run().end();
        assert!(!all(&ended).contains("canary"), "{}", all(&ended));
        run().error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
    assert!(world.names().is_empty());
}

#[test]
fn a_key_that_is_none_is_wrong_usage_and_not_shown() {
    let world = World::new();
    let cache = world.path("cache.json");
    let short = &HEX[2..];
    let run = || {
        world
            .token()
            .arguments(["--cache-store", "encrypted"])
            .path("--cache", &cache)
    };
    for key in [
        "",
        " ",
        short,
        "canary",
        &HEX.replace('2', "g"),
        &BASE64[4..],
    ] {
        let from_env = || run().arguments(["--cache-key-env", "K"]).env("K", key);
        let file = world.file("key", key);
        let from_file = || run().path("--cache-key-file", &file);
        for run in [&from_env as &dyn Fn() -> Run, &from_file] {
            let ended = run().end();
            let is_told = key.len() > 1 && all(&ended).contains(key);
            assert!(!is_told, "{}", all(&ended));
            run().error(2, "invalid_argument");
        }
    }
    // The key itself, given by mistake for where it is.
    for mistaken in [HEX, short, BASE64] {
        let run = || run().arguments(["--cache-key-env", mistaken]);
        assert!(!all(&run().end()).contains(mistaken));
        run().error(2, "invalid_argument");
    }
    run()
        .arguments(["--cache-key-env", "UNSET"])
        .error(2, "invalid_argument");
    run()
        .path("--cache-key-file", &world.path("missing"))
        .error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(world.names(), ["key"]);
}

#[test]
fn an_encrypted_file_holds_no_byte_of_a_token() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache");
        let client = |command: &str| {
            let run = world.desktop(command);
            encrypted(run.arguments(["--transport", transport]), &cache)
        };
        let begun = World::begin(client("auth-code-url"), crate::users::REDIRECT_URI);
        let response = world.response(&begun, USERNAME);
        let flow = world.file("flow.json", begun.to_string());
        let signed_in = client("auth-code")
            .path("--flow", &flow)
            .arguments(["--response", &response])
            .token();
        fs::remove_file(flow).unwrap();

        let content = fs::read(&cache).unwrap();
        assert!(!content.starts_with(b"{"));
        let token = signed_in["access_token"].as_str().unwrap();
        for plain in [token, USERNAME, "AccessToken", "secret", HEX] {
            for piece in plain.as_bytes().windows(6.min(plain.len())) {
                let found = content.windows(piece.len()).any(|bytes| bytes == piece);
                assert!(!found, "{}", String::from_utf8_lossy(piece));
            }
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&cache).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
        }

        let connections = world.provider.connections();
        let hit = client("silent").token();
        assert_eq!(hit["token_source"], "cache");
        assert_eq!(hit["access_token"], token);
        assert_eq!(world.provider.connections(), connections);
        assert_eq!(fs::read(&cache).unwrap(), content);

        let accounts = |run: Run| encrypted(run, &cache).answer();
        let listed = accounts(world.desktop_accounts("accounts"));
        assert_eq!(listed[0]["username"], USERNAME);
        let signed_out = accounts(world.desktop_accounts("sign-out"));
        assert_eq!(signed_out, json!({ "removed": 1 }));
        assert_ne!(fs::read(&cache).unwrap(), content);
        client("silent").error(3, "interaction_required");
        assert_eq!(world.files(), ["cache"]);
    }
}

#[test]
fn a_key_is_read_in_every_spelling_from_a_variable_or_a_file() {
    let world = World::new();
    let cache = world.path("cache");
    let first = encrypted(world.token(), &cache).token();
    assert_eq!(first["token_source"], "identity_provider");
    let upper = HEX.to_uppercase();
    let unpadded = BASE64.trim_end_matches('=');
    let padded = format!("  {BASE64}\n");
    for key in [HEX, &upper, BASE64, unpadded, &padded] {
        let run = || {
            let run = world.token().arguments(["--cache-store", "encrypted"]);
            run.path("--cache", &cache)
        };
        let from_env = run().arguments(["--cache-key-env", "K"]).env("K", key);
        assert_eq!(from_env.token()["token_source"], "cache", "{key}");
        let file = world.file("key", key);
        let from_file = run().path("--cache-key-file", &file);
        assert_eq!(from_file.token()["token_source"], "cache", "{key}");
    }
}

#[test]
fn another_key_is_an_error_and_the_file_stays() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache");
        encrypted(world.token(), &cache).token();
        let before = fs::read(&cache).unwrap();
        world.provider.clear_journal();
        for run in [
            world.token(),
            world.token().arguments(["--force-refresh"]),
            world.desktop_accounts("accounts"),
            world.desktop_accounts("sign-out"),
            world.explain().arguments(["--scope", "a"]),
        ] {
            let run = run.arguments(["--transport", transport]);
            let run = encrypted(run, &cache).env("K", OTHER);
            let error = run.error(1, "cache");
            let why = error["description"].as_str().unwrap();
            assert!(why.contains("key") && !why.contains(OTHER), "{why}");
        }
        assert_eq!(world.provider.count(Endpoint::Token), 0);
        assert_eq!(fs::read(&cache).unwrap(), before);
        assert_eq!(world.files(), ["cache"]);
        // With its own it still works.
        assert_eq!(
            encrypted(world.token(), &cache).token()["token_source"],
            "cache"
        );
    }
}

#[test]
fn a_plain_file_is_not_taken_for_an_encrypted_one() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.token().path("--cache", &cache).token();
    let before = fs::read(&cache).unwrap();
    let error = encrypted(world.token(), &cache).error(1, "cache");
    let why = error["description"].as_str().unwrap();
    assert!(why.contains("not encrypted"), "{why}");
    assert_eq!(fs::read(&cache).unwrap(), before);
    assert_eq!(world.files(), ["cache.json"]);
}

#[test]
fn an_encrypted_file_is_not_taken_for_a_damaged_plain_one() {
    let world = World::new();
    let cache = world.path("cache");
    encrypted(world.token(), &cache).token();
    let before = fs::read(&cache).unwrap();
    world.provider.clear_journal();
    for run in [
        world.token(),
        world.desktop_accounts("accounts"),
        world.desktop_accounts("sign-out"),
        world.explain().arguments(["--scope", "a"]),
    ] {
        let error = run.path("--cache", &cache).error(1, "cache");
        let why = error["description"].as_str().unwrap();
        assert!(why.contains("encrypted"), "{why}");
    }
    for command in ["inspect", "verify"] {
        let run = world.bare(["cache", command]).arguments([&cache]);
        let error = run.error(1, "cache");
        let why = error["description"].as_str().unwrap();
        assert!(why.contains("encrypted"), "{why}");
    }
    assert_eq!(world.provider.count(Endpoint::Token), 0);
    assert_eq!(fs::read(&cache).unwrap(), before);
    assert_eq!(world.files(), ["cache"]);
}

#[test]
fn a_damaged_encrypted_file_is_set_aside_and_the_call_goes_on() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache");
        encrypted(world.token(), &cache).token();
        let mut content = fs::read(&cache).unwrap();
        let last = content.len() - 1;
        content[last] ^= 1;
        fs::write(&cache, &content).unwrap();
        let run = || encrypted(world.token().arguments(["--transport", transport]), &cache);
        let ended = run().end();
        assert_eq!(ended.status, 0, "{}", all(&ended));
        assert_eq!(ended.json["token_source"], "identity_provider");
        let names = world.files();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(ended.stderr.contains(&names[1]), "{}", ended.stderr);
        assert_eq!(fs::read(world.path(&names[1])).unwrap(), content);
        assert_eq!(run().token()["token_source"], "cache");
    }
}
