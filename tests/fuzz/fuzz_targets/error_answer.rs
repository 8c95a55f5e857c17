#![no_main]

//! The answer that refuses: whatever is shown of it is short, and neither steers a terminal nor is a token.

use libfuzzer_sys::fuzz_target;
use msal_core::{ServerError, sanitized};

fuzz_target!(|body: &[u8]| {
    let error = ServerError::read(400, body);
    let shown = error.to_string();
    assert!(shown.len() <= 4 * 1024);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    let text = String::from_utf8_lossy(body);
    let once = sanitized(&text);
    assert!(once.len() <= 1024);
    assert!(!once.chars().any(char::is_control), "{once:?}");
    assert!(!once.contains("eyJ") || once.matches("eyJ").count() <= text.matches("eyJ").count());
});
