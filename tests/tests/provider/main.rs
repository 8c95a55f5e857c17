//! The local identity provider itself: that it behaves as Entra ID does, and bears what clients do to it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod assertion;
mod authorize;
mod client;
mod code;
mod control;
mod device;
mod discovery;
mod faults;
mod federation;
mod graph;
mod machines;
mod on_behalf_of;
mod password;
mod proxy;
mod refresh;
mod robustness;
mod rst;
mod saml_grant;
mod sign_in;
mod token;
mod token_errors;
mod user;
mod user_grants;
mod user_realm;
mod user_tokens;
mod ws_trust;

use msal_testing::defaults::{CLIENT_SECRET, GRAPH, SECRET_CLIENT_ID, TENANT_ID};

/// The token endpoint of the default tenant.
fn token_url() -> String {
    format!("https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token")
}

/// A request that succeeds.
fn good_fields() -> [(&'static str, &'static str); 4] {
    const SCOPE: &str = "https://graph.microsoft.com/.default";
    assert!(SCOPE.starts_with(GRAPH));
    [
        ("grant_type", "client_credentials"),
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("scope", SCOPE),
    ]
}

/// The same with one field changed.
fn with<'text>(name: &str, value: &'text str) -> Vec<(&'static str, &'text str)> {
    good_fields()
        .into_iter()
        .map(|(key, good)| (key, if key == name { value } else { good }))
        .collect()
}

/// The same without one field.
fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    good_fields()
        .into_iter()
        .filter(|(key, _)| *key != name)
        .collect()
}

/// The same with one field more.
fn plus<'text>(name: &'text str, value: &'text str) -> Vec<(&'text str, &'text str)> {
    good_fields().into_iter().chain([(name, value)]).collect()
}
