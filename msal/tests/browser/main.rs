//! A real Chromium walks the examples through the login page.
//!
//! The local identity provider is to them what Entra ID is: they know its proxy and its certificate authority, from
//! the environment and from their trust store, and nothing else of it.

mod chromium;
mod desktop;
mod example;
mod web_app;

use chromium::Chromium;
use msal_testing::{LocalIdentityProvider, defaults};

/// An identity provider and a browser for one test; none where there is no Chromium.
fn stage() -> Option<(LocalIdentityProvider, Chromium)> {
    let provider = LocalIdentityProvider::start().unwrap();
    let chromium = Chromium::start(&provider)?;
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
