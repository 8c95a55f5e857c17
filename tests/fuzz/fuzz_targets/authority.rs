#![no_main]

//! The URL of an authority: what is accepted goes to the host that was typed, and reads the same again.

use libfuzzer_sys::fuzz_target;
use msal_core::Authority;

fuzz_target!(|text: &str| {
    for parse in [Authority::parse, Authority::oidc] {
        let Ok(authority) = parse(text) else {
            continue;
        };
        let typed = text.split("://").nth(1).unwrap_or_default();
        let typed = typed.split('/').next().unwrap_or_default();
        let typed = typed.rsplit_once(':').map_or(typed, |(host, port)| {
            match port.bytes().all(|byte| byte.is_ascii_digit()) {
                true => host,
                false => typed,
            }
        });
        assert!(authority.host().eq_ignore_ascii_case(typed), "{typed} became {}", authority.host());
        let again = parse(&authority.to_string());
        assert!(again.as_ref().ok() == Some(&authority), "{authority} became {again:?}");
    }
});
