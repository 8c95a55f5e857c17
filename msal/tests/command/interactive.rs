//! `interactive`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use msal_testing::defaults::{PASSWORD, USERNAME};
use msal_testing::{AuthorizationAnswer, Endpoint, Person};
use url::Url;

use crate::users::secret_of;
use crate::world::{ID, Run, Started, TRANSPORTS, World};

/// The URL that the user is shown.
fn url_in(line: &str) -> String {
    let start = line.find("https://").expect(line);
    line[start..].to_owned()
}

/// Brings the answer to the port that waits for it, and gives the page that the browser shows then.
fn deliver(answer: &AuthorizationAnswer) -> String {
    let to = Url::parse(answer.location().unwrap_or_else(|| answer.redirect_uri())).unwrap();
    assert_eq!(to.host_str(), Some("localhost"));
    let port = to.port().unwrap();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let request = match answer.body() {
        Some(body) => format!(
            "POST {} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            to.path(),
            body.len()
        ),
        None => format!(
            "GET {} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n",
            &to[url::Position::BeforePath..]
        ),
    };
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// Started with a browser that is none: `true` shows nothing to anybody.
fn started(run: Run) -> (Started, String) {
    let mut started = run.arguments(["--open-with", "/bin/true"]).start();
    let url = url_in(&started.line_with("https://"));
    (started, url)
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(own, _)| own == name);
    found.map(|(_, value)| value.into_owned())
}

#[test]
fn a_user_signs_in_in_the_browser() {
    for transport in TRANSPORTS {
        for mode in [None, Some("form_post"), Some("query")] {
            let world = World::new();
            let cache = world.path("cache.json");
            let with = ["--transport", transport, "--correlation-id", ID];
            let run = world.desktop("interactive").arguments(with);
            let run = match mode {
                Some(mode) => run.arguments(["--response-mode", mode]),
                None => run,
            };
            let (started, url) = started(run.path("--cache", &cache));
            let answer = world.provider.sign_in(&url, USERNAME, PASSWORD).unwrap();
            let page = deliver(&answer);
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            let ended = started.end();
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
            let token = ended.token();
            assert_eq!(token["account"]["username"], USERNAME);
            assert_eq!(token["correlation_id"], ID);
            assert_eq!(token["token_source"], "identity_provider");
            let silent = world.desktop("silent").path("--cache", &cache).token();
            assert_eq!(silent["access_token"], token["access_token"]);
            assert_eq!(silent["id_token_claims"], token["id_token_claims"]);
        }
    }
}

#[test]
fn the_url_says_what_it_was_told_to() {
    let world = World::new();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let run = world.desktop("interactive").arguments([
        "--port",
        &port,
        "--login-hint",
        USERNAME,
        "--domain-hint",
        "contoso.com",
        "--prompt",
        "login",
        "--extra",
        "dc=ESTS-PUB",
    ]);
    let (started, url) = started(run);
    let redirect_uri = format!("http://localhost:{port}");
    for (name, value) in [
        ("redirect_uri", redirect_uri.as_str()),
        ("login_hint", USERNAME),
        ("domain_hint", "contoso.com"),
        ("prompt", "login"),
        ("response_mode", "form_post"),
        ("dc", "ESTS-PUB"),
    ] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{name}");
    }
    deliver(&world.provider.sign_in(&url, USERNAME, PASSWORD).unwrap());
    started.end().token();
    let sent = &world.provider.requests(Endpoint::Token)[0];
    assert_eq!(sent.form_field("dc").as_deref(), Some("ESTS-PUB"));
    assert_eq!(sent.form_field("redirect_uri"), Some(redirect_uri));
}

#[test]
fn the_log_holds_neither_the_code_nor_what_came_of_it() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let with = ["-v", "--transport", transport];
        let run = world.desktop("interactive").arguments(with);
        let (started, url) = started(run.path("--cache", &cache));
        let answer = world.provider.sign_in(&url, USERNAME, PASSWORD).unwrap();
        deliver(&answer);
        let ended = started.end();
        let sent = &world.provider.requests(Endpoint::Token)[0];
        let mut secrets = vec![
            answer.get("code").unwrap().to_owned(),
            sent.form_field("code_verifier").unwrap(),
        ];
        for section in ["AccessToken", "IdToken", "RefreshToken"] {
            secrets.push(secret_of(&cache, section));
        }
        for secret in secrets {
            assert!(!ended.stderr.contains(&secret), "{secret}");
        }
        assert!(ended.stderr.contains("interactive"), "{}", ended.stderr);
        ended.token();
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_and_no_other_is_used() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for transport in TRANSPORTS {
        let world = World::new();
        let run = world
            .desktop("interactive")
            .arguments(["--transport", transport]);
        let run = run.arguments(["--open-with", "/bin/true", "--port", &port]);
        let error = run.error(1, "browser");
        assert!(error["description"].as_str().unwrap().contains(&port));
        assert_eq!(world.provider.connections(), 0);
    }
}

#[cfg(unix)]
fn script(world: &World, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;

    let path = world.file("browser", format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn the_program_that_opens_gets_the_url_alone_and_may_stay_and_write() {
    for transport in TRANSPORTS {
        let world = World::new();
        let seen = world.path("seen");
        let program = script(
            &world,
            &format!(
                "printf '%s\\n' \"$#\" \"$1\" > {0}.new; mv {0}.new {0}; echo noise; echo noise >&2; exec sleep 20",
                seen.display()
            ),
        );
        let run = world
            .desktop("interactive")
            .arguments(["--transport", transport]);
        let run = run.env("PATH", "/usr/bin:/bin");
        let mut started = run.path("--open-with", &program).start();
        let begun = Instant::now();
        let url = url_in(&started.line_with("https://"));
        while !seen.exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "nobody was called"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(fs::read_to_string(&seen).unwrap(), format!("1\n{url}\n"));
        deliver(&world.provider.sign_in(&url, USERNAME, PASSWORD).unwrap());
        let ended = started.end();
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it was waited for"
        );
        assert!(!ended.stderr.contains("noise") && !ended.stdout.contains("noise"));
        ended.token();
    }
}

#[test]
fn where_no_browser_opens_the_user_has_the_url() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = world
            .desktop("interactive")
            .arguments(["--transport", transport]);
        let missing = world.path("missing");
        let mut started = run.path("--open-with", &missing).start();
        let url = url_in(&started.line_with("https://"));
        deliver(&world.provider.sign_in(&url, USERNAME, PASSWORD).unwrap());
        let ended = started.end();
        assert!(
            ended.stderr.contains("no browser was opened"),
            "{}",
            ended.stderr
        );
        ended.token();
    }
}

#[test]
fn a_user_who_cancels_at_the_page_is_an_error() {
    for transport in TRANSPORTS {
        let world = World::new();
        let run = world
            .desktop("interactive")
            .arguments(["--transport", transport]);
        let (started, url) = started(run.arguments(["--prompt", "consent"]));
        let person = Person::new(USERNAME).declines();
        let answer = world.provider.browser().sign_in(&url, &person).unwrap();
        let page = deliver(&answer);
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let error = started.end().error("cancelled", 1, "server");
        assert_eq!(error["code"], "access_denied");
        assert_eq!(world.provider.count(Endpoint::Token), 0);
    }
}

#[test]
fn nobody_who_comes_ends_by_the_timeout() {
    for transport in TRANSPORTS {
        let world = World::new();
        let begun = Instant::now();
        let run = world
            .desktop("interactive")
            .arguments(["--transport", transport]);
        let (started, _) = started(run.arguments(["--timeout", "1"]));
        started.end().error("timeout", 1, "timeout");
        assert!(begun.elapsed() >= Duration::from_secs(1));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn wrong_usage_opens_nothing() {
    let world = World::new();
    for wrong in [
        &["--port", "x"][..],
        &["--port", "70000"],
        &["--prompt", "please"],
        &["--response-mode", "fragment"],
        &["--extra", "scope=x"],
        &["--open-with"],
    ] {
        let run = world.desktop("interactive").arguments(wrong);
        run.error(2, "invalid_argument");
    }
    let run = world.web("interactive");
    run.error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
}
