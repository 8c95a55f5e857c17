#![no_main]

//! Certificates and keys in PEM: credentials, or an error.

use libfuzzer_sys::fuzz_target;
use msal_core::credential::{Certificate, PublicCertificate};

fuzz_target!(|file: &[u8]| {
    let _ = Certificate::from_pem(file, file);
    let _ = Certificate::from_encrypted_pem(file, file, "password");
    let _ = PublicCertificate::from_pem(file);
});
