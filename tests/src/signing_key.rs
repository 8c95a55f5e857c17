//! The key that the provider signs its tokens with.

use std::io;
use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::certificate::ClientCertificate;

/// An RSA key with the certificate it is published in.
#[derive(Debug)]
pub(crate) struct SigningKey {
    key: KeyPair,
    certificate: ClientCertificate,
    exponent: Vec<u8>,
    modulus: Vec<u8>,
}

impl SigningKey {
    /// The key of this process, made on first use: all its providers share one, since a new RSA key takes long.
    pub(crate) fn of_this_process() -> io::Result<&'static Self> {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        if let Some(key) = KEY.get() {
            return Ok(key);
        }
        let key = Self::new()?;
        Ok(KEY.get_or_init(|| key))
    }

    /// Signs claims as a JWT (RFC 7519) with RS256.
    pub(crate) fn sign(&self, claims: &Value) -> io::Result<String> {
        let key_id = self.key_id();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5t": key_id, "kid": key_id });
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.sign_bytes(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }

    /// Signs bytes with RSASSA-PKCS1-v1_5 and SHA-256.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_unspecified| io::Error::other("could not sign a token"))?;
        Ok(signature)
    }

    /// The certificate that the public key is published in, in DER.
    pub(crate) fn certificate_der(&self) -> &[u8] {
        self.certificate.certificate_der()
    }

    /// Modulus and exponent, without leading zeros.
    pub(crate) fn public_numbers(&self) -> (&[u8], &[u8]) {
        (&self.modulus, &self.exponent)
    }

    /// The public key as a JWK (RFC 7517), in the shape that Entra ID gives it.
    pub(crate) fn jwk(&self) -> Value {
        let key_id = self.key_id();
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": key_id,
            "x5t": key_id,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
            "x5c": [STANDARD.encode(self.certificate.certificate_der())],
        })
    }

    fn key_id(&self) -> String {
        self.certificate.thumbprint().x5t()
    }

    fn new() -> io::Result<Self> {
        let certificate = ClientCertificate::self_signed("accounts.accesscontrol.windows.net")?;
        let key = KeyPair::from_pkcs8(certificate.private_key_der()).map_err(|rejected| {
            io::Error::other(format!("could not load the signing key: {rejected}"))
        })?;
        let (modulus, exponent) = public_numbers(certificate.certificate_der())
            .ok_or_else(|| io::Error::other("could not read the signing key's certificate"))?;
        Ok(Self {
            key,
            certificate,
            exponent,
            modulus,
        })
    }
}

/// Modulus and exponent of the RSA key in a certificate, without leading zeros.
fn public_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let PublicKey::RSA(key) = certificate.public_key().parsed().ok()? else {
        return None;
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect()
    };
    Some((number(key.modulus), number(key.exponent)))
}
