//! A refresh token is not what an API was called with.

use msal::{ConfidentialClientApplication, RefreshToken};

fn call(app: &ConfidentialClientApplication, token: RefreshToken) {
    drop(app.acquire_token_on_behalf_of(token, ["User.Read"]).into_flow());
}

fn main() {}
