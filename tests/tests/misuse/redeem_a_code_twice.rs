//! A sign-in in a browser is ended once: its code and its verifier are spent.

use msal::{AuthCodeFlow, ConfidentialClientApplication};

fn twice(app: &ConfidentialClientApplication, flow: AuthCodeFlow) {
    drop(app.acquire_token_by_auth_code_flow(flow, "code=1").into_flow());
    drop(app.acquire_token_by_auth_code_flow(flow, "code=1").into_flow());
}

fn main() {}
