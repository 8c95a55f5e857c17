//! Several processes on one `--cache` file.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use msal_testing::Endpoint;
use msal_testing::defaults::{
    FAMILY_CLIENT_ID, OTHER_USERNAME, PERSONAL_USERNAME, PUBLIC_CLIENT_ID, USERNAME,
};
use serde_json::json;

use crate::users::{REDIRECT_URI, SCOPE, expire};
use crate::world::{Ended, Run, Started, TRANSPORTS, World};

fn all_at_once(runs: Vec<Run>) -> Vec<Ended> {
    let started: Vec<Started> = runs.into_iter().map(Run::start).collect();
    started.into_iter().map(Started::end).collect()
}

/// The transport of the process of this number: half of them have each.
fn transport(number: usize) -> [&'static str; 2] {
    ["--transport", TRANSPORTS[number % 2]]
}

#[test]
fn of_eight_that_begin_at_once_none_is_lost() {
    for _ in 0..3 {
        let world = World::new();
        let cache = world.path("cache.json");
        let client = |client_id: &'static str| {
            let world = &world;
            move |command: &str| {
                let run = world.run([command, "--client-id", client_id]);
                run.arguments(["--scope", SCOPE])
            }
        };
        let users = [USERNAME, OTHER_USERNAME, PERSONAL_USERNAME];
        let signed_in = [PUBLIC_CLIENT_ID, FAMILY_CLIENT_ID].map(|id| users.map(|user| (id, user)));
        let mut runs = Vec::new();
        for (client_id, username) in signed_in.concat() {
            let client = client(client_id);
            let begun = World::begin(client("auth-code-url"), REDIRECT_URI);
            let response = world.response(&begun, username);
            let flow = world.file(&format!("flow-{}", runs.len()), begun.to_string());
            let run = client("auth-code").path("--flow", &flow);
            runs.push(run.arguments(["--response", &response]));
        }
        runs.push(world.token());
        runs.push(world.token().arguments(["--extra", "dc=x"]));
        let numbered = runs.into_iter().enumerate();
        let runs = numbered.map(|(n, run)| run.arguments(transport(n)).path("--cache", &cache));
        for ended in all_at_once(runs.collect()) {
            assert_eq!(ended.stderr, "", "{}", ended.stdout);
            assert_eq!(ended.token()["token_source"], "identity_provider");
        }

        let before = fs::read(&cache).unwrap();
        let connections = world.provider.connections();
        for (client_id, username) in signed_in.concat() {
            let run = client(client_id)("silent").arguments(["--username", username]);
            let token = run.path("--cache", &cache).token();
            assert_eq!(token["token_source"], "cache", "{client_id} {username}");
        }
        for more in [&[][..], &["--extra", "dc=x"]] {
            let token = world
                .token()
                .arguments(more)
                .path("--cache", &cache)
                .token();
            assert_eq!(token["token_source"], "cache", "{more:?}");
        }
        assert_eq!(world.provider.connections(), connections);
        assert_eq!(fs::read(&cache).unwrap(), before);
        world.bare(["cache", "verify"]).arguments([&cache]).answer();
    }
}

/// A provider that takes each refresh token once would refuse all but one of them.
#[test]
fn eight_with_one_expired_user_refresh_once() {
    for _ in 0..3 {
        let world = World::new();
        world.provider.set_rotating_refresh_tokens(true);
        let cache = world.path("cache.json");
        let first = world.signed_in(USERNAME, &cache);
        expire(&cache);
        world.provider.clear_journal();
        world.provider.set_latency(Duration::from_millis(100));
        let run = |n| {
            let run = world.desktop("silent").arguments(transport(n));
            run.path("--cache", &cache)
        };
        let ended = all_at_once((0..8).map(run).collect());
        let tokens: HashSet<String> = ended
            .into_iter()
            .map(|ended| {
                assert_eq!(ended.stderr, "", "{}", ended.stdout);
                ended.token()["access_token"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(world.provider.count(Endpoint::Token), 1);
        assert_eq!(tokens.len(), 1);
        assert!(!tokens.contains(first["access_token"].as_str().unwrap()));
    }
}

#[test]
fn eight_with_an_empty_cache_ask_for_one_app_token() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.provider.set_latency(Duration::from_millis(100));
    let run = |n| {
        world
            .token()
            .arguments(transport(n))
            .path("--cache", &cache)
    };
    let ended = all_at_once((0..8).map(run).collect());
    let tokens: HashSet<String> = ended
        .into_iter()
        .map(|ended| ended.token()["access_token"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (tokens.len(), world.provider.count(Endpoint::Token)),
        (1, 1)
    );
}

/// Where the process is by then is for the machine to say: on the way to the token, or in the middle of the save.
#[cfg(unix)]
#[test]
fn one_that_is_killed_leaves_nothing_broken() {
    let world = World::new();
    let cache = world.path("cache.json");
    let other = || world.token().arguments(["--extra", "dc=x"]);
    let kept = other().path("--cache", &cache).token();
    let run = |n: usize| {
        let run = world.token().arguments(["--force-refresh"]);
        run.arguments(transport(n)).path("--cache", &cache)
    };
    let begun = Instant::now();
    run(0).token();
    let whole = begun.elapsed();
    let mut killed = 0;
    for n in 0..40 {
        let mut child = run(n).spawned();
        // From the start of the process to well after its end.
        thread::sleep(whole * (n as u32 * 7 % 40) / 30);
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();

        let listing = world
            .bare(["cache", "inspect"])
            .arguments([&cache])
            .answer();
        assert_eq!(
            (&listing["damaged"], &listing["collisions"]),
            (&json!(0), &json!([]))
        );
        let token = other().path("--cache", &cache).token();
        assert_eq!(token["access_token"], kept["access_token"], "{n}");
        run(n + 1).token();
    }
    eprintln!("{killed} of 40 were killed before they ended");
    assert!(killed > 5, "{killed} were killed");
    let names = world.files();
    assert!(
        names.iter().all(|name| !name.contains("corrupt")),
        "{names:?}"
    );
    assert!(
        names.iter().all(|name| !name.ends_with("-new")),
        "{names:?}"
    );
}
