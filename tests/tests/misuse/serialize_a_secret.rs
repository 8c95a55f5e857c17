//! A secret is written down by its `expose()` only.

use serde::Serialize;

#[derive(Serialize)]
struct Session {
    refresh_token: msal::RefreshToken,
}

fn main() {}
