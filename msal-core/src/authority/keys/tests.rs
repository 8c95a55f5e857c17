use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm as Jose, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jwt::base64url;

const RSA: &str = include_str!("../../../tests/fixtures/credential/key.pem");
const OTHER_RSA: &str = include_str!("../../../tests/fixtures/credential/other-key.pem");
const EC: &str = include_str!("../../../tests/fixtures/credential/ec-key.pem");
const ISSUER: &str = "https://login.microsoftonline.com/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0";

#[test]
fn a_signature_of_each_algorithm_is_checked() {
    for (pem, algorithm) in [(RSA, Jose::RS256), (RSA, Jose::PS256), (EC, Jose::ES256)] {
        let set = set(&[jwk(pem, "a", json!({ "use": "sig" }))]);
        let token = token(json!({ "alg": algorithm, "kid": "a" }), pem, algorithm);
        assert_eq!(check(&set, &token), Ok(()), "{algorithm:?}");

        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let claims = base64url(json!({ "iss": ISSUER, "sub": "x" }).to_string().as_bytes());
        let other_claims = [header, ".", &claims, ".", signature].concat();
        let shorter = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let shorter = base64url(&shorter[..shorter.len() - 1]);
        for wrong in [
            [message, ".", &shorter].concat(),
            [message, "."].concat(),
            other_claims,
        ] {
            assert_eq!(check(&set, &wrong), Err("its signature is wrong"));
        }
        let spoilt = [message, ".", signature, "="].concat();
        assert_eq!(check(&set, &spoilt), Err("its signature is no base64url"));
    }
}

#[test]
fn a_signature_that_anybody_could_make_is_refused() {
    let key = jwk(RSA, "a", json!({}));
    let set = set(std::slice::from_ref(&key));
    let signed = token(json!({ "alg": "RS256", "kid": "a" }), RSA, Jose::RS256);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let (_, claims) = message.split_once('.').unwrap();
    for algorithm in [
        json!("none"),
        json!("None"),
        json!("HS256"),
        json!("RS384"),
        json!("rs256"),
        json!("ES256K"),
        json!(""),
        Value::Null,
    ] {
        let header = json!({ "alg": algorithm, "kid": "a" }).to_string();
        let header = base64url(header.as_bytes());
        for signature in ["", signature] {
            let token = [&header, ".", claims, ".", signature].concat();
            let refused = Err("its signature is of no algorithm that is accepted");
            assert_eq!(check(&set, &token), refused, "{algorithm}");
        }
    }
    // The public key taken for a shared secret.
    let secret = EncodingKey::from_secret(key["n"].as_str().unwrap().as_bytes());
    let header = base64url(json!({ "alg": "HS256", "kid": "a" }).to_string().as_bytes());
    let message = [&header, ".", claims].concat();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Jose::HS256).unwrap();
    let token = [&message, ".", &signature].concat();
    assert!(check(&set, &token).is_err());
}

#[test]
fn a_header_with_demands_of_its_own_is_refused() {
    let set = set(&[jwk(RSA, "a", json!({}))]);
    let header = json!({ "alg": "RS256", "kid": "a", "crit": ["b64"], "b64": false });
    let refused = Err("its header demands what this library does not know");
    assert_eq!(check(&set, &token(header, RSA, Jose::RS256)), refused);
}

#[test]
fn the_key_is_found_by_its_id_which_only_a_single_key_can_do_without() {
    let (one, other) = (jwk(RSA, "a", json!({})), jwk(OTHER_RSA, "b", json!({})));
    let of = |id: Option<&str>, pem| token(json!({ "alg": "RS256", "kid": id }), pem, Jose::RS256);
    let both = set(&[one.clone(), other]);
    assert_eq!(check(&both, &of(Some("a"), RSA)), Ok(()));
    assert_eq!(check(&both, &of(Some("b"), OTHER_RSA)), Ok(()));
    assert_eq!(
        check(&both, &of(Some("b"), RSA)),
        Err("its signature is wrong")
    );
    assert_eq!(
        check(&both, &of(None, RSA)),
        Err("it does not say which of several keys signed it")
    );
    let unknown = Err("it was signed by a key that the authority does not name");
    assert_eq!(check(&both, &of(Some("c"), RSA)), unknown);
    assert!(both.knows(Some("a")) && !both.knows(Some("c")) && !both.knows(None));

    let single = set(std::slice::from_ref(&one));
    assert_eq!(check(&single, &of(None, RSA)), Ok(()));
    assert_eq!(check(&single, &of(Some("c"), RSA)), unknown);
    assert_eq!(check(&set(&[]), &of(None, RSA)), unknown);
}

#[test]
fn keys_for_something_else_are_passed_over() {
    let good = jwk(RSA, "a", json!({ "use": "sig", "alg": "RS256" }));
    let signed = token(json!({ "alg": "RS256", "kid": "a" }), RSA, Jose::RS256);
    assert_eq!(check(&set(std::slice::from_ref(&good)), &signed), Ok(()));
    let changed = |change: Value| {
        let mut key = good.clone();
        for (name, value) in change.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    };
    for change in [
        json!({ "use": "enc" }),
        json!({ "use": "" }),
        json!({ "kty": "oct", "k": "AAAA" }),
        json!({ "kty": "EC" }),
        json!({ "kty": 1 }),
        json!({ "n": "" }),
        json!({ "n": "AAAA" }),
        json!({ "n": "!" }),
        json!({ "e": null }),
        json!({ "kid": ["a"] }),
    ] {
        let passed_over = set(&[changed(change.clone())]);
        assert!(passed_over.0.is_empty(), "{change}");
    }
    // It is a key, but not one for this token.
    for change in [
        json!({ "alg": "PS256" }),
        json!({ "alg": "RSA-OAEP" }),
        json!({ "e": "AQ" }),
    ] {
        let set = set(&[changed(change.clone())]);
        assert_eq!(
            check(&set, &signed),
            Err("its signature is wrong"),
            "{change}"
        );
    }
    let twice = good.to_string().replacen('{', r#"{"kid":"a","#, 1);
    let json = ["{\"keys\":[", &twice, "]}"].concat();
    assert!(parsed(&json).unwrap().0.is_empty());
    let p256 = jwk(EC, "e", json!({}));
    for (name, value) in [("crv", "P-384"), ("x", "AAAA"), ("y", "")] {
        let mut key = p256.clone();
        key[name] = json!(value);
        assert!(set(&[key]).0.is_empty(), "{name}");
    }
}

#[test]
fn an_rsa_key_of_less_than_2048_bits_is_passed_over() {
    let of = |first: u8, zeros: usize| {
        let number = [vec![0; zeros], vec![first], vec![0xff; 255]].concat();
        let key = json!({ "n": base64url(&number) });
        set(&[jwk(RSA, "a", key)])
    };
    assert!(of(0x7f, 0).0.is_empty() && !of(0x80, 0).0.is_empty());
    // Zeros in front make it no stronger, and a strong one no weaker.
    assert!(of(0x7f, 200).0.is_empty());
    let strong = jwk(RSA, "a", json!({}));
    let number = BASE64_URL_SAFE_NO_PAD.decode(strong["n"].as_str().unwrap());
    let padded = base64url(&[vec![0; 3], number.unwrap()].concat());
    let strong = set(&[jwk(RSA, "a", json!({ "n": padded }))]);
    let signed = token(json!({ "alg": "RS256", "kid": "a" }), RSA, Jose::RS256);
    assert_eq!(check(&strong, &signed), Ok(()));
}

#[test]
fn a_key_of_entra_id_signs_for_the_issuer_that_it_names() {
    let signed = token(json!({ "alg": "RS256", "kid": "a" }), RSA, Jose::RS256);
    for (issuer, is_right) in [
        (ISSUER, true),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", true),
        (
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            false,
        ),
    ] {
        let set = set(&[jwk(RSA, "a", json!({ "issuer": issuer }))]);
        assert_eq!(check(&set, &signed).is_ok(), is_right, "{issuer}");
        let token = RawIdToken::new(signed.as_str());
        let claims = IdTokenClaims::parse(&token).unwrap();
        assert_eq!(set.check(&token, &claims, AuthorityKind::Ciam), Ok(()));
    }
}

#[test]
fn what_is_no_set_of_keys_is_an_error() {
    for json in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(parsed(json).is_err(), "{json}");
    }
    let long = [r#"{"keys":[]"#, &" ".repeat(256 * 1024), "}"].concat();
    assert!(parsed(&long).is_err());
    for member in ["1", "null", "[]", "{}", r#""a""#] {
        let json = ["{\"keys\":[", member, "]}"].concat();
        assert!(parsed(&json).unwrap().0.is_empty(), "{member}");
    }
}

proptest! {
    #![proptest_config(crate::protocol::tests::cases_costing(10))]

    #[test]
    fn no_set_of_keys_makes_a_panic(text in "(?s).{0,64}", at in 0usize..600, byte in any::<u8>()) {
        let _ = parsed(&text);
        let mut json = json!({ "keys": [jwk(RSA, "a", json!({})), jwk(EC, "b", json!({}))] }).to_string().into_bytes();
        let at = at % json.len();
        json[at] = byte;
        let response = Response::new(json.into());
        let _ = KeySet::parse(&response);
    }

    #[test]
    fn no_changed_token_passes(at in 0usize..2000, by in 1u8..64) {
        let set = set(&[jwk(EC, "a", json!({}))]);
        let signed = token(json!({ "alg": "ES256", "kid": "a" }), EC, Jose::ES256);
        let mut changed = signed.clone().into_bytes();
        let at = at % changed.len();
        changed[at] ^= by;
        if let Ok(text) = String::from_utf8(changed) {
            let token = RawIdToken::new(text);
            if let Ok(claims) = IdTokenClaims::parse(&token) {
                prop_assert!(set.check(&token, &claims, AuthorityKind::EntraId).is_err());
            }
        }
    }
}

fn encoding_key(pem: &str) -> EncodingKey {
    match pem == EC {
        true => EncodingKey::from_ec_pem(pem.as_bytes()).unwrap(),
        false => EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
    }
}

fn jwk(pem: &str, id: &str, more: Value) -> Value {
    let algorithm = match pem == EC {
        true => Jose::ES256,
        false => Jose::RS256,
    };
    let key = Jwk::from_encoding_key(&encoding_key(pem), algorithm).unwrap();
    let mut key = serde_json::to_value(key).unwrap();
    key.as_object_mut().unwrap().remove("alg");
    key["kid"] = json!(id);
    for (name, value) in more.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

fn token(header: Value, pem: &str, algorithm: Jose) -> String {
    let claims = json!({ "iss": ISSUER, "sub": "s" }).to_string();
    let message = [
        &base64url(header.to_string().as_bytes()),
        ".",
        &base64url(claims.as_bytes()),
    ]
    .concat();
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &encoding_key(pem), algorithm).unwrap();
    [&message, ".", &signature].concat()
}

fn set(keys: &[Value]) -> KeySet {
    parsed(&json!({ "keys": keys }).to_string()).unwrap()
}

fn parsed(json: &str) -> Result<KeySet, Error> {
    KeySet::parse(&Response::new(json.to_owned().into()))
}

fn check(set: &KeySet, token: &str) -> Result<(), &'static str> {
    let token = RawIdToken::new(token);
    let claims = IdTokenClaims::parse(&token).unwrap();
    set.check(&token, &claims, AuthorityKind::EntraId)
}
