//! The file that `--cache` names.

use std::fs;
use std::path::Path;

use msal_testing::Endpoint;
use serde_json::{Value, json};

use crate::world::{TRANSPORTS, World, edit, now};

#[test]
fn it_is_written_when_something_changed_and_not_otherwise() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache);
    run().token();
    let written = identity(&cache);
    assert_eq!(run().token()["token_source"], "cache");
    world
        .token()
        .env("S", "wrong")
        .arguments(["--force-refresh"])
        .path("--cache", &cache)
        .error(1, "server");
    assert_eq!(identity(&cache), written);
    run().arguments(["--force-refresh"]).token();
    assert_ne!(identity(&cache), written);
    assert_eq!(world.files(), ["cache.json"]);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it_whatever_it_was_before() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache).token();
    run();
    assert_eq!(mode(&cache), 0o600);
    for loose in [0o644, 0o666, 0o4755] {
        set_mode(&cache, loose);
        assert_eq!(run()["token_source"], "cache");
        assert_eq!(mode(&cache), 0o600, "{loose:o}");
    }
    set_mode(&cache, 0o644);
    world
        .token()
        .arguments(["--force-refresh"])
        .path("--cache", &cache)
        .token();
    assert_eq!(mode(&cache), 0o600);
    // Who may not write it, need not.
    set_mode(&cache, 0o400);
    assert_eq!(run()["token_source"], "cache");
    assert_eq!(mode(&cache), 0o400);
    // To explain is to look.
    set_mode(&cache, 0o644);
    world
        .explain()
        .arguments(["--scope", "a"])
        .path("--cache", &cache)
        .end();
    assert_eq!(mode(&cache), 0o644);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_of_its_own_is_refused() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let world = World::new();
    let target = world.file("target.json", "{}");
    symlink(&target, world.path("link")).unwrap();
    symlink(world.path("nothing"), world.path("dangling")).unwrap();
    let _socket = UnixListener::bind(world.path("socket")).unwrap();
    for name in ["link", "dangling", "socket", ""] {
        for run in [world.token(), world.explain().arguments(["--scope", "a"])] {
            run.path("--cache", &world.path(name))
                .error(2, "invalid_argument");
        }
    }
    for device in ["/dev/null", "/dev/zero"] {
        world
            .token()
            .arguments(["--cache", device])
            .error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(fs::read(&target).unwrap(), b"{}");
}

#[test]
fn a_file_larger_than_any_cache_is_refused_and_not_read() {
    let world = World::new();
    let cache = world.file("cache.json", "{}");
    let file = fs::File::options().write(true).open(&cache).unwrap();
    file.set_len(1 << 40).unwrap();
    world
        .token()
        .path("--cache", &cache)
        .error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(world.names(), ["cache.json"]);
}

#[test]
fn a_damaged_file_is_set_aside_and_the_call_goes_on() {
    for transport in TRANSPORTS {
        for damaged in ["{", "[]", "\0", "{\"AccessToken\": {", &"[".repeat(100_000)] {
            let world = World::new();
            let cache = world.file("cache.json", damaged);
            let run = || {
                world
                    .token()
                    .arguments(["--transport", transport])
                    .path("--cache", &cache)
            };
            let ended = run().end();
            assert_eq!(ended.status, 0, "{}", ended.stdout);
            assert_eq!(ended.json["token_source"], "identity_provider");
            let names = world.files();
            let [name, aside] = &names[..] else {
                panic!("{names:?}");
            };
            assert_eq!(name, "cache.json");
            assert!(aside.starts_with("cache.json.corrupt-"), "{aside}");
            assert!(ended.stderr.contains(aside), "{}", ended.stderr);
            let aside = world.path(aside);
            assert_eq!(fs::read_to_string(&aside).unwrap(), damaged);
            #[cfg(unix)]
            assert_eq!((mode(&aside), mode(&cache)), (0o600, 0o600));
            assert_eq!(run().token()["token_source"], "cache");
        }
    }
}

#[test]
fn of_files_damaged_within_one_second_the_last_three_are_kept() {
    let world = World::new();
    let cache = world.path("cache.json");
    for n in 0..4 {
        fs::write(&cache, format!("{{ {n}")).unwrap();
        assert_eq!(world.token().path("--cache", &cache).end().status, 0);
    }
    let aside = world
        .names()
        .into_iter()
        .filter(|name| name.contains("corrupt"));
    let mut contents: Vec<String> = aside
        .map(|name| fs::read_to_string(world.path(&name)).unwrap())
        .collect();
    contents.sort();
    assert_eq!(contents, ["{ 1", "{ 2", "{ 3"]);
}

#[test]
fn a_damaged_entry_is_kept_and_the_others_work() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache);
    run().token();
    let mut content: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
    content["AccessToken"]["broken"] = json!({ "secret": 7 });
    content["Future"] = json!({ "kept": 1 });
    fs::write(&cache, content.to_string()).unwrap();
    assert_eq!(run().token()["token_source"], "cache");
    run().arguments(["--force-refresh"]).token();
    let content: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
    assert_eq!(content["AccessToken"]["broken"], json!({ "secret": 7 }));
    assert_eq!(content["Future"], json!({ "kept": 1 }));
}

#[test]
fn a_token_outranks_a_file_that_cannot_be_written() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = world
            .token()
            .arguments(["--transport", transport])
            .path("--cache", &world.unwritable());
        let ended = run.end();
        assert_eq!(ended.status, 0);
        assert!(ended.json["access_token"].is_string());
        assert!(
            ended.stderr.contains("could not be written"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.stderr.lines().count(), 1);
        assert!(world.files().is_empty());
    }
}

#[test]
fn an_app_token_is_written_for_whom_it_shall_be() {
    for (choice, owners) in [
        ("standard", &[Some(json!(""))][..]),
        ("node", &[Some(json!(""))]),
        ("python", &[Some(Value::Null)]),
        ("dotnet", &[None]),
        ("python+node", &[Some(Value::Null), Some(json!(""))]),
    ] {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || {
            world
                .token()
                .arguments(["--cache-compatible", choice])
                .path("--cache", &cache)
        };
        run().token();
        let content: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
        let tokens = content["AccessToken"].as_object().unwrap();
        let written: Vec<Option<Value>> = tokens
            .values()
            .map(|token| token.get("home_account_id").cloned())
            .collect();
        assert_eq!(written.len(), owners.len(), "{choice}");
        assert!(
            owners.iter().all(|owner| written.contains(owner)),
            "{choice} {written:?}"
        );
        assert_eq!(run().token()["token_source"], "cache");
    }
}

#[test]
fn an_expired_or_expiring_token_is_not_handed_out() {
    let world = World::new();
    let cache = world.path("cache.json");
    let run = || world.token().path("--cache", &cache);
    run().token();
    for left in [-1_000_i64, 0, 200] {
        edit(&cache, |token| {
            token["expires_on"] = json!((now() as i64 + left).to_string());
        });
        assert_eq!(run().token()["token_source"], "identity_provider", "{left}");
    }
    assert_eq!(world.provider.count(Endpoint::Token), 4);
}

#[test]
fn without_a_file_nothing_is_kept() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.token().token()["token_source"], "identity_provider");
    }
    assert!(world.names().is_empty());
}

/// What changes when a file is replaced or written.
fn identity(path: &Path) -> (Vec<u8>, std::time::SystemTime) {
    (
        fs::read(path).unwrap(),
        fs::metadata(path).unwrap().modified().unwrap(),
    )
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
