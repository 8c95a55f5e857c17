//! Signed JWTs as clients send them (RFC 7515, RFC 7519), taken apart and checked.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A JWT in its parts, of which nothing has been believed yet.
#[derive(Debug)]
pub(crate) struct Jws<'text> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    message: &'text str,
    signature: Vec<u8>,
}

impl<'text> Jws<'text> {
    /// Takes a JWT apart, if it is one.
    pub(crate) fn parse(text: &'text str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            message,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// The algorithm named in the header.
    pub(crate) fn algorithm(&self) -> Option<&str> {
        self.header.get("alg")?.as_str()
    }

    /// A claim that is a string.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a time in seconds. MSAL .NET writes it as a string, MSAL Python with a fraction.
    pub(crate) fn time(&self, name: &str) -> Option<f64> {
        match self.claims.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Checks the signature by the RSA key of a certificate.
    pub(crate) fn is_signed_by_certificate(&self, der: &[u8]) -> bool {
        let (Some(parameters), Ok((_, certificate))) =
            (self.rsa_parameters(), X509Certificate::from_der(der))
        else {
            return false;
        };
        UnparsedPublicKey::new(parameters, certificate.public_key().raw)
            .verify(self.message.as_bytes(), &self.signature)
            .is_ok()
    }

    /// Checks the signature by any fitting key of a JWK set (RFC 7517).
    pub(crate) fn is_signed_by_one_of(&self, keys: &Value) -> bool {
        let wanted = self.header.get("kid");
        let Some(keys) = keys.get("keys").and_then(Value::as_array) else {
            return false;
        };
        keys.iter()
            .filter(|key| wanted.is_none() || key.get("kid") == wanted)
            .any(|key| self.is_signed_by(key))
    }

    /// Checks the signature by a JWK: RSA, or the curve P-256.
    pub(crate) fn is_signed_by(&self, key: &Value) -> bool {
        let number = |name| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
        let message = self.message.as_bytes();
        match key.get("kty").and_then(Value::as_str) {
            Some("RSA") => {
                let (Some(parameters), Some(n), Some(e)) =
                    (self.rsa_parameters(), number("n"), number("e"))
                else {
                    return false;
                };
                RsaPublicKeyComponents { n, e }
                    .verify(parameters, message, &self.signature)
                    .is_ok()
            }
            Some("EC") if self.algorithm() == Some("ES256") => {
                let (Some(x), Some(y)) = (number("x"), number("y")) else {
                    return false;
                };
                let point = [&[UNCOMPRESSED][..], &x, &y].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message, &self.signature).is_ok()
            }
            _ => false,
        }
    }

    fn rsa_parameters(&self) -> Option<&'static RsaParameters> {
        match self.algorithm()? {
            "PS256" => Some(&RSA_PSS_2048_8192_SHA256),
            "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
            _ => None,
        }
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let text = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&text).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// SEC 1 section 2.3.3: the first byte of a point that is not compressed.
const UNCOMPRESSED: u8 = 4;
