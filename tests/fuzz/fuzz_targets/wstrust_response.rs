#![no_main]

//! The answer of a federation server: an assertion that is in it byte for byte, or an error that shows little of it.

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use msal_core::wstrust::response;

fuzz_target!(|body: &[u8]| {
    for status in [200, 500] {
        let mut answer = http::Response::new(Bytes::copy_from_slice(body));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        match response::parse(&answer) {
            Ok(assertion) => {
                let xml = assertion.expose();
                assert_eq!(status, 200);
                assert!(xml.starts_with(b"<") && xml.ends_with(b">"));
                assert!(body.windows(xml.len()).any(|window| window == xml));
            }
            Err(error) => assert!(error.to_string().len() < 4096),
        }
    }
});
