//! What people read of a sign-in holds no secret, with `-v` either; what scripts read holds it where it belongs.

use std::fs;

use msal_testing::defaults::{
    API_CLIENT_SECRET, FEDERATED_USERNAME, MFA_USERNAME, PASSWORD, USERNAME, WEB_CLIENT_SECRET,
};
use msal_testing::{Endpoint, Fault};

use crate::users::{REDIRECT_URI, WEB_REDIRECT_URI, secrets_of};
use crate::world::{Ended, Run, TRANSPORTS, World};

/// Everything that was shown, without the secrets where they belong.
#[derive(Default)]
struct Shown {
    text: String,
    secrets: Vec<String>,
}

impl Shown {
    /// A token is printed once.
    fn see(&mut self, ended: &Ended) {
        self.text += &ended.stderr;
        match ended.json["access_token"].as_str() {
            Some(token) => {
                self.secrets.push(token.to_owned());
                self.text += &ended.stdout.replacen(token, "", 1);
            }
            None => self.text += &ended.stdout,
        }
    }

    /// A flow is printed whole, and nothing of it is on standard error but what is in the URL.
    fn see_flow(&mut self, ended: &Ended) {
        let flow = &ended.json["flow"];
        let verifier = flow["verifier"].as_str().unwrap();
        assert!(!ended.json["auth_uri"].as_str().unwrap().contains(verifier));
        for name in ["verifier", "state", "nonce"] {
            let secret = flow[name].as_str().unwrap();
            assert!(!ended.stderr.contains(secret), "{name}: {}", ended.stderr);
            // The nonce has served when the id token's claims show it.
            if name != "nonce" {
                self.secrets.push(secret.to_owned());
            }
        }
        self.text += &ended.stderr;
    }

    fn check(self) {
        assert!(self.secrets.len() > 10);
        for secret in self.secrets {
            assert!(!self.text.contains(&secret), "{secret} in {}", self.text);
        }
    }
}

fn sign_in(world: &World, client: impl Fn(&str) -> Run, uri: &str, shown: &mut Shown) {
    let begun = client("auth-code-url")
        .arguments(["--redirect-uri", uri])
        .end();
    shown.see_flow(&begun);
    let flow = world.file("flow.json", &begun.stdout);
    let response = world.response(&begun.json, USERNAME);
    let redeem = |response: &str| {
        let run = client("auth-code").path("--flow", &flow);
        run.arguments(["--response", response]).end()
    };
    let ended = redeem(&response);
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    shown.see(&ended);
    // Spent, of another flow, and no response.
    for response in [
        &response,
        "code=canary-code&state=canary-state",
        "canary-response",
    ] {
        let ended = redeem(response);
        assert!(ended.status > 0);
        shown.see(&ended);
    }
}

#[test]
fn no_secret_is_in_what_people_read() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let mut shown = Shown::default();
        let told = |run: Run| {
            let run = run.arguments(["-v", "--transport", transport]);
            run.path("--cache", &cache)
        };
        let desktop = |command: &str| told(world.desktop(command));
        sign_in(&world, desktop, REDIRECT_URI, &mut shown);
        sign_in(
            &world,
            |command| told(world.web(command)),
            WEB_REDIRECT_URI,
            &mut shown,
        );

        for (username, password) in [
            (USERNAME, PASSWORD),
            (FEDERATED_USERNAME, PASSWORD),
            (MFA_USERNAME, PASSWORD),
            (USERNAME, "canary-password"),
        ] {
            let run = desktop("username-password").arguments(["--username", username]);
            let run = run.arguments(["--password-env", "P"]).env("P", password);
            shown.see(&run.end());
        }
        let refresh_tokens = secrets_of(&cache, "RefreshToken");
        for token in [&refresh_tokens[0], "canary-refresh-token"] {
            let run = desktop("refresh-token").arguments(["--refresh-token-env", "R"]);
            shown.see(&run.env("R", token).end());
        }
        let assertion = world.file("assertion", "canary.assertion.text");
        let run = told(world.api("on-behalf-of")).path("--user-assertion-file", &assertion);
        shown.see(&run.end());

        let choose = ["--username", USERNAME];
        let silent = || desktop("silent").arguments(choose);
        shown.see(&silent().end());
        shown.see(&silent().arguments(["--force-refresh"]).end());
        for fault in [
            Fault::json(
                400,
                r#"{"error":"invalid_grant","error_description":"eyJcanary.token.text"}"#,
            ),
            Fault::json(200, r#"{"access_token":"canary-body","expires_in":"x"#),
            Fault::redirect(302, "https://evil.example/?canary-location"),
            Fault::garbage(),
        ] {
            world.provider.script(fault.on(Endpoint::Token));
            shown.see(&silent().arguments(["--force-refresh"]).end());
            world.provider.clear_faults();
        }
        shown.see(&desktop("accounts").end());
        let client = world.client(
            &["explain", "silent"],
            msal_testing::defaults::PUBLIC_CLIENT_ID,
        );
        shown.see(
            &told(client)
                .arguments(["--scope", "a"])
                .arguments(choose)
                .end(),
        );
        for section in ["AccessToken", "IdToken", "RefreshToken"] {
            shown.secrets.extend(secrets_of(&cache, section));
        }
        shown.see(&desktop("sign-out").arguments(choose).end());

        for request in world.provider.requests(Endpoint::Token) {
            for name in [
                "code",
                "code_verifier",
                "refresh_token",
                "assertion",
                "password",
            ] {
                shown.secrets.extend(request.form_field(name));
            }
        }
        shown.secrets.extend(refresh_tokens);
        let fixed = [
            PASSWORD,
            WEB_CLIENT_SECRET,
            API_CLIENT_SECRET,
            "canary",
            "eyJcanary",
        ];
        shown.secrets.extend(fixed.map(str::to_owned));
        assert!(fs::read_to_string(&cache).is_ok());
        assert!(shown.text.contains("silent") && shown.text.contains(USERNAME));
        shown.check();
    }
}
