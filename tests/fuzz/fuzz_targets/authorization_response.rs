#![no_main]

//! What a browser brings back: only the one with our `state` gets as far as a request, and that goes where the sign-in
//! was begun.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use msal_cache::TokenCache;
use msal_core::app::{ApplicationBuilder, AuthCodeFlow, AuthCodeOptions, CallOptions};
use msal_core::{Clock, Env, PublicClientApplication, Random, Step, Timestamp};

fuzz_target!(|response: &[u8]| {
    let Ok(response) = std::str::from_utf8(response) else {
        return;
    };
    let flow = AuthCodeFlow::from_secret_json(&FLOW).unwrap();
    let is_ours = flow.recognizes(response);
    match APP.acquire_token_by_auth_code_flow(flow, response, CallOptions::default()).start() {
        Step::Send(request, _) => {
            assert!(is_ours);
            assert_eq!(request.uri(), "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
            assert!(request.body().windows(5).any(|part| part == b"code="));
        }
        Step::Done(outcome) => {
            let error = outcome.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(STATE) && !shown.chars().any(char::is_control), "{shown}");
        }
        other => panic!("{other:?}"),
    }
});

static APP: LazyLock<PublicClientApplication> = LazyLock::new(|| {
    let builder = ApplicationBuilder::new("client").authority(AUTHORITY);
    builder.public(Arc::new(TokenCache::new()), Env::new(Still, Still)).unwrap()
});

/// A sign-in that waits for its response.
static FLOW: LazyLock<String> = LazyLock::new(|| {
    let begun = APP.initiate_auth_code_flow(["User.Read"], "http://localhost", AuthCodeOptions::default());
    let Step::Done(flow) = begun.start() else {
        panic!("the endpoints of this authority are known");
    };
    flow.unwrap().into_secret_json().to_string()
});

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000)
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl Random for Still {
    fn id(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn secret(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        |bytes| bytes.fill(7)
    }
}

const AUTHORITY: &str = "https://login.microsoftonline.com/contoso.com";
/// 32 times the byte 7.
const STATE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
