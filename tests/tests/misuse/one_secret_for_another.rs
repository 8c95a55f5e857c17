//! A refresh token is no access token.

use msal::{AccessToken, RefreshToken};

fn call_api(_token: &AccessToken) {}

fn main() {
    let token = RefreshToken::new("0.AXEA");
    call_api(&token);
}
