//! A finished flow leaves nothing to go on with.

use msal::{AuthenticationResult, Step};

fn go_on(step: Step<AuthenticationResult>) -> Step<AuthenticationResult> {
    match step {
        Step::Done(outcome) => outcome.resume(()),
        other => other,
    }
}

fn main() {}
