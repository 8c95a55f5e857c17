//! What an API was called with is no refresh token.

use msal::{PublicClientApplication, UserAssertion};

fn migrate(app: &PublicClientApplication, assertion: UserAssertion) {
    drop(app.acquire_token_by_refresh_token(assertion, ["User.Read"]).into_flow());
}

fn main() {}
