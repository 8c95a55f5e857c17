//! A need is answered once.

use msal::{AuthenticationResult, Resume, Step};

fn twice(flow: Resume<(), AuthenticationResult>) -> Step<AuthenticationResult> {
    drop(flow.resume(()));
    flow.resume(())
}

fn main() {}
