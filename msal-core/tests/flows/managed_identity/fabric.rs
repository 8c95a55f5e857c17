//! Cases 47, 48, 51 and 52: Service Fabric before a connection is made. What the connection shows is tested over TLS.

use msal_core::managed_identity::ManagedIdentityId;
use msal_core::{ErrorKind, SendOptions, ServerTrust, Thumbprint};

use super::stage::*;
use crate::script::*;

fn fabric<'a>(endpoint: &'a str, thumbprint: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("IDENTITY_ENDPOINT", endpoint),
        ("IDENTITY_HEADER", SECRET),
        ("IDENTITY_SERVER_THUMBPRINT", thumbprint),
    ]
}

#[test]
fn the_certificate_is_pinned_by_its_hash_however_that_is_written() {
    // 45
    let bytes: Vec<u8> = (0..32).map(|n| n * 7 + 9).collect();
    let sha1: [u8; 20] = bytes[..20].try_into().unwrap();
    let sha256: [u8; 32] = bytes[..].try_into().unwrap();
    let pairs =
        |bytes: &[u8]| -> Vec<String> { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    for separator in ["", ":", " ", " : "] {
        for (bytes, expected) in [
            (&bytes[..20], Thumbprint::Sha1(sha1)),
            (&bytes[..], Thumbprint::Sha256(sha256)),
        ] {
            let lower = pairs(bytes).join(separator);
            for text in [lower.to_uppercase(), format!("\t{lower}\n")] {
                let variables = fabric("https://localhost:2377/token", &text);
                let played = play(|| Stage::own(&variables), [ok(3600)]);
                assert_eq!(played.token(), TOKEN);
                let request = played.service.request(0);
                let trust = SendOptions::of(&request).trust;
                assert_eq!(trust, ServerTrust::PinnedLeaf(expected));
                let header = |name| played.service.header(0, name);
                assert_eq!(header("secret").as_deref(), Some(SECRET));
                assert!(request.headers()["secret"].is_sensitive());
                assert_eq!(header("metadata"), None);
                let query = played.service.query(0);
                let version = query.iter().find(|(name, _)| name == "api-version");
                assert_eq!(version.unwrap().1, "2019-07-01-preview");
            }
        }
    }
}

#[test]
fn an_object_id_takes_the_version_that_knows_it() {
    let played = play(|| Stage::new(FABRIC, object_id()), [ok(3600)]);
    let query = played.service.query(0);
    assert!(query.contains(&("api-version".to_owned(), "2020-05-01".to_owned())));
}

#[test]
fn a_hash_that_is_none_is_refused_when_the_application_is_built() {
    // 47
    let (short, long) = ("0".repeat(39), "0".repeat(41));
    for thumbprint in [
        "not-a-thumbprint",
        ":",
        "00",
        &short,
        &long,
        &"0".repeat(63),
        &"0".repeat(66),
        &["g", &"0".repeat(39)].concat(),
        &"\u{ff10}".repeat(40),
        &["0x", &"0".repeat(38)].concat(),
    ] {
        let variables = fabric("https://localhost:2377/token", thumbprint);
        let error = refused_at_build(&variables, ManagedIdentityId::SystemAssigned);
        let kind = ErrorKind::InvalidArgument("IDENTITY_SERVER_THUMBPRINT");
        assert_eq!(error.kind(), &kind, "{thumbprint}");
    }
}

#[test]
fn plain_http_is_refused_even_to_this_machine() {
    // 48
    for endpoint in ["http://localhost:2377/token", "http://127.0.0.1:2377/token"] {
        let thumbprint = "0".repeat(40);
        let variables = fabric(endpoint, &thumbprint);
        let error = refused_at_build(&variables, ManagedIdentityId::SystemAssigned);
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("IDENTITY_ENDPOINT")
        );
    }
}

#[test]
fn what_service_fabric_refuses_with_is_told_and_final() {
    // 52
    let body =
        r#"{"error":{"correlationId":"c","code":"SecretHeaderNotFound","message":"no secret"}}"#;
    let played = play(|| Stage::own(FABRIC), [reply(404, body), ok(3600)]);
    assert_eq!(played.error().code(), Some("SecretHeaderNotFound"));
    assert_eq!(played.log(), ["send"]);
}

/// A host that sends, but not on terms.
struct Plain;

impl msal_core::Host for Plain {
    fn send(&self, _request: msal_core::Request) -> Reply {
        panic!("nothing may be sent without the pin");
    }

    fn wait(&self, _delay: std::time::Duration) {}
}

#[test]
fn who_cannot_pin_sends_nothing() {
    // 50, D3
    let error = msal_core::run(Stage::own(FABRIC).acquire(), &Plain).unwrap_err();
    let kind = ErrorKind::Unsupported("a pinned server certificate");
    assert_eq!(error.kind(), &kind);
    let error = msal_core::run(Stage::own(IMDS).acquire(), &Plain).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("sending without a proxy")
    );
}
