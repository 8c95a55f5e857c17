#![no_main]

//! What a federation server says of itself: an https endpoint that a request can be made for, or an error.

use libfuzzer_sys::fuzz_target;
use msal_core::wstrust::{Endpoint, mex};

fuzz_target!(|wsdl: &[u8]| {
    if let Ok(endpoint) = mex::parse_document(wsdl) {
        assert_eq!(endpoint.url().scheme(), "https");
        assert!(endpoint.url().username().is_empty() && endpoint.url().password().is_none());
        assert_eq!(
            Endpoint::new(endpoint.url().as_str(), endpoint.version()).unwrap(),
            endpoint
        );
    }
});
