//! A real Chromium walks the examples through the login page.
//!
//! The local identity provider is to them what Entra ID is: they know its proxy and its certificate authority, from
//! the environment and from their trust store, and nothing else of it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chromium;
mod desktop;
mod example;
mod web_app;

use chromium::Chromium;
use msal_testing::{LocalIdentityProvider, defaults};

#[test]
fn the_browser_shows_no_login_page_of_an_authority_that_it_does_not_trust() {
    let provider = LocalIdentityProvider::start().unwrap();
    let another = LocalIdentityProvider::start().unwrap();
    let Some(chromium) = Chromium::start(&provider, another.ca_file()) else {
        return;
    };
    chromium.open(&provider.authority());
    let shown = chromium.text("body");
    assert!(shown.contains("ERR_CERT_AUTHORITY_INVALID"), "{shown}");
}

/// An identity provider and a browser for one test; none where there is no Chromium.
fn stage() -> Option<(LocalIdentityProvider, Chromium)> {
    let provider = LocalIdentityProvider::start().unwrap();
    let chromium = Chromium::start(&provider, provider.ca_file())?;
    Some((provider, chromium))
}

/// Fills in the login page.
fn sign_in(chromium: &Chromium, username: &str, password: &str) {
    chromium.type_into("#i0116", username);
    chromium.type_into("#i0118", password);
    chromium.click("#idSIButton9");
}

fn sign_in_as(chromium: &Chromium, username: &str) {
    sign_in(chromium, username, defaults::PASSWORD);
}
