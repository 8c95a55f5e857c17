//! Keys that tokens are bound to, and the signatures that present them: checked with another implementation of JOSE.
#![cfg(feature = "certificate")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use msal_core::{
    AccessToken, Clock, Env, ErrorKind, PopAlgorithm, PopKey, PopRequest, Random,
    SignedHttpRequest, Timestamp, TokenScheme,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: u64 = 1_750_000_000;
const TOKEN: &str = "eyJ0eXAiOiJKV1QifQ.canary-access-token.c2ln";
const ALGORITHMS: [(PopAlgorithm, Algorithm); 3] = [
    (PopAlgorithm::Es256, Algorithm::ES256),
    (PopAlgorithm::Ps256, Algorithm::PS256),
    (PopAlgorithm::Rs256, Algorithm::RS256),
];

#[test]
fn a_request_is_signed_as_apis_read_it() {
    for (algorithm, jose) in ALGORITHMS {
        let key = key(algorithm);
        let request = PopRequest::new("post", "https://API.contoso.com:8443/a/B%20c?x=1&y=2")
            .and_then(|request| request.nonce("from the \"API\"\r\n"))
            .unwrap();
        let signed = key.sign(&AccessToken::new(TOKEN), &request).unwrap();
        let (header, payload) = verified(&signed, key, jose);
        assert_eq!(
            header,
            json!({ "alg": algorithm.name(), "kid": key.thumbprint(), "typ": "pop" })
        );
        let jwk: Value = serde_json::from_str(key.public_jwk()).unwrap();
        assert_eq!(
            payload,
            json!({
                "at": TOKEN,
                "ts": NOW,
                "m": "POST",
                "u": "api.contoso.com:8443",
                "p": "/a/B%20c",
                // Of `x=1&y=2`, by openssl.
                "q": [["x", "y"], "3UHKagWl2aemPPBvppDhqnqB-gviKzcQJH1WteCn1O8"],
                "nonce": "from the \"API\"\r\n",
                "cnf": { "jwk": jwk },
            })
        );
    }
}

#[test]
fn without_a_nonce_every_signature_has_one_of_its_own() {
    let key = key(PopAlgorithm::Es256);
    let request = PopRequest::new("GET", "https://api.contoso.com").unwrap();
    let nonce = || {
        let signed = key.sign(&AccessToken::new(TOKEN), &request).unwrap();
        let (_, payload) = verified(&signed, key, Algorithm::ES256);
        payload["nonce"].as_str().unwrap().to_owned()
    };
    let (one, other) = (nonce(), nonce());
    assert_ne!(one, other);
    assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn a_key_is_named_by_its_thumbprint_and_shows_its_public_half_alone() {
    for (algorithm, _) in ALGORITHMS {
        let key = key(algorithm);
        assert_eq!(key.algorithm(), algorithm);
        let jwk: Jwk = serde_json::from_str(key.public_jwk()).unwrap();
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(key.thumbprint(), thumbprint);
        let members: Value = serde_json::from_str(key.public_jwk()).unwrap();
        let mut names: Vec<_> = members.as_object().unwrap().keys().collect();
        names.sort();
        match algorithm {
            PopAlgorithm::Es256 => assert_eq!(names, ["crv", "kty", "x", "y"]),
            _ => {
                assert_eq!(names, ["e", "kty", "n"]);
                assert_eq!(members["e"], "AQAB");
                let modulus = BASE64_URL_SAFE_NO_PAD.decode(members["n"].as_str().unwrap());
                assert_eq!(modulus.unwrap().len(), 256);
            }
        }
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("PopKey({}, {thumbprint})", algorithm.name()));
        assert_eq!(key.clone().thumbprint(), thumbprint);
    }
    let another = PopKey::generate(PopAlgorithm::Es256, &env()).unwrap();
    assert_ne!(another.thumbprint(), key(PopAlgorithm::Es256).thumbprint());
}

#[test]
fn the_scheme_names_type_and_key() {
    let key = key(PopAlgorithm::Ps256);
    let scheme = TokenScheme::signed_http_request(key);
    assert_eq!(scheme.token_type(), "pop");
    assert_eq!(scheme.key_id(), Some(key.thumbprint()));
}

#[test]
fn what_is_signed_is_shown_nowhere() {
    let request = PopRequest::new("GET", "https://api.contoso.com/?canary=query")
        .and_then(|request| request.nonce("canary-nonce"))
        .unwrap();
    let signed = key(PopAlgorithm::Es256)
        .sign(&AccessToken::new(TOKEN), &request)
        .unwrap();
    for shown in [format!("{request:?}"), format!("{signed:#?}")] {
        assert!(
            !shown.contains("canary") && !shown.contains("eyJ"),
            "{shown}"
        );
    }
    let error = PopRequest::new("GET", "https://canary@api.contoso.com").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidArgument("request to sign"));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_is_signed_fits_into_a_header_and_comes_out_again(
        method in "(?s).{0,8}|[a-zA-Z]{1,8}",
        url in r"(?s).{0,24}|https?://[a-z]{1,8}(\.[a-z]{2,3})?(:[0-9]{1,4})?/(?s).{0,24}",
        nonce in "(?s).{0,24}",
    ) {
        let Ok(request) = PopRequest::new(&method, &url) else {
            return Ok(());
        };
        let request = match request.clone().nonce(nonce.as_str()) {
            Ok(request) => request,
            Err(_) => {
                prop_assert!(nonce.is_empty());
                request
            }
        };
        let key = key(PopAlgorithm::Es256);
        let signed = key.sign(&AccessToken::new(TOKEN), &request).unwrap();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        prop_assert!(signed.expose().bytes().all(plain));
        let (_, payload) = verified(&signed, key, Algorithm::ES256);
        prop_assert_eq!(payload["m"].as_str().unwrap(), method.to_ascii_uppercase());
        let sent = url::Url::parse(&url).unwrap();
        prop_assert_eq!(payload["p"].as_str().unwrap(), sent.path());
        if !nonce.is_empty() {
            prop_assert_eq!(payload["nonce"].as_str().unwrap(), nonce);
        }
    }
}

/// Checks the signature by the key that is inside, which must be the one that signed.
fn verified(signed: &SignedHttpRequest, key: &PopKey, algorithm: Algorithm) -> (Value, Value) {
    let mut parts = signed.expose().split('.');
    let mut part = || {
        let json = BASE64_URL_SAFE_NO_PAD
            .decode(parts.next().unwrap())
            .unwrap();
        serde_json::from_slice::<Value>(&json).unwrap()
    };
    let (header, payload) = (part(), part());
    let jwk: Jwk = serde_json::from_value(payload["cnf"]["jwk"].clone()).unwrap();
    assert_eq!(
        jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
        key.thumbprint()
    );
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let public = DecodingKey::from_jwk(&jwk).unwrap();
    let token = jsonwebtoken::decode::<Value>(signed.expose(), &public, &validation).unwrap();
    assert_eq!(token.claims, payload);
    (header, payload)
}

fn key(algorithm: PopAlgorithm) -> &'static PopKey {
    static KEYS: LazyLock<Vec<PopKey>> = LazyLock::new(|| {
        let keys = ALGORITHMS.iter();
        keys.map(|(algorithm, _)| PopKey::generate(*algorithm, &env()).unwrap())
            .collect()
    });
    KEYS.iter()
        .find(|key| key.algorithm() == algorithm)
        .unwrap()
}

fn env() -> Env {
    Env::new(Still, Counting)
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(NOW)
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Debug)]
struct Counting;

impl Random for Counting {
    fn id(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn secret(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        count
    }
}

fn count(bytes: &mut [u8]) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes();
    for (byte, digit) in bytes.iter_mut().zip(number.into_iter().cycle()) {
        *byte = digit;
    }
}

/// Each costs a signature: a hundred thousand in a soak.
fn cases() -> ProptestConfig {
    let cases = match std::env::var_os("MSAL_SOAK") {
        Some(_) => 100_000,
        None => 1_000,
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
