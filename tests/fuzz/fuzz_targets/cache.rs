#![no_main]

//! A cache file: what was read is written, and reads the same again.

use libfuzzer_sys::fuzz_target;
use msal_cache::{Compatibility, TokenCache};

fuzz_target!(|file: &[u8]| {
    let cache = TokenCache::new();
    if cache.merge(file).is_err() {
        assert!(cache.is_empty());
        return;
    }
    let written = cache.serialize(Compatibility::Standard).expect("what was read can be written");
    let again = TokenCache::new();
    again.merge(&written).expect("what was written can be read");
    assert_eq!(again.len(), cache.len());
    let twice = again.serialize(Compatibility::Standard).expect("what was read can be written");
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&twice));
});
