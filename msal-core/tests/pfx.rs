//! PFX files as OpenSSL writes them, today's way and the old way.
#![cfg(feature = "pfx")]

mod fixture;

use msal_core::ErrorKind;
use msal_core::credential::{Certificate, PublicCertificate};
use proptest::prelude::*;

use fixture::{PASSWORD, bytes, text};

#[test]
fn every_form_that_openssl_writes_is_read() {
    let expected = PublicCertificate::from_pem(text("certificate.pem"))
        .unwrap()
        .sha256_thumbprint();
    let files = [
        ("modern.pfx", PASSWORD, 3),
        ("legacy.pfx", PASSWORD, 1),
        ("legacy-3des.pfx", PASSWORD, 1),
        ("sha1-mac.pfx", PASSWORD, 1),
        ("empty-password.pfx", "", 1),
        ("empty-password-legacy.pfx", "", 1),
        ("umlaut-password.pfx", "pässwörd", 1),
        ("umlaut-password-legacy.pfx", "pässwörd", 1),
        ("no-mac.pfx", PASSWORD, 1),
        ("unencrypted.pfx", PASSWORD, 1),
    ];
    for (name, password, certificates) in files {
        let certificate = Certificate::from_pfx(bytes(name), password);
        let certificate = certificate.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(certificate.public().sha256_thumbprint(), expected, "{name}");
        assert_eq!(
            certificate.public().certificates().count(),
            certificates,
            "{name}"
        );
    }
}

#[test]
fn a_wrong_password_is_named() {
    let files = [
        "modern.pfx",
        "legacy.pfx",
        "legacy-3des.pfx",
        "sha1-mac.pfx",
        "empty-password.pfx",
        "no-mac.pfx",
        "unencrypted.pfx",
    ];
    for name in files {
        for password in ["wrong", "Open Sesame"] {
            let error = Certificate::from_pfx(bytes(name), password).unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::Credential,
                "{name}, {password}: {error}"
            );
            assert!(
                error.to_string().contains("password is wrong"),
                "{name}, {password}: {error}"
            );
            assert!(
                !format!("{error} {error:?}").contains("Open Sesame"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_file_that_cannot_serve_is_named() {
    let pfx = ErrorKind::InvalidArgument("PFX file");
    let half = bytes("modern.pfx")[..2000].to_vec();
    let cases = [
        ("empty", Vec::new(), pfx.clone(), "no PFX file"),
        ("PEM", bytes("both.pem"), pfx.clone(), "no PFX file"),
        (
            "certificate",
            bytes("certificate.der"),
            pfx.clone(),
            "no PFX file",
        ),
        ("cut off", half, pfx, "damaged"),
        (
            "no key",
            bytes("no-key.pfx"),
            ErrorKind::Credential,
            "no private key",
        ),
        (
            "no certificate",
            bytes("no-certificate.pfx"),
            ErrorKind::Credential,
            "no certificate",
        ),
        (
            "EC",
            bytes("ec.pfx"),
            ErrorKind::Credential,
            "only RSA keys",
        ),
    ];
    for (name, file, kind, why) in cases {
        let error = Certificate::from_pfx(file, PASSWORD).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().contains(why)),
            (&kind, true),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_password_that_cannot_be_written_in_utf16_units_is_named() {
    let error = Certificate::from_pfx(bytes("modern.pfx"), "\u{1f511}").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    assert!(error.to_string().contains("beyond U+FFFF"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_file_is_an_error_or_still_the_same_key(damage in fixture::damage(), legacy: bool) {
        let file = damage.apply(bytes(if legacy { "legacy.pfx" } else { "modern.pfx" }));
        if let Err(error) = Certificate::from_pfx(file, PASSWORD) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
