//! Wrong usage: status 2, an error in JSON all the same, and nothing sent.

use std::fs;

use msal_testing::defaults::{CLIENT_SECRET, SECRET_CLIENT_ID};

use crate::world::{GRAPH_SCOPE, TRANSPORTS, World, fixture};

#[test]
fn the_command_line_is_wrong() {
    let world = World::new();
    let lines: &[&[&str]] = &[
        &[],
        &["bogus"],
        &["silent"],
        &["managed-identity"],
        &["help"],
        &["client-credentials", "--bogus"],
        &["client-credentials", "extra-word"],
        &["client-credentials", "--scope"],
        &["client-credentials", "--transport", "curl"],
        &["client-credentials", "--instance-discovery", "maybe"],
        &["client-credentials", "--cache-compatible", "ruby"],
        &["client-credentials", "--cache-store", "file"],
        &["client-credentials", "--github-actions"],
        &["client-credentials", "--client-id", "a", "--client-id", "b"],
        &["--bogus", "client-credentials"],
        &["explain"],
        &["explain", "silent"],
        &["explain", "client-credentials"],
        &["cache"],
        &["cache", "inspect"],
        &["cache", "inspect", "a", "b"],
        &["cache", "burn", "a"],
    ];
    for line in lines {
        let error = world.bare(*line).error(2, "invalid_argument");
        assert!(error["code"].is_null(), "{line:?}");
    }
}

#[test]
fn help_and_version_are_text() {
    let world = World::new();
    for line in [
        &["--help"][..],
        &["-h"],
        &["client-credentials", "--help"],
        &["--scope", "a", "explain", "client-credentials", "--help"],
        &["cache", "--help"],
        &["--version"],
    ] {
        let ended = world.bare(line).end();
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{line:?}");
        assert!(ended.json.is_null() && ended.stdout.len() > 5, "{line:?}");
    }
}

/// Each of these spoils a call that would work, and none of the files that it may name is there.
#[test]
fn an_argument_is_malformed() {
    let world = World::new();
    let proxy = world.provider.proxy_url();
    let directory = world.path("");
    let directory = directory.to_str().unwrap();
    let nonsense = world.file("nonsense", "nonsense");
    let nonsense = nonsense.to_str().unwrap();
    let latin = world.file("latin", b"\xe9");
    let latin = latin.to_str().unwrap();
    let certificate = fixture("certificate.pem");
    let certificate = certificate.to_str().unwrap();
    let key = fixture("key.pem");
    let key = key.to_str().unwrap();
    let secret = ["--secret-env", "S"];
    let pem = ["--certificate", certificate, "--private-key", key];
    let cases: &[(&[&str], &[&str])] = &[
        // Credentials: none, two, half of one, unreadable ones, nonsense.
        (&[], &[]),
        (&secret, &["--assertion-file", nonsense]),
        (&secret, &["--pfx", nonsense, "--pfx-password-env", "S"]),
        (&secret, &pem),
        (&secret, &["--certificate", certificate]),
        (&[], &["--certificate", certificate]),
        (&[], &["--private-key", key]),
        (&[], &["--pfx", nonsense]),
        (&[], &["--pfx-password-env", "S"]),
        (&secret, &["--private-key-password-env", "S"]),
        (&secret, &["--send-x5c"]),
        (&[], &["--secret-env", "UNSET"]),
        (&[], &["--secret-env", "EMPTY"]),
        (&[], &["--secret-env", ""]),
        (&[], &["--secret-env", "A=B"]),
        (&[], &["--assertion-file", "missing"]),
        (&[], &["--assertion-file", directory]),
        (&[], &["--assertion-file", "/dev/null"]),
        (&[], &["--assertion-file", "/dev/zero"]),
        (&[], &["--assertion-file", latin]),
        (&[], &["--certificate", nonsense, "--private-key", key]),
        (
            &[],
            &["--certificate", certificate, "--private-key", nonsense],
        ),
        (&[], &["--certificate", "missing", "--private-key", key]),
        (&pem, &["--private-key-password-env", "UNSET"]),
        (&[], &["--pfx", nonsense, "--pfx-password-env", "S"]),
        (&[], &["--pfx", nonsense, "--pfx-password-env", "UNSET"]),
        // The authority.
        (
            &secret,
            &["--authority", "https://login.microsoftonline.com/common"],
        ),
        (
            &secret,
            &[
                "--authority",
                "https://login.microsoftonline.com/organizations",
            ],
        ),
        (
            &secret,
            &["--authority", "https://login.microsoftonline.com/consumers"],
        ),
        (&secret, &["--authority", ""]),
        (&secret, &["--authority", "nonsense"]),
        (
            &secret,
            &[
                "--authority",
                "http://login.microsoftonline.com/contoso.com",
            ],
        ),
        (
            &secret,
            &["--authority", "https://login.microsoftonline.com"],
        ),
        (
            &secret,
            &[
                "--authority",
                "https://user@login.microsoftonline.com/contoso.com",
            ],
        ),
        (
            &secret,
            &["--authority", "https://login.microsoftonline.com/a/../b?c"],
        ),
        (
            &secret,
            &["--authority", "https://id.example.com/?a", "--oidc"],
        ),
        // The rest.
        (&secret, &["--scope", ""]),
        (&secret, &["--scope", "a b"]),
        (&secret, &["--scope", "a\"b"]),
        (&secret, &["--scope", "é"]),
        (&secret, &["--claims", ""]),
        (&secret, &["--claims", "{"]),
        (&secret, &["--claims", "[]"]),
        (&secret, &["--client-claims", "null"]),
        (&secret, &["--client-capability", ""]),
        (&secret, &["--correlation-id", "1"]),
        (
            &secret,
            &["--correlation-id", "0f8fad5bd9cb469fa165708677289501"],
        ),
        (&secret, &["--timeout", ""]),
        (&secret, &["--timeout", "soon"]),
        (&secret, &["--timeout=-1"]),
        (&secret, &["--timeout", "NaN"]),
        (&secret, &["--timeout", "inf"]),
        (&secret, &["--extra", "key"]),
        (&secret, &["--extra", "=value"]),
        (&secret, &["--extra", "a=1", "--extra", "a=2"]),
        (&secret, &["--extra", "client_secret=x"]),
        (&secret, &["--extra", "scope=x"]),
        (&secret, &["--azure-region", ""]),
        (&secret, &["--azure-region", "evil.example"]),
        (&secret, &["--fmi-path", ""]),
        (&secret, &["--proxy", "nonsense"]),
        (&secret, &["--proxy", "ftp://127.0.0.1"]),
        (&secret, &["--ca-file", "missing"]),
        (&secret, &["--ca-file", nonsense]),
        (&secret, &["--cache", directory]),
        (&secret, &["--cache", ""]),
    ];
    for command in [
        &["client-credentials"][..],
        &["explain", "client-credentials"],
    ] {
        for transport in TRANSPORTS {
            for (credential, wrong) in cases {
                let mut line = vec!["--transport", transport];
                for (name, value) in [
                    ("--client-id", SECRET_CLIENT_ID),
                    (
                        "--authority",
                        "https://login.microsoftonline.com/contoso.com",
                    ),
                    ("--proxy", proxy.as_str()),
                    ("--scope", GRAPH_SCOPE),
                ] {
                    if !wrong.contains(&name) {
                        line.extend([name, value]);
                    }
                }
                let run = world.bare(command).arguments(line).arguments(*credential);
                let run = run
                    .arguments(*wrong)
                    .env("S", CLIENT_SECRET)
                    .env("EMPTY", "");
                run.error(2, "invalid_argument");
            }
        }
    }
    assert_eq!(world.provider.connections(), 0);
    assert_eq!(world.names(), ["latin", "nonsense"]);
}

#[test]
fn an_option_is_missing() {
    let world = World::new();
    let authority = world.provider.authority();
    let all = [
        ["--client-id", SECRET_CLIENT_ID],
        ["--scope", GRAPH_SCOPE],
        ["--authority", &authority],
        ["--secret-env", "S"],
    ];
    for left_out in all {
        let given = all.into_iter().filter(|option| *option != left_out);
        let run = world.run(["client-credentials"]).arguments(given.flatten());
        run.env("S", CLIENT_SECRET).error(2, "invalid_argument");
    }
    let empty = world
        .run(["client-credentials", "--client-id", ""])
        .arguments(all[1..].concat());
    empty.env("S", CLIENT_SECRET).error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn variables_of_the_platform_are_malformed() {
    let world = World::new();
    let run = world.token().env("MSAL_FORCE_REGION", "evil.example");
    run.error(2, "invalid_argument");
    let run = world.token().arguments(["--azure-region", "auto"]);
    run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://evil.example")
        .error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn a_damaged_cache_is_left_alone_by_wrong_usage() {
    let world = World::new();
    let cache = world.file("cache.json", "{");
    let run = || world.token().path("--cache", &cache);
    run()
        .arguments(["--scope", "a b"])
        .error(2, "invalid_argument");
    run()
        .arguments(["--claims", "{"])
        .error(2, "invalid_argument");
    run()
        .arguments(["--extra", "scope=x"])
        .error(2, "invalid_argument");
    assert_eq!(world.names(), ["cache.json"]);
    assert_eq!(fs::read(&cache).unwrap(), b"{");
}

#[test]
fn what_was_wrong_is_not_quoted_where_it_could_tell_something() {
    let world = World::new();
    for wrong in [
        ["--claims", "{canary-4711"],
        ["--client-claims", "{canary-4711"],
        ["--proxy", "http://user:canary-4711@127.0.0.1:99999"],
    ] {
        let line = [
            "client-credentials",
            "--client-id",
            "x",
            "--scope",
            "a",
            "--secret-env",
            "S",
        ];
        let run = world.bare(line).arguments(wrong).env("S", "s");
        let ended = run
            .arguments(["--authority", &world.provider.authority()])
            .end();
        assert_eq!(ended.status, 2);
        assert!(
            !format!("{}{}", ended.stdout, ended.stderr).contains("canary"),
            "{}",
            ended.stdout
        );
    }
    // Somebody took the option for one that takes the secret.
    let run = world
        .token_of("x")
        .arguments(["--secret-env", "canary~4711"]);
    let error = run.error(2, "invalid_argument");
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[cfg(unix)]
#[test]
fn arguments_and_variables_that_are_not_utf_8_are_wrong_usage() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let world = World::new();
    let latin = OsStr::from_bytes(b"caf\xe9");
    world.bare([latin]).error(2, "invalid_argument");
    world
        .bare([OsStr::new("--scope"), latin])
        .error(2, "invalid_argument");
    world
        .token()
        .arguments([OsStr::new("--extra"), latin])
        .error(2, "invalid_argument");
    world.token().env("S", latin).error(2, "invalid_argument");
    // A path may be anything, and a variable that nobody needs too.
    world
        .token()
        .path("--cache", &world.path("").join(latin))
        .env("REGION_NAME", latin)
        .token();
}

#[cfg(unix)]
#[test]
fn output_that_nobody_reads_is_no_panic() {
    use std::process::Stdio;

    let world = World::new();
    let cache = world.path("cache.json");
    world.token().path("--cache", &cache).token();
    for line in [&["--help"][..], &["bogus"], &[]] {
        let mut run = match line {
            [] => world.token().path("--cache", &cache),
            line => world.bare(line),
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        run.0.stdout(writer).stderr(Stdio::piped());
        let ended = run.0.output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(
            matches!(ended.status.code(), Some(1 | 2)),
            "{line:?} {:?}",
            ended.status
        );
        // Nor is nobody who listens.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        run.0.stdout(Stdio::piped()).stderr(writer);
        let ended = run.0.arg("-v").output().unwrap();
        assert!(
            ended.status.code().is_some_and(|code| code < 3),
            "{line:?} {:?}",
            ended.status
        );
    }
}
