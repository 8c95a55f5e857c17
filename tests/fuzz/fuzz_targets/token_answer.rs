#![no_main]

//! The answer of a token endpoint: any body is a token that fits a header and lives a year at most, or an error.

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use msal_core::protocol::token;

fuzz_target!(|body: &[u8]| {
    let response = http::Response::new(Bytes::copy_from_slice(body));
    if let Ok(token) = token::parse(&response, "Bearer") {
        assert!(http::HeaderValue::from_str(token.access_token.expose()).is_ok());
        for life in [Some(token.expires_in), token.ext_expires_in, token.refresh_in] {
            assert!(life.is_none_or(|life| life.as_secs() <= 365 * 24 * 3600));
        }
    }
});
