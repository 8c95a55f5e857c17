//! Certificates in every form that people keep them in, and in many forms that are no certificate.
#![cfg(feature = "certificate")]

mod fixture;

use std::error::Error as StdError;

use msal_core::credential::{Certificate, PublicCertificate};
use msal_core::{Error, ErrorKind};
use proptest::prelude::*;

use fixture::{PASSWORD, bytes, text};

#[test]
fn every_form_of_the_key_is_read_and_belongs_to_the_certificate() {
    for name in ["key.pem", "key-pkcs1.pem", "both.pem"] {
        let certificate = Certificate::from_pem(text("certificate.pem"), text(name));
        assert!(certificate.is_ok(), "{name}: {certificate:?}");
    }
    for name in [
        "key-aes256.pem",
        "key-aes128-sha1.pem",
        "key-3des.pem",
        "key-scrypt.pem",
        "key.pem",
    ] {
        let certificate =
            Certificate::from_encrypted_pem(text("certificate.pem"), text(name), PASSWORD);
        assert!(certificate.is_ok(), "{name}: {certificate:?}");
    }
}

#[test]
fn one_file_may_hold_it_all() {
    let file = text("both.pem");
    let certificate = Certificate::from_pem(&file, &file).unwrap();
    assert_eq!(certificate.public().certificates().count(), 2);
}

#[test]
fn windows_line_ends_a_byte_order_mark_and_prose_do_not_matter() {
    let file = format!(
        "\u{feff}Bag Attributes\r\n{}",
        text("both.pem").replace('\n', "\r\n")
    );
    assert!(Certificate::from_pem(&file, &file).is_ok());
}

#[test]
fn the_certificate_of_the_key_comes_first_and_its_issuers_follow() {
    let certificate = Certificate::from_pem(text("chain.pem"), text("key.pem")).unwrap();
    let chain: Vec<_> = certificate.public().certificates().collect();
    assert_eq!(chain.len(), 3);
    assert_eq!(chain[0], bytes("certificate.der"));
    let (intermediate, root) = (chain[1], chain[2]);
    assert!(contains(intermediate, b"intermediate") && contains(intermediate, b"root"));
    assert!(contains(root, b"root") && !contains(root, b"intermediate"));
}

#[test]
fn a_certificate_that_is_there_twice_counts_once() {
    let twice = text("certificate.pem").repeat(2);
    let certificate = Certificate::from_pem(twice, text("key.pem")).unwrap();
    assert_eq!(certificate.public().certificates().count(), 1);
}

#[test]
fn of_two_certificates_of_one_key_the_newer_one_counts() {
    let (old, new) = (text("certificate-expired.pem"), text("certificate.pem"));
    for file in [format!("{old}{new}"), format!("{new}{old}")] {
        let certificate = Certificate::from_pem(file, text("key.pem")).unwrap();
        assert_eq!(
            certificate.public().certificates().next().unwrap(),
            bytes("certificate.der")
        );
    }
}

#[test]
fn thumbprints_and_the_end_are_those_that_openssl_prints() {
    let certificate = PublicCertificate::from_pem(text("certificate.pem")).unwrap();
    assert_eq!(
        hex(&certificate.sha1_thumbprint()),
        text("thumbprint-sha1.txt").trim()
    );
    assert_eq!(
        hex(&certificate.sha256_thumbprint()),
        text("thumbprint-sha256.txt").trim()
    );
    assert_eq!(
        certificate.not_after().to_string(),
        text("not-after.txt").trim()
    );
    let same = PublicCertificate::from_der([bytes("certificate.der")]).unwrap();
    assert_eq!(same.sha256_thumbprint(), certificate.sha256_thumbprint());
}

#[test]
fn a_malformed_file_is_named_and_never_quoted() {
    let key = text("key.pem");
    let without_end = key.replace("-----END PRIVATE KEY-----", "");
    let two_keys = format!("{key}{}", text("other-key.pem"));
    let other_end = key.replace("END PRIVATE", "END RSA PRIVATE");
    let damaged = key.replacen("MII", "M!I", 1);
    let cut = format!("{}\n-----END PRIVATE KEY-----\n", &key[..400]);
    let shifted = key.replacen("MIIE", "AAAA", 1);
    let blank_line = key.replacen('\n', "\n\n", 3);
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(key.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let cases = [
        case("empty", b"", KEY, "it is empty"),
        case("white space", b" \n\t ", KEY, "no PEM section"),
        case(
            "prose",
            b"the key is under the doormat",
            KEY,
            "no PEM section",
        ),
        case("zeros", [0; 64], KEY, "no PEM section"),
        case("DER", bytes("key.der"), KEY, "in DER"),
        case("UTF-16", utf16, KEY, "UTF-16"),
        case(
            "invalid UTF-8",
            b"-----BEGIN \xff-----\nAAAA\n-----END \xff-----\n",
            KEY,
            "not text",
        ),
        case("no END", without_end, KEY, "no END line"),
        case("another END", other_end, KEY, "BEGIN and END lines differ"),
        case(
            "no name",
            b"-----BEGIN -----\nAAAA\n-----END -----\n",
            KEY,
            "has no name",
        ),
        case("not base64", damaged, KEY, "not in base64"),
        case(
            "empty section",
            b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            KEY,
            "damaged",
        ),
        case("cut section", cut, KEY, "damaged"),
        case("no DER within", shifted, KEY, "damaged"),
        case("blank line", blank_line, KEY, "header that cannot be read"),
        case("two keys", two_keys, KEY, "several private keys"),
        case(
            "just a certificate",
            bytes("certificate.pem"),
            KEY,
            "no section `-----BEGIN PRIVATE KEY-----`",
        ),
        case(
            "public key",
            bytes("public-key.pem"),
            KEY,
            "it is a public key",
        ),
        case(
            "PKCS #8 in a PKCS #1 label",
            key.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            KEY,
            "damaged",
        ),
        case(
            "PKCS #1 in a PKCS #8 label",
            text("key-pkcs1.pem").replace("RSA PRIVATE", "PRIVATE"),
            KEY,
            "damaged",
        ),
        case(
            "plain key in an encrypted label",
            key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
            KEY,
            "damaged",
        ),
        case(
            "legacy encryption",
            bytes("key-legacy.pem"),
            CREDENTIAL,
            "openssl pkcs8 -topk8",
        ),
        case(
            "PBES1",
            bytes("key-pbes1.pem"),
            CREDENTIAL,
            "encrypted in a way that is not supported",
        ),
        case(
            "EC in PKCS #8",
            bytes("ec-key.pem"),
            CREDENTIAL,
            "only RSA keys",
        ),
        case(
            "EC in SEC1",
            bytes("ec-key-sec1.pem"),
            CREDENTIAL,
            "only RSA keys",
        ),
        case(
            "Ed25519",
            bytes("ed25519-key.pem"),
            CREDENTIAL,
            "only RSA keys",
        ),
        case(
            "RSA-PSS",
            bytes("key-pss.pem"),
            CREDENTIAL,
            "limited to RSASSA-PSS",
        ),
        case(
            "1,024 bits",
            bytes("key-1024.pem"),
            CREDENTIAL,
            "fewer than 2,048 bits",
        ),
        case(
            "another's key",
            bytes("other-key.pem"),
            CREDENTIAL,
            "does not belong to the certificate",
        ),
        case(
            "OpenSSH",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            CREDENTIAL,
            "ssh-keygen",
        ),
    ];
    for (name, file, kind, why) in cases {
        let error =
            Certificate::from_encrypted_pem(text("certificate.pem"), &file, PASSWORD).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().contains(why)),
            (&kind, true),
            "{name}: {error}"
        );
        assert_quotes_nothing(&error, &file, name);
    }
}

#[test]
fn a_malformed_certificate_is_named() {
    let certificate = text("certificate.pem");
    let cases = [
        case("empty", b"", CERTIFICATE, "it is empty"),
        case(
            "just a key",
            bytes("key.pem"),
            CERTIFICATE,
            "no section `-----BEGIN CERTIFICATE-----`",
        ),
        case(
            "request",
            bytes("request.pem"),
            CERTIFICATE,
            "a certificate request",
        ),
        case("DER", bytes("certificate.der"), CERTIFICATE, "in DER"),
        case(
            "a key in a certificate's label",
            text("key.pem").replace("PRIVATE KEY", "CERTIFICATE"),
            CERTIFICATE,
            "not an X.509 certificate",
        ),
        case(
            "a request in a certificate's label",
            text("request.pem").replace(" REQUEST", ""),
            CERTIFICATE,
            "not an X.509 certificate",
        ),
        case(
            "damaged",
            certificate.replacen("MIID", "MIIE", 1),
            CERTIFICATE,
            "damaged",
        ),
        case(
            "EC",
            bytes("ec-certificate.pem"),
            CREDENTIAL,
            "does not belong",
        ),
        case(
            "another's",
            bytes("other-certificate.pem"),
            CREDENTIAL,
            "does not belong",
        ),
    ];
    for (name, file, kind, why) in cases {
        let error = Certificate::from_pem(&file, text("key.pem")).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().contains(why)),
            (&kind, true),
            "{name}: {error}"
        );
    }
    let error = PublicCertificate::from_pem(text("ec-certificate.pem")).unwrap_err();
    assert_eq!(error.kind(), &CREDENTIAL, "{error}");
    let error = PublicCertificate::from_der([b""; 0]).unwrap_err();
    assert_eq!(error.kind(), &CERTIFICATE, "{error}");
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let none = Certificate::from_pem(text("certificate.pem"), text("key-aes256.pem")).unwrap_err();
    assert_eq!(none.kind(), &CREDENTIAL);
    assert!(none.to_string().contains("no password was given"), "{none}");
    for name in [
        "key-aes256.pem",
        "key-3des.pem",
        "key-aes128-sha1.pem",
        "key-scrypt.pem",
    ] {
        for password in ["", "wrong", "OPEN SESAME"] {
            let error =
                Certificate::from_encrypted_pem(text("certificate.pem"), text(name), password)
                    .unwrap_err();
            assert_eq!(error.kind(), &CREDENTIAL, "{name}");
            assert!(
                error.to_string().contains("password is wrong"),
                "{name}: {error}"
            );
        }
    }
}

#[test]
fn claims_that_make_an_assertion_safe_cannot_be_replaced() {
    let certificate = PublicCertificate::from_pem(text("certificate.pem")).unwrap();
    for claims in [
        r#"{"aud":"x"}"#,
        r#"{"jti":"x"}"#,
        r#"{"exp":1}"#,
        "",
        "[]",
        "{",
        "canary",
    ] {
        let error = certificate.clone().assertion_claims(claims).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("assertion claims"),
            "{claims}"
        );
        assert!(!error.to_string().contains("canary"));
    }
    assert!(
        certificate
            .assertion_claims(r#"{"client_ip":"192.0.2.1"}"#)
            .is_ok()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_pem_file_is_an_error_or_still_a_key(damage in fixture::damage(), which in 0..4_usize) {
        let name = ["both.pem", "key-pkcs1.pem", "key-aes256.pem", "key-3des.pem"][which];
        let file = damage.apply(bytes(name));
        let result = Certificate::from_encrypted_pem(text("certificate.pem"), &file, PASSWORD);
        if let Err(error) = result {
            assert_quotes_nothing(&error, &bytes(name), name);
        }
        let result = Certificate::from_pem(&file, text("key.pem"));
        if let Err(error) = result {
            assert_quotes_nothing(&error, &bytes(name), name);
        }
    }

    #[test]
    fn a_damaged_certificate_is_an_error_or_has_another_thumbprint(damage in fixture::damage()) {
        let original = bytes("certificate.der");
        let damaged = damage.apply(original.clone());
        if let Ok(certificate) = PublicCertificate::from_der([&damaged]) {
            let hash = hex(&certificate.sha256_thumbprint());
            prop_assert_eq!(damaged == original, hash == text("thumbprint-sha256.txt").trim());
        }
    }
}

fn case(
    name: &'static str,
    file: impl Into<Vec<u8>>,
    kind: ErrorKind,
    why: &'static str,
) -> (&'static str, Vec<u8>, ErrorKind, &'static str) {
    (name, file.into(), kind, why)
}

/// Looks in whatever people see of an error for the start of any line of the file, as text and as numbers.
fn assert_quotes_nothing(error: &Error, file: &[u8], name: &str) {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(inner) = source {
        shown.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    assert!(!shown.contains(PASSWORD), "{name}: {shown}");
    let payload = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"-----") && !line.starts_with(b"Proc-Type"));
    for start in payload.filter_map(|line| line.get(..8)) {
        let as_text = String::from_utf8_lossy(start);
        let as_numbers = format!("{start:?}");
        assert!(!shown.contains(&*as_text), "{name}: {shown}");
        assert!(
            !shown.contains(as_numbers.trim_matches(['[', ']'])),
            "{name}: {shown}"
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

const CERTIFICATE: ErrorKind = ErrorKind::InvalidArgument("certificate");
const CREDENTIAL: ErrorKind = ErrorKind::Credential;
const KEY: ErrorKind = ErrorKind::InvalidArgument("private key");
