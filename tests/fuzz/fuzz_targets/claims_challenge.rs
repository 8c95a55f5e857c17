#![no_main]

//! The `WWW-Authenticate` headers of an API: claims that can be passed on, or none.

use libfuzzer_sys::fuzz_target;
use msal_core::{Claims, ClaimsChallenge};

fuzz_target!(|headers: &[u8]| {
    let Ok(headers) = std::str::from_utf8(headers) else {
        return;
    };
    let Some(challenge) = ClaimsChallenge::parse(headers.lines()) else {
        return;
    };
    let claims = challenge.claims().as_str();
    assert!(claims.len() <= 16 * 1024);
    assert_eq!(Claims::parse(claims).unwrap().as_str(), claims);
    assert!(headers.to_ascii_lowercase().contains("claims"));
    assert!(!format!("{challenge:?}").contains(claims));
});
