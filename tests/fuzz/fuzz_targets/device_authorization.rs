#![no_main]

//! The answer to a device that asks for a code: what a person will type, and where, is fit for that, or it is an error.

use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use msal_core::protocol::device_code;
use msal_core::sanitized;

fuzz_target!(|body: &[u8]| {
    let response = http::Response::new(Bytes::copy_from_slice(body));
    let Ok(answer) = device_code::parse(&response) else {
        return;
    };
    let code = &answer.user_code;
    assert!((4..=16).contains(&code.len()));
    assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    let complete = answer.verification_uri_complete.iter();
    for uri in complete.chain([&answer.verification_uri]) {
        assert_eq!(uri.scheme(), "https");
        assert!(uri.username().is_empty() && uri.password().is_none());
        assert!(uri.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
    }
    assert!((Duration::from_secs(1)..=Duration::from_secs(60)).contains(&answer.interval));
    assert!(answer.expires_in <= Duration::from_secs(365 * 24 * 3600));
    let message = sanitized(answer.message.as_deref().unwrap_or_default());
    assert!(!message.chars().any(char::is_control));
    let shown = format!("{answer:?}");
    let secret = answer.device_code.expose();
    assert!(secret.len() < 24 || !shown.contains(secret), "{shown}");
});
