//! Nothing secret is shown but the token itself, with `-v` either.

use std::fs;

use msal_testing::defaults::{CLIENT_SECRET, SECRET_CLIENT_ID};
use msal_testing::{App, Endpoint, Fault, LocalIdentityProvider};

use crate::world::{ID, PASSWORD, Run, TRANSPORTS, World, fixture};

#[test]
fn the_log_tells_what_happens_and_only_when_asked() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || {
            world
                .token()
                .arguments(["--transport", transport])
                .path("--cache", &cache)
        };
        let with_id = || run().arguments(["-v", "--correlation-id", ID]);
        for state in ["missing", "fresh"] {
            let ended = with_id().end();
            assert_eq!(ended.status, 0);
            for part in [ID, "client credentials", "login.microsoftonline.com", state] {
                assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
            }
        }
    }
}

#[test]
fn no_secret_is_in_what_people_read() {
    for transport in TRANSPORTS {
        let der = fs::read(fixture("certificate.der")).unwrap();
        let app = App::new("app").certificate_der(&der);
        let world = World::of(LocalIdentityProvider::builder().app(app));
        let cache = world.path("cache.json");
        let with_secret = || world.token().arguments(["-v", "--transport", transport]);
        let with_key = || {
            let run = world
                .token_of("app")
                .path("--certificate", &fixture("certificate.pem"));
            let run = run.path("--private-key", &fixture("key-aes256.pem"));
            let run = run.arguments(["--private-key-password-env", "P", "-v"]);
            run.arguments(["--transport", transport]).env("P", PASSWORD)
        };
        let with_pfx = |password: &str| {
            let run = world.token_of("app").path("--pfx", &fixture("modern.pfx"));
            run.arguments(["--pfx-password-env", "P", "-v"])
                .env("P", password)
        };
        let forced = || {
            with_secret()
                .path("--cache", &cache)
                .arguments(["--force-refresh"])
        };
        let mut secrets: Vec<String> = vec![
            CLIENT_SECRET.to_owned(),
            PASSWORD.to_owned(),
            "canary-password".to_owned(),
        ];
        let key = fs::read_to_string(fixture("key-aes256.pem")).unwrap();
        secrets.extend(
            key.lines()
                .filter(|line| !line.starts_with("--"))
                .map(str::to_owned),
        );
        let good: [Run; 4] = [
            with_secret().path("--cache", &cache),
            with_secret().path("--cache", &cache),
            with_key(),
            with_pfx(PASSWORD),
        ];
        let mut shown = String::new();
        for run in good {
            let ended = run.end();
            assert_eq!(ended.status, 0, "{}", ended.stdout);
            let token = ended.json["access_token"].as_str().unwrap();
            secrets.push(token.to_owned());
            shown += &ended.stdout.replacen(token, "", 1);
            shown += &ended.stderr;
        }
        for fault in [
            Fault::json(
                400,
                r#"{"error":"invalid_client","error_description":"eyJcanary.token.text"}"#,
            ),
            Fault::json(200, r#"{"access_token":"canary-body","expires_in":"x"#),
            Fault::status(500).body("canary-body").times(2),
            Fault::redirect(302, "https://evil.example/?canary-location"),
            Fault::garbage().times(2),
        ] {
            world.provider.script(fault.on(Endpoint::Token));
            let ended = forced().end();
            assert_eq!(ended.status, 1, "{}", ended.stdout);
            shown += &(ended.stdout + &ended.stderr);
        }
        let ended = with_pfx("canary-password").end();
        assert_eq!(ended.status, 1);
        shown += &(ended.stdout + &ended.stderr);
        let ended = world.bare(["cache", "inspect"]).arguments([&cache]).end();
        shown += &ended.stdout;
        let ended = world
            .explain()
            .arguments(["-v", "--scope", "a"])
            .path("--cache", &cache)
            .end();
        shown += &(ended.stdout + &ended.stderr);

        for request in world.provider.requests(Endpoint::Token) {
            secrets.extend(request.form_field("client_assertion"));
        }
        for canary in ["eyJcanary", "canary-body", "canary-location"] {
            secrets.push(canary.to_owned());
        }
        assert!(secrets.len() > 20 && shown.contains(SECRET_CLIENT_ID));
        for secret in secrets {
            assert!(!shown.contains(&secret), "{secret} in {shown}");
        }
    }
}
