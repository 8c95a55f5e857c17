//! Who was asked to wait cannot answer with a response.

use msal::{AuthenticationResult, Response, Resume, Step};

fn answer(flow: Resume<(), AuthenticationResult>, response: Response) -> Step<AuthenticationResult> {
    flow.resume(response)
}

fn main() {}
