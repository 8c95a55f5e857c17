//! `cache inspect` and `cache verify`.

use std::fs;

use serde_json::{Value, json};

use crate::world::{GRAPH_SCOPE, World, edit, members, now};

/// A cache with something of every kind, as other libraries write it.
fn mixed() -> Value {
    json!({
        "AccessToken": {
            "uid.utid-login.windows.net-accesstoken-client-tenant-user.read": {
                "credential_type": "AccessToken", "secret": "canary-access", "home_account_id": "uid.utid",
                "environment": "login.windows.net", "client_id": "client", "realm": "tenant",
                "target": "User.Read openid", "token_type": "Bearer", "cached_at": "1750000000",
                "expires_on": "1750003600", "extended_expires_on": "1750003600", "refresh_on": "1750001800",
            },
        },
        "RefreshToken": {
            "uid.utid-login.windows.net-refreshtoken-1--": {
                "credential_type": "RefreshToken", "secret": "canary-refresh", "home_account_id": "uid.utid",
                "environment": "login.windows.net", "client_id": "client", "family_id": "1", "target": "",
            },
        },
        "IdToken": {
            "uid.utid-login.windows.net-idtoken-client-tenant-": {
                "credential_type": "IdToken", "secret": "canary-id", "home_account_id": "uid.utid",
                "environment": "login.windows.net", "client_id": "client", "realm": "tenant",
            },
        },
        "Account": {
            "uid.utid-login.windows.net-tenant": {
                "home_account_id": "uid.utid", "environment": "login.windows.net", "realm": "tenant",
                "local_account_id": "uid", "username": "alice@contoso.com", "authority_type": "MSSTS",
            },
        },
        "AppMetadata": {
            "appmetadata-login.windows.net-client": {
                "client_id": "client", "environment": "login.windows.net", "family_id": "1",
            },
        },
        "Future": {},
    })
}

#[test]
fn an_inspection_lists_everything_but_secrets() {
    let world = World::new();
    let file = world.file("cache.json", mixed().to_string());
    let before = fs::read(&file).unwrap();
    let ended = world.bare(["cache", "inspect"]).arguments([&file]).end();
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    assert!(!ended.stdout.contains("canary"));
    assert_eq!(
        members(&ended.json),
        [
            "collisions",
            "damage",
            "damaged",
            "entries",
            "unknown_sections"
        ]
    );
    assert_eq!(ended.json["unknown_sections"], json!(["Future"]));
    let entries = ended.json["entries"].as_array().unwrap();
    let kinds: Vec<&str> = entries
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "AccessToken",
            "Account",
            "AppMetadata",
            "IdToken",
            "RefreshToken"
        ]
    );
    assert_eq!(
        entries[0],
        json!({
            "kind": "AccessToken", "owner": "uid.utid", "environment": "login.windows.net", "realm": "tenant",
            "client_id": "client", "family_id": null, "home_account_id": "uid.utid", "username": null,
            "scopes": ["User.Read", "openid"], "token_type": "Bearer", "cached_at": 1_750_000_000,
            "expires_on": 1_750_003_600, "refresh_on": 1_750_001_800, "expired": true,
        })
    );
    for entry in entries {
        assert_eq!(members(entry), members(&entries[0]));
    }
    assert_eq!(
        (&entries[1]["username"], &entries[1]["expired"]),
        (&json!("alice@contoso.com"), &Value::Null)
    );
    assert_eq!(entries[2]["owner"], Value::Null);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn an_app_token_is_the_apps_and_expires() {
    let world = World::new();
    let cache = world.path("cache.json");
    let token = world.token().path("--cache", &cache).token();
    let entry = || {
        let ended = world.bare(["cache", "inspect"]).arguments([&cache]).end();
        let entries = ended.json["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        assert!(
            !ended
                .stdout
                .contains(token["access_token"].as_str().unwrap())
        );
        entries[0].clone()
    };
    let fresh = entry();
    assert_eq!(
        (&fresh["owner"], &fresh["expired"]),
        (&json!("app"), &json!(false))
    );
    assert_eq!(
        (&fresh["scopes"], &fresh["home_account_id"]),
        (&json!([GRAPH_SCOPE]), &Value::Null)
    );
    assert_eq!(fresh["expires_on"], token["expires_on"]);
    edit(&cache, |token| {
        token["expires_on"] = json!((now() - 1).to_string())
    });
    assert_eq!(entry()["expired"], true);
}

#[test]
fn a_whole_file_is_verified() {
    let world = World::new();
    for (content, entries) in [(mixed().to_string(), 5), ("{}".to_owned(), 0)] {
        let file = world.file("cache.json", content);
        let ended = world.bare(["cache", "verify"]).arguments([&file]).end();
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, ""),
            "{}",
            ended.stdout
        );
        assert_eq!(ended.json["entries"], entries);
        assert_eq!(ended.json["damaged"], 0);
    }
}

#[test]
fn a_damaged_entry_is_named_with_what_is_wrong_and_without_what_it_holds() {
    let world = World::new();
    let mut cache = mixed();
    cache["AccessToken"]["broken"] = json!({ "secret": "canary", "environment": 7 });
    cache["Account"]["hollow"] = json!({});
    let file = world.file("cache.json", cache.to_string());
    let before = fs::read(&file).unwrap();
    let ended = world.bare(["cache", "verify"]).arguments([&file]).end();
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("canary"));
    let error = world
        .bare(["cache", "verify"])
        .arguments([&file])
        .error(1, "cache");
    let description = error["description"].as_str().unwrap();
    for part in [
        "AccessToken `broken`",
        "Account `hollow`",
        "`environment`",
        "2 of",
    ] {
        assert!(description.contains(part), "{description}");
    }
    // To list is not to judge.
    let ended = world.bare(["cache", "inspect"]).arguments([&file]).end();
    assert_eq!(ended.status, 0);
    assert_eq!(ended.json["damaged"], 2);
    assert_eq!(ended.json["damage"][0]["key"], "broken");
    assert_eq!(ended.json["entries"].as_array().unwrap().len(), 5);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(world.names(), ["cache.json"]);
}

#[test]
fn a_file_that_is_no_cache_is_an_error_and_stays() {
    let world = World::new();
    let whole = mixed().to_string();
    for content in [
        "{",
        "[]",
        "null",
        "nonsense",
        "\0",
        &whole[..whole.len() / 2],
        &"[".repeat(100_000),
    ] {
        let file = world.file("cache.json", content);
        for command in ["inspect", "verify"] {
            let error = world
                .bare(["cache", command])
                .arguments([&file])
                .error(1, "cache");
            assert!(!error["description"].as_str().unwrap().contains("canary"));
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
    assert_eq!(world.names(), ["cache.json"]);
}

#[test]
fn an_empty_file_is_no_whole_cache() {
    let world = World::new();
    for content in ["", " \n"] {
        let file = world.file("cache.json", content);
        let run = world.bare(["cache", "verify"]).arguments([&file]);
        let error = run.error(1, "cache");
        assert!(error["description"].as_str().unwrap().contains("empty"));
    }
    assert_eq!(world.names(), ["cache.json"]);
}

#[test]
fn two_entries_of_one_key_are_damage() {
    let world = World::new();
    let whole = mixed();
    let token = |secret: &str| {
        let mut token = whole["AccessToken"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .clone();
        token["secret"] = secret.into();
        token.to_string()
    };
    let (one, other) = (token("canary-1"), token("canary-2"));
    let content = format!(r#"{{"AccessToken": {{"same": {one}, "same": {other}}}}}"#);
    let file = world.file("cache.json", &content);
    let error = world
        .bare(["cache", "verify"])
        .arguments([&file])
        .error(1, "cache");
    let why = error["description"].as_str().unwrap();
    assert!(why.contains("`same`") && !why.contains("canary"), "{why}");
    let listing = world.bare(["cache", "inspect"]).arguments([&file]).answer();
    assert_eq!(listing["collisions"].as_array().unwrap().len(), 1);
}

/// Who looks needs no lock, no right to write and no private file, and changes none of it.
#[cfg(unix)]
#[test]
fn to_look_touches_nothing() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let world = World::new();
    let file = world.file("cache.json", mixed().to_string());
    let lock = world.file("cache.json.lock", "");
    let held = fs::File::options().write(true).open(&lock).unwrap();
    held.lock().unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let state = || {
        let found = fs::metadata(&file).unwrap();
        (
            found.ino(),
            found.mode(),
            found.mtime_nsec(),
            found.ctime_nsec(),
        )
    };
    let before = state();
    for command in ["inspect", "verify"] {
        world.bare(["cache", command]).arguments([&file]).answer();
    }
    assert_eq!(state(), before);
    assert_eq!(world.names(), ["cache.json", "cache.json.lock"]);
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_usage() {
    let world = World::new();
    for command in ["inspect", "verify"] {
        for path in [world.path("missing"), world.path("")] {
            world
                .bare(["cache", command])
                .arguments([path])
                .error(2, "invalid_argument");
        }
    }
    assert!(world.names().is_empty());
}

#[test]
fn the_caches_of_other_libraries_are_whole() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../msal-cache/tests/fixtures");
    let world = World::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            count += 1;
            let ended = world.bare(["cache", "verify"]).arguments([&path]).end();
            assert_eq!(ended.status, 0, "{}", ended.stdout);
        }
    }
    assert!(count > 0);
}
