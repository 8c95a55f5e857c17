//! `--cache-store keyring`: a file whose key is in a Secret Service.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use msal_testing::Endpoint;
use msal_testing::defaults::USERNAME;
use serde_json::json;

use crate::users::REDIRECT_URI;
use crate::world::{Run, TRANSPORTS, World};

/// A session with a key store that is unlocked. It ends when it is dropped.
struct Desktop {
    process: Child,
    bus: String,
}

impl Desktop {
    /// None, which is said, where there is no key store to be started.
    fn start(home: &Path) -> Option<Self> {
        let has = |program: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
        };
        if !has("dbus-run-session") || !has("gnome-keyring-daemon") {
            let is_needed = std::env::var_os("MSAL_NEEDS_SECRET_SERVICE").is_some();
            assert!(
                !is_needed,
                "no `dbus-run-session` or no `gnome-keyring-daemon`"
            );
            eprintln!("skipped: there is no `gnome-keyring-daemon` here");
            return None;
        }
        let script = "printf 'correct horse' | gnome-keyring-daemon --unlock --components=secrets >&2; \
             echo \"$DBUS_SESSION_BUS_ADDRESS\"; cat";
        let mut process = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_RUNTIME_DIR", home)
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bus = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut bus).unwrap();
        let bus = bus.trim().to_owned();
        assert!(bus.starts_with("unix:"), "{bus}");
        Some(Self { process, bus })
    }

    fn does(&self, run: Run, cache: &Path) -> Run {
        in_keyring(run, cache).env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // At the end of its input the session's one program ends, and the bus with it.
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

fn in_keyring(run: Run, cache: &Path) -> Run {
    let run = run.arguments(["--cache-store", "keyring"]);
    run.path("--cache", cache)
}

#[test]
fn a_file_is_encrypted_with_a_key_of_the_key_store() {
    let home = tempfile::tempdir().unwrap();
    let Some(desktop) = Desktop::start(home.path()) else {
        return;
    };
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache");
        let run = |run: Run| desktop.does(run.arguments(["--transport", transport]), &cache);
        // To look makes neither key nor file.
        let explained = run(world.explain().arguments(["--scope", "a"])).answer();
        assert_eq!(explained["outcome"], "miss");
        assert!(world.names().is_empty());

        let begun = World::begin(run(world.desktop("auth-code-url")), REDIRECT_URI);
        let response = world.response(&begun, USERNAME);
        let flow = world.file("flow.json", begun.to_string());
        let sign_in = world.desktop("auth-code").path("--flow", &flow);
        let signed_in = run(sign_in.arguments(["--response", &response])).token();
        let content = fs::read(&cache).unwrap();
        let token = signed_in["access_token"].as_str().unwrap().as_bytes();
        assert!(!content.windows(16).any(|bytes| bytes == &token[..16]));
        let inspected = world.bare(["cache", "inspect"]).arguments([&cache]);
        let error = inspected.error(1, "cache");
        assert!(error["description"].as_str().unwrap().contains("encrypted"));

        let connections = world.provider.connections();
        let hit = run(world.desktop("silent")).token();
        assert_eq!(hit["access_token"], signed_in["access_token"]);
        let explain = world.client(
            &["explain", "silent"],
            msal_testing::defaults::PUBLIC_CLIENT_ID,
        );
        let explained = run(explain.arguments(["--scope", crate::users::SCOPE])).answer();
        assert_eq!(explained["outcome"], "hit");
        assert_eq!(world.provider.connections(), connections);
        assert_eq!(fs::read(&cache).unwrap(), content);

        // The key is that of this path: of a copy there is none, and it is not overwritten.
        let copy = world.path("copy");
        fs::copy(&cache, &copy).unwrap();
        for lost in [world.desktop("silent"), world.desktop_accounts("sign-out")] {
            let error = desktop.does(lost, &copy).error(1, "cache");
            assert!(error["description"].as_str().unwrap().contains("no key"));
        }
        assert_eq!(fs::read(&copy).unwrap(), content);

        let removed = run(world.desktop_accounts("sign-out")).answer();
        assert_eq!(removed, json!({ "removed": 1 }));
        run(world.desktop("silent")).error(3, "interaction_required");
    }
}

#[test]
fn processes_that_begin_at_once_make_one_key() {
    let home = tempfile::tempdir().unwrap();
    let Some(desktop) = Desktop::start(home.path()) else {
        return;
    };
    let world = World::new();
    let cache = world.path("cache");
    let run = |n: usize| {
        let apart = format!("dc={n}");
        let run = world.token().arguments(["--extra", &apart]);
        desktop.does(run.arguments(["--transport", TRANSPORTS[n % 2]]), &cache)
    };
    let started: Vec<_> = (0..4).map(|n| run(n).start()).collect();
    for started in started {
        let ended = started.end();
        assert_eq!(ended.stderr, "");
        ended.token();
    }
    for n in 0..4 {
        assert_eq!(run(n).token()["token_source"], "cache", "{n}");
    }
}

#[test]
fn without_a_key_store_there_is_an_error_that_says_what_to_do_and_nothing_is_kept_or_sent() {
    let world = World::new();
    let cache = world.path("cache");
    let nowhere = world.path("no-bus");
    for bus in [None, Some(format!("unix:path={}", nowhere.display()))] {
        for transport in TRANSPORTS {
            for run in [
                world.token(),
                world.desktop("silent"),
                world.desktop_accounts("accounts"),
                world.desktop_accounts("sign-out"),
                world.explain().arguments(["--scope", "a"]),
            ] {
                let run = in_keyring(run.arguments(["--transport", transport]), &cache);
                let run = match &bus {
                    Some(bus) => run.env("DBUS_SESSION_BUS_ADDRESS", bus),
                    None => run,
                };
                let run = run.env("XDG_RUNTIME_DIR", &nowhere);
                let error = run.error(1, "cache");
                let why = error["description"].as_str().unwrap();
                for part in ["key store", "encrypted file", "plain file"] {
                    assert!(why.contains(part), "{why}");
                }
            }
        }
    }
    assert_eq!(world.provider.count(Endpoint::Token), 0);
    assert!(!cache.exists());
    // What is wrong with the call itself comes first.
    let wrong = world.token().arguments(["--claims", "{"]);
    in_keyring(wrong, &cache).error(2, "invalid_argument");
}
