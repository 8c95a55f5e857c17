//! Wrong usage of the commands for users: status 2, an error in JSON all the same, nothing sent and no file touched.

use msal_testing::defaults::{PASSWORD, PUBLIC_CLIENT_ID, WEB_CLIENT_ID, WEB_CLIENT_SECRET};

use crate::users::{REDIRECT_URI, SCOPE};
use crate::world::{TRANSPORTS, World};

/// The commands that ask for a token, each with what it cannot be without.
const COMMANDS: &[&[&str]] = &[
    &["auth-code-url", "--redirect-uri", REDIRECT_URI],
    &["device-code"],
    &["explain", "silent"],
    &["interactive"],
    &["on-behalf-of", "--user-assertion-file", "ASSERTION"],
    &["refresh-token", "--refresh-token-env", "P"],
    &["silent"],
    &[
        "username-password",
        "--username",
        "u@contoso.com",
        "--password-env",
        "P",
    ],
];

/// Each of these spoils a call that would work.
const WRONG: &[&[&str]] = &[
    &["--scope", ""],
    &["--scope", "a b"],
    &["--scope", "é"],
    &["--claims", "{"],
    &["--claims", "[]"],
    &["--client-claims", "null"],
    &["--client-capability", ""],
    &["--correlation-id", "1"],
    &["--timeout", "soon"],
    &["--timeout=-1"],
    &["--extra", "key"],
    &["--extra", "a=1", "--extra", "a=2"],
    &["--extra", "scope=x"],
    &["--extra", "client_secret=x"],
    &["--authority", ""],
    &["--authority", "http://login.microsoftonline.com/common"],
    &["--authority", "https://login.microsoftonline.com"],
    &["--client-id", ""],
    &["--proxy", "nonsense"],
    &["--ca-file", "missing"],
    &["--cache-compatible", "ruby"],
    &["--bogus"],
    &["extra-word"],
    &["--secret-env", "UNSET"],
    &["--secret-env", "P", "--assertion-file", "ASSERTION"],
    &["--send-x5c"],
];

#[test]
fn an_argument_is_malformed() {
    let world = World::new();
    let proxy = world.provider.proxy_url();
    let assertion = world.file("assertion", "a.b.c");
    let assertion = assertion.to_str().unwrap();
    let cache = world.file("cache.json", "{");
    let cache = cache.to_str().unwrap();
    for (index, command) in COMMANDS.iter().enumerate() {
        for (place, wrong) in WRONG.iter().enumerate() {
            let is_api = command[0] == "on-behalf-of";
            let transport = TRANSPORTS[(index + place) % 2];
            let mut line = vec!["--transport", transport, "--cache", cache];
            let defaults = [
                (
                    "--client-id",
                    if is_api {
                        WEB_CLIENT_ID
                    } else {
                        PUBLIC_CLIENT_ID
                    },
                ),
                ("--proxy", proxy.as_str()),
                ("--scope", SCOPE),
            ];
            for (name, value) in defaults {
                if !wrong.contains(&name) {
                    line.extend([name, value]);
                }
            }
            if is_api && !wrong.contains(&"--secret-env") {
                line.extend(["--secret-env", "S"]);
            }
            let named = |word: &&'static str| match *word {
                "ASSERTION" => assertion.to_owned(),
                word => word.to_owned(),
            };
            let run = world.bare(command.iter().map(named)).arguments(line);
            let run = run.arguments(wrong.iter().map(named));
            let run = run.env("P", PASSWORD).env("S", WEB_CLIENT_SECRET);
            run.error(2, "invalid_argument");
        }
    }
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(world.names(), ["assertion", "cache.json"]);
    assert_eq!(std::fs::read_to_string(cache).unwrap(), "{");
}

#[test]
fn a_client_and_a_scope_are_needed() {
    let world = World::new();
    let assertion = world.file("assertion", "a.b.c");
    for command in COMMANDS {
        for left_out in [0, 1] {
            let given = [["--scope", SCOPE], ["--client-id", PUBLIC_CLIENT_ID]];
            let words = command.iter().map(|word| match *word {
                "ASSERTION" => assertion.to_str().unwrap(),
                word => word,
            });
            let run = world.run(words).arguments(given[left_out]);
            let run = run.arguments(["--secret-env", "P"]).env("P", PASSWORD);
            run.error(2, "invalid_argument");
        }
    }
    for command in ["accounts", "sign-out"] {
        world.run([command]).error(2, "invalid_argument");
        let run = world.run([command, "--client-id", "x"]);
        run.arguments(["--cache", ""]).error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn each_command_has_help() {
    let world = World::new();
    for command in [
        &["accounts"][..],
        &["auth-code"],
        &["auth-code-url"],
        &["device-code"],
        &["explain", "silent"],
        &["interactive"],
        &["on-behalf-of"],
        &["refresh-token"],
        &["sign-out"],
        &["silent"],
        &["username-password"],
    ] {
        let ended = world.bare(command).arguments(["--help"]).end();
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, ""),
            "{command:?}"
        );
        let name = command.join(" ");
        assert!(
            ended.stdout.contains(&format!("msal {name}")),
            "{}",
            ended.stdout
        );
    }
}
