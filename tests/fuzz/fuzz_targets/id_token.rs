#![no_main]

//! The claims of an id token: what is read of them is what is there, and nothing of it is shown.

use libfuzzer_sys::fuzz_target;
use msal_core::{IdTokenClaims, RawIdToken, Timestamp};

fuzz_target!(|text: &[u8]| {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let Ok(claims) = IdTokenClaims::parse(&RawIdToken::new(text)) else {
        return;
    };
    assert!(text.matches('.').count() == 2);
    let named = |name: &str| claims.get(name).and_then(|value| value.as_str());
    for (read, name) in [
        (claims.issuer(), "iss"),
        (claims.subject(), "sub"),
        (claims.object_id(), "oid"),
        (claims.tenant_id(), "tid"),
    ] {
        assert!(read.is_none() || read == named(name), "{name}");
        assert!(read != Some(""), "{name}");
    }
    for now in [0, 1, u64::MAX / 2, u64::MAX] {
        let _ = claims.is_out_of_time(Timestamp::from_secs(now));
    }
    let _ = (claims.username(), claims.name(), claims.login_hint(), claims.expires_on(), claims.issued_at());
    let shown = format!("{claims:?}");
    assert!(named("sub").is_none_or(|sub| sub.len() < 12 || !shown.contains(sub)), "{shown}");
});
