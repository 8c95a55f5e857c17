use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

use crate::jwt::base64url;
use crate::{Error, ErrorKind};

/// A public key as a JWK of its required members alone, in the order that its thumbprint is taken of.
pub(super) struct PublicJwk {
    json: Box<RawValue>,
    thumbprint: String,
}

impl PublicJwk {
    /// An RSA key, of numbers without leading zeros, RFC 7518 section 6.3.1.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        Self::new(&Rsa {
            e: base64url(exponent),
            kty: "RSA",
            n: base64url(modulus),
        })
    }

    /// A key of the curve P-256, by the coordinates of its point, RFC 7518 section 6.2.1.
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Result<Self, Error> {
        Self::new(&Ec {
            crv: "P-256",
            kty: "EC",
            x: base64url(x),
            y: base64url(y),
        })
    }

    /// The key itself.
    pub(super) fn json(&self) -> &RawValue {
        &self.json
    }

    /// The key's name, RFC 7638 section 3: the SHA-256 hash of its canonical form, in base64url.
    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn new(members: &impl Serialize) -> Result<Self, Error> {
        let json =
            to_raw_value(members).map_err(|_| Error::new(ErrorKind::Internal("public key")))?;
        let thumbprint = base64url(&Sha256::digest(json.get()));
        Ok(Self { json, thumbprint })
    }
}

/// Members in lexicographic order, as RFC 7638 section 3.2 has it.
#[derive(Serialize)]
struct Rsa {
    e: String,
    kty: &'static str,
    n: String,
}

/// Members in lexicographic order, as RFC 7638 section 3.2 has it.
#[derive(Serialize)]
struct Ec {
    crv: &'static str,
    kty: &'static str,
    x: String,
    y: String,
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        // RFC 7638 section 3.1.
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
            hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9\
            1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let modulus = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
        let key = PublicJwk::rsa(&modulus, &[1, 0, 1]).unwrap();
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        assert!(
            key.json()
                .get()
                .starts_with(r#"{"e":"AQAB","kty":"RSA","n":"0vx7"#)
        );
    }
}
