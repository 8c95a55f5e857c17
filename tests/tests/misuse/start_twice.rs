//! A flow runs once.

use msal::{AuthenticationResult, Flow};

fn twice(flow: Flow<AuthenticationResult>) {
    drop(flow.start());
    drop(flow.start());
}

fn main() {}
