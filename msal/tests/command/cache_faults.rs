//! A cache file that can only be read, or not even that.
#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use msal_testing::Endpoint;
use msal_testing::defaults::USERNAME;
use serde_json::json;

use crate::world::{Run, TRANSPORTS, World};

/// The same command, run by another program that is given its arguments.
fn within(run: Run, program: &[&str]) -> Run {
    let mut command = Command::new(program[0]);
    command.env_clear().args(&program[1..]).stdin(Stdio::null());
    command.arg(run.0.get_program()).args(run.0.get_args());
    for (name, value) in run.0.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    Run(command)
}

/// Where no file can get any byte more, as on a disk that is full.
fn on_full_disk(run: Run) -> Run {
    let script = r#"trap '' XFSZ; ulimit -f 0; exec "$@""#;
    within(run, &["/bin/sh", "-c", script, "sh"])
}

#[test]
fn on_a_full_disk_the_token_is_printed_and_the_file_stays() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        world.signed_in(USERNAME, &cache);
        let before = fs::read(&cache).unwrap();
        let run = |run: Run| {
            run.arguments(["--transport", transport])
                .path("--cache", &cache)
        };
        for fetched in [
            run(world.token()),
            run(world.desktop("silent").arguments(["--force-refresh"])),
        ] {
            let ended = on_full_disk(fetched).end();
            assert!(
                ended.stderr.contains("could not be written"),
                "{}",
                ended.stderr
            );
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
            assert_eq!(ended.token()["token_source"], "identity_provider");
        }
        // What writes nothing, needs no room.
        let hit = on_full_disk(run(world.desktop("silent"))).token();
        assert_eq!(hit["token_source"], "cache");
        on_full_disk(run(world.desktop_accounts("sign-out"))).error(1, "cache");
        assert_eq!(fs::read(&cache).unwrap(), before);
        assert_eq!(world.files(), ["cache.json"]);

        assert_eq!(
            run(world.token()).token()["token_source"],
            "identity_provider"
        );
        assert_eq!(run(world.token()).token()["token_source"], "cache");
        assert_eq!(
            run(world.desktop("silent")).token()["token_source"],
            "cache"
        );
    }
}

/// Somebody who has no rights but their own. None where nobody can become them.
struct Nobody(Vec<OsString>);

impl Nobody {
    /// Prepares the world's folder so that they can read what is in it, and not write.
    fn of(world: &World) -> Option<Self> {
        let folder = world.path("x");
        let folder = folder.parent().unwrap();
        if fs::metadata(folder).unwrap().uid() != 0 {
            return Some(Self(Vec::new()));
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let nobody = Self(
            [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
            ]
            .map(OsString::from)
            .to_vec(),
        );
        let ended = nobody.does(world.bare(["--version"])).0.output();
        if !ended.is_ok_and(|ended| ended.status.success()) {
            eprintln!("skipped: nobody else can run the command here");
            return None;
        }
        Some(nobody)
    }

    fn does(&self, run: Run) -> Run {
        let program: Vec<&str> = self.0.iter().map(|word| word.to_str().unwrap()).collect();
        match program.is_empty() {
            true => run,
            false => within(run, &program).env("PATH", std::env::var_os("PATH").unwrap()),
        }
    }

    /// Makes it theirs alone.
    fn owns(&self, file: &Path, mode: u32) {
        if !self.0.is_empty() {
            chown(file, Some(65_534), Some(65_534)).unwrap();
        }
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn in_a_folder_that_cannot_be_written_the_cache_is_read_and_nothing_is_kept() {
    for transport in TRANSPORTS {
        let world = World::new();
        let Some(nobody) = Nobody::of(&world) else {
            return;
        };
        let roots = world.file("roots.pem", world.provider.ca_pem());
        fs::set_permissions(&roots, fs::Permissions::from_mode(0o444)).unwrap();
        let folder = world.path("folder");
        fs::create_dir(&folder).unwrap();
        let cache = folder.join("cache.json");
        world.token().path("--cache", &cache).token();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path != cache {
                fs::remove_file(path).unwrap();
            }
        }
        nobody.owns(&cache, 0o600);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        let before = fs::read(&cache).unwrap();
        let run = |run: Run| {
            let run = run
                .arguments(["--transport", transport])
                .path("--cache", &cache);
            nobody.does(run.path("--ca-file", &roots))
        };
        let token = |more: &[&str]| {
            let run = world.bare_token().arguments(more);
            run.arguments(["--proxy", &world.provider.proxy_url()])
        };
        assert_eq!(run(token(&[])).token()["token_source"], "cache");
        let ended = run(token(&["--force-refresh"])).end();
        assert!(
            ended.stderr.contains("could not be written"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert_eq!(ended.token()["token_source"], "identity_provider");
        assert_eq!(fs::read(&cache).unwrap(), before);

        // One that is damaged stays, and is told.
        fs::write(&cache, "[}").unwrap();
        let ended = run(token(&[])).end();
        for part in [
            "nothing is kept",
            "could not be moved away",
            "could not be written",
        ] {
            assert!(ended.stderr.contains(part), "{}", ended.stderr);
        }
        assert_eq!(ended.token()["token_source"], "identity_provider");
        assert_eq!(fs::read(&cache).unwrap(), b"[}");

        // One that must not even be read is found before anything is sent.
        world.provider.clear_journal();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o000)).unwrap();
        run(token(&[])).error(2, "invalid_argument");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        run(token(&[])).error(2, "invalid_argument");
        assert_eq!(world.provider.count(Endpoint::Token), 0);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_lock_that_cannot_be_had_is_waited_for_and_then_gone_without() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.signed_in(USERNAME, &cache);
    let before = fs::read(&cache).unwrap();
    let lock = fs::File::open(world.path("cache.json.lock")).unwrap();
    lock.lock().unwrap();
    let begun = Instant::now();
    // What is in the cache needs none.
    let silent = world.desktop("silent").path("--cache", &cache).token();
    assert_eq!(silent["token_source"], "cache");
    let fetched = TRANSPORTS.map(|transport| {
        let run = world.token().arguments(["--transport", transport]);
        run.path("--cache", &cache).start()
    });
    let sign_out = world.desktop_accounts("sign-out").path("--cache", &cache);
    let sign_out = sign_out.start();
    for fetched in fetched {
        let ended = fetched.end();
        assert!(
            ended.stderr.contains("locked by somebody else"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert_eq!(ended.token()["token_source"], "identity_provider");
    }
    sign_out.end().error("sign-out", 1, "cache");
    let waited = begun.elapsed();
    let expected = Duration::from_secs(9)..Duration::from_secs(25);
    assert!(expected.contains(&waited), "{waited:?}");
    assert_eq!(fs::read(&cache).unwrap(), before);
    lock.unlock().unwrap();
    let answer = world
        .desktop_accounts("sign-out")
        .path("--cache", &cache)
        .answer();
    assert_eq!(answer, json!({ "removed": 1 }));
}

#[test]
fn a_folder_that_is_missing_is_made_for_its_owner_alone() {
    for umask in ["0", "022", "077"] {
        let world = World::new();
        let folder = world.path("of").join("mine");
        let cache = folder.join("cache.json");
        let script = format!(r#"umask {umask}; exec "$@""#);
        let run = world.token().path("--cache", &cache);
        let token = within(run, &["/bin/sh", "-c", &script, "sh"]).token();
        assert_eq!(token["token_source"], "identity_provider");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&cache), 0o600, "{umask}");
        for folder in [&folder, &world.path("of")] {
            assert_eq!(mode(folder), 0o700, "{umask}");
        }
    }
}

#[test]
fn where_others_could_have_put_it_a_file_is_refused() {
    let world = World::new();
    let cache = world.path("cache.json");
    world.token().path("--cache", &cache).token();
    let before = fs::read(&cache).unwrap();
    let connections = world.provider.connections();
    let refused = |cache: &Path| {
        for run in [world.token(), world.explain().arguments(["--scope", "a"])] {
            run.path("--cache", cache).error(2, "invalid_argument");
        }
    };
    let open = world.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    refused(&open.join("cache.json"));
    assert_eq!(fs::read_dir(&open).unwrap().count(), 0);

    fs::hard_link(&cache, world.path("other.json")).unwrap();
    refused(&cache);
    fs::remove_file(world.path("other.json")).unwrap();
    assert_eq!(fs::read(&cache).unwrap(), before);
    assert_eq!(world.provider.connections(), connections);
}
