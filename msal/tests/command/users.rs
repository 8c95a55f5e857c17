//! What the tests of user commands have in common: the applications, and users who have signed in.

use std::fs;
use std::path::Path;

use msal_testing::defaults::{
    API_CLIENT_ID, API_CLIENT_SECRET, PASSWORD, PUBLIC_CLIENT_ID, WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};
use serde_json::Value;

use crate::world::{Run, World, edit};

/// A scope of Graph that every application for users has been granted.
pub(crate) const SCOPE: &str = "User.Read";
/// A redirect URI of the desktop app.
pub(crate) const REDIRECT_URI: &str = "http://localhost:8000";
/// A redirect URI of the web app.
pub(crate) const WEB_REDIRECT_URI: &str = "https://web.example/auth/redirect";

impl World {
    /// A command of a public client, without scope.
    pub(crate) fn client(&self, command: &[&str], client_id: &str) -> Run {
        self.run(command)
            .arguments(["--client-id", client_id, "--authority"])
            .arguments([self.provider.authority()])
    }

    /// A command of the desktop app.
    pub(crate) fn desktop(&self, command: &str) -> Run {
        self.client(&[command], PUBLIC_CLIENT_ID)
            .arguments(["--scope", SCOPE])
    }

    /// A command of the desktop app that is about accounts.
    pub(crate) fn desktop_accounts(&self, command: &str) -> Run {
        self.client(&[command], PUBLIC_CLIENT_ID)
    }

    /// A command of the web app.
    pub(crate) fn web(&self, command: &str) -> Run {
        self.client(&[command], WEB_CLIENT_ID)
            .arguments(["--scope", SCOPE, "--secret-env", "S"])
            .env("S", WEB_CLIENT_SECRET)
    }

    /// A command of the web API.
    pub(crate) fn api(&self, command: &str) -> Run {
        self.client(&[command], API_CLIENT_ID)
            .arguments(["--scope", SCOPE, "--secret-env", "S"])
            .env("S", API_CLIENT_SECRET)
    }

    /// Begins a sign-in: `auth-code-url` with this redirect URI.
    pub(crate) fn begin(run: Run, redirect_uri: &str) -> Value {
        let begun = run.arguments(["--redirect-uri", redirect_uri]).answer();
        assert!(begun["auth_uri"].is_string(), "{begun}");
        begun
    }

    /// What the browser brings back, as a form body.
    pub(crate) fn response(&self, begun: &Value, username: &str) -> String {
        let url = begun["auth_uri"].as_str().unwrap();
        let answer = self.provider.sign_in(url, username, PASSWORD).unwrap();
        answer.body().unwrap()
    }

    /// A user who has signed in to the application of `client`, which is given the command's name, into this cache.
    pub(crate) fn signed_in_to(
        &self,
        client: impl Fn(&str) -> Run,
        redirect_uri: &str,
        username: &str,
        cache: &Path,
    ) -> Value {
        let begun = Self::begin(client("auth-code-url"), redirect_uri);
        let response = self.response(&begun, username);
        let flow = self.file("flow.json", begun.to_string());
        let run = client("auth-code").path("--flow", &flow);
        let token = run
            .arguments(["--response", &response])
            .path("--cache", cache)
            .token();
        fs::remove_file(flow).unwrap();
        token
    }

    /// A user who has signed in to the desktop app.
    pub(crate) fn signed_in(&self, username: &str, cache: &Path) -> Value {
        self.signed_in_to(
            |command| self.desktop(command),
            REDIRECT_URI,
            username,
            cache,
        )
    }
}

/// The one secret of a kind in a cache file.
pub(crate) fn secret_of(cache: &Path, section: &str) -> String {
    let secrets = secrets_of(cache, section);
    assert_eq!(secrets.len(), 1);
    secrets[0].clone()
}

/// The secrets of a kind in a cache file.
pub(crate) fn secrets_of(cache: &Path, section: &str) -> Vec<String> {
    let content: Value = serde_json::from_slice(&fs::read(cache).unwrap()).unwrap();
    let entries = content[section].as_object();
    entries
        .into_iter()
        .flat_map(|entries| entries.values())
        .map(|entry| entry["secret"].as_str().unwrap().to_owned())
        .collect()
}

/// Lets the one access token of a cache file expire.
pub(crate) fn expire(cache: &Path) {
    edit(cache, |token| token["expires_on"] = "1750000000".into());
}

/// Makes the one access token of a cache file due for renewal.
pub(crate) fn make_due(cache: &Path) {
    edit(cache, |token| token["refresh_on"] = "1750000000".into());
}
