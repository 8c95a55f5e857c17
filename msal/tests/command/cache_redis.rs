//! `--cache-store redis://…`, on a real Redis.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use msal_testing::Endpoint;
use msal_testing::defaults::{PUBLIC_CLIENT_ID, USERNAME};
use serde_json::json;
use tempfile::TempDir;

use crate::users::REDIRECT_URI;
use crate::world::{Run, TRANSPORTS, World};

/// Runs until it is dropped.
struct Redis {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    /// None, which is said, where there is none.
    fn start(arguments: &[&str]) -> Option<Self> {
        let version = Command::new("redis-server").arg("--version").output();
        if version.is_err() {
            let is_needed = std::env::var_os("MSAL_NEEDS_REDIS").is_some();
            assert!(!is_needed, "no `redis-server`");
            eprintln!("skipped: there is no `redis-server` here");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(port.to_string())
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Some(Self {
            process,
            port,
            _folder: folder,
        })
    }

    fn keeps(&self, run: Run) -> Run {
        run.arguments(["--cache-store", &self.url("")])
    }

    fn url(&self, login: &str) -> String {
        format!("redis://{login}127.0.0.1:{}/1", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn users_and_app_tokens_are_kept_there_by_one_api_and_found_by_the_other() {
    for [writer, reader] in [TRANSPORTS, [TRANSPORTS[1], TRANSPORTS[0]]] {
        let Some(redis) = Redis::start(&[]) else {
            return;
        };
        let world = World::new();
        let with = |run: Run, transport| redis.keeps(run.arguments(["--transport", transport]));
        let begun = World::begin(world.desktop("auth-code-url"), REDIRECT_URI);
        let response = world.response(&begun, USERNAME);
        let flow = world.file("flow.json", begun.to_string());
        let sign_in = world.desktop("auth-code").path("--flow", &flow);
        let signed_in = with(sign_in.arguments(["--response", &response]), writer).token();
        let app = with(world.token(), writer).token();
        assert_eq!(app["token_source"], "identity_provider");

        let connections = world.provider.connections();
        let id = signed_in["account"]["home_account_id"].as_str().unwrap();
        let of_user = |run: Run| with(run.arguments(["--home-account-id", id]), reader);
        let hit = of_user(world.desktop("silent")).token();
        assert_eq!(hit["token_source"], "cache");
        for same in ["access_token", "account", "id_token_claims", "expires_on"] {
            assert_eq!(hit[same], signed_in[same], "{same}");
        }
        let hit = with(world.token(), reader).token();
        assert_eq!(hit["access_token"], app["access_token"]);
        // Users are kept apart there, and nobody can list them.
        for run in [
            world.desktop("silent"),
            world.desktop("silent").arguments(["--username", USERNAME]),
            world.desktop_accounts("accounts"),
            world.desktop_accounts("sign-out"),
        ] {
            let error = with(run, reader).error(1, "unsupported");
            let why = error["description"].as_str().unwrap();
            assert!(why.contains("home account id"), "{why}");
        }
        let explain = world.client(&["explain", "silent"], PUBLIC_CLIENT_ID);
        of_user(explain.arguments(["--scope", "a"])).error(1, "unsupported");
        assert_eq!(world.provider.connections(), connections);

        let forced = world.desktop("silent").arguments(["--force-refresh"]);
        let renewed = of_user(forced).token();
        assert_eq!(renewed["token_source"], "identity_provider");
        let hit = with(
            world.desktop("silent").arguments(["--home-account-id", id]),
            writer,
        );
        assert_eq!(hit.token()["access_token"], renewed["access_token"]);

        let removed = of_user(world.desktop_accounts("sign-out")).answer();
        assert_eq!(removed, json!({ "removed": 1 }));
        of_user(world.desktop("silent")).error(3, "interaction_required");
        assert_eq!(with(world.token(), reader).token()["token_source"], "cache");
        assert_eq!(world.names(), ["flow.json"]);
    }
}

#[test]
fn processes_that_begin_at_once_ask_for_one_token() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let world = World::new();
    world.provider.set_latency(Duration::from_millis(100));
    let run = |n: usize| {
        let run = world.token().arguments(["--transport", TRANSPORTS[n % 2]]);
        redis.keeps(run).start()
    };
    let started: Vec<_> = (0..6).map(run).collect();
    let tokens: HashSet<String> = started
        .into_iter()
        .map(|started| started.end().token()["access_token"].to_string())
        .collect();
    assert_eq!(
        (tokens.len(), world.provider.count(Endpoint::Token)),
        (1, 1)
    );
}

#[test]
fn a_token_outranks_a_redis_that_cannot_be_reached() {
    let world = World::new();
    let port = free_port();
    let url = format!("redis://:canary@127.0.0.1:{port}");
    for transport in TRANSPORTS {
        let run = |run: Run| run.arguments(["--cache-store", &url, "--transport", transport]);
        let ended = run(world.token()).end();
        assert!(
            ended.stderr.contains("could not be written"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert_eq!(ended.token()["token_source"], "identity_provider");
        for command in ["silent", "sign-out"] {
            let of_user = world
                .desktop(command)
                .arguments(["--home-account-id", "a.b"]);
            let error = run(of_user).error(1, "cache");
            let why = error["description"].as_str().unwrap();
            assert!(why.contains("Redis") && !why.contains("canary"), "{why}");
        }
    }
}

#[test]
fn a_password_is_used_and_never_shown() {
    let Some(redis) = Redis::start(&["--requirepass", "canary"]) else {
        return;
    };
    let world = World::new();
    for transport in TRANSPORTS {
        let run = |login: &str| {
            let run = world.token().arguments(["--transport", transport, "-v"]);
            run.arguments(["--cache-store", &redis.url(login)])
        };
        for login in [":canary-but-wrong@", ":canary@", ""] {
            let ended = run(login).end();
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
            let is_kept = !ended.stderr.contains("could not be written");
            assert_eq!(is_kept, login == ":canary@", "{}", ended.stderr);
        }
        assert_eq!(run(":canary@").end().json["token_source"], "cache");
    }
}
