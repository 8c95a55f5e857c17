//! The keys that an authority signs id tokens with: JWK sets (RFC 7517), and signatures checked by them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::{AuthorityKind, Issuer, document};
use crate::{Error, IdTokenClaims, RawIdToken, Request, Response};

/// The keys that could have signed an id token. Cheap to share, never to be written down.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<String>,
    /// Whose tokens alone it signs, where it says so: Entra ID's.
    issuer: Option<Issuer>,
    numbers: Numbers,
}

#[derive(Debug)]
enum Numbers {
    /// A point of P-256 that is not compressed, SEC 1 section 2.3.3.
    P256(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl KeySet {
    /// Asks for the keys.
    pub(super) fn request(url: &Url) -> Result<Request, Error> {
        document::request(url)
    }

    /// Reads the answer. A key that is for something else, of another kind or too weak is passed over, RFC 7517 section 5.
    pub(super) fn parse(response: &Response) -> Result<Self, Error> {
        let wire: Wire = document::parse(response.body(), DOCUMENT)?;
        let keys = wire.keys.iter();
        Ok(Self(keys.filter_map(|json| Key::parse(json)).collect()))
    }

    /// Whether a token of this header could be of one of the keys.
    pub(crate) fn knows(&self, key_id: Option<&str>) -> bool {
        self.named(key_id).next().is_some()
    }

    /// Checks the signature of `token`, which `claims` were read from. Says why it cannot be right.
    pub(crate) fn check(
        &self,
        token: &RawIdToken,
        claims: &IdTokenClaims,
        kind: AuthorityKind,
    ) -> Result<(), &'static str> {
        let header = claims.header();
        let Some(algorithm) = header.algorithm().and_then(Algorithm::of) else {
            return Err("its signature is of no algorithm that is accepted");
        };
        if header.is_critical() {
            return Err("its header demands what this library does not know");
        }
        let Some((message, signature)) = token.expose().rsplit_once('.') else {
            return Err("it has no signature");
        };
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(signature) else {
            return Err("its signature is no base64url");
        };
        let key_id = header.key_id();
        if key_id.is_none() && self.0.len() > 1 {
            return Err("it does not say which of several keys signed it");
        }
        let mut is_known = false;
        for key in self.named(key_id) {
            is_known = true;
            if key.may_sign(algorithm, claims, kind)
                && key
                    .numbers
                    .verify(algorithm, message.as_bytes(), &signature)
            {
                return Ok(());
            }
        }
        Err(match is_known {
            true => "its signature is wrong",
            false => "it was signed by a key that the authority does not name",
        })
    }

    /// The keys of this id; without one, the only key there is.
    fn named(&self, key_id: Option<&str>) -> impl Iterator<Item = &Key> {
        let is_alone = self.0.len() == 1;
        self.0.iter().filter(move |key| match key_id {
            Some(_) => key.id.as_deref() == key_id,
            None => is_alone,
        })
    }
}

impl Key {
    fn parse(json: &RawValue) -> Option<Self> {
        let wire: WireKey = serde_json::from_str(json.get()).ok()?;
        if wire.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let numbers = match wire.kty.as_str() {
            "EC" if wire.crv.as_deref() == Some("P-256") => {
                let (x, y) = (decoded(wire.x.as_ref()?)?, decoded(wire.y.as_ref()?)?);
                if x.len() != COORDINATE || y.len() != COORDINATE {
                    return None;
                }
                Numbers::P256([&[UNCOMPRESSED][..], &x, &y].concat())
            }
            "RSA" => {
                let modulus = number(wire.n.as_ref()?)?;
                let first = modulus.first()?.leading_zeros() as usize;
                if modulus.len() * 8 - first < FEWEST_BITS {
                    return None;
                }
                Numbers::Rsa {
                    modulus,
                    exponent: number(wire.e.as_ref()?)?,
                }
            }
            _ => return None,
        };
        Some(Self {
            id: wire.kid,
            algorithm: wire.alg,
            issuer: wire.issuer.as_deref().map(Issuer::new),
            numbers,
        })
    }

    /// Whether the key is for this algorithm, and for tokens of this issuer.
    fn may_sign(&self, algorithm: Algorithm, claims: &IdTokenClaims, kind: AuthorityKind) -> bool {
        let is_for_algorithm = self
            .algorithm
            .as_deref()
            .is_none_or(|named| Algorithm::of(named) == Some(algorithm));
        let is_of_issuer = match &self.issuer {
            Some(issuer) if kind == AuthorityKind::EntraId => {
                claims.issuer().is_some_and(|iss| issuer.accepts(iss))
            }
            _ => true,
        };
        is_for_algorithm && is_of_issuer
    }
}

impl Numbers {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let rsa: &RsaParameters = match algorithm {
            Algorithm::Es256 => {
                let Self::P256(point) = self else {
                    return false;
                };
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                return key.verify(message, signature).is_ok();
            }
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let Self::Rsa { modulus, exponent } = self else {
            return false;
        };
        let key = RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        };
        key.verify(rsa, message, signature).is_ok()
    }
}

/// What is accepted, RFC 7518 section 3.1: signatures by public keys alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Algorithm {
    Es256,
    Ps256,
    Rs256,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "PS256" => Some(Self::Ps256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    keys: Vec<Box<RawValue>>,
}

/// The wire form of one key. A key with a member twice is passed over.
#[derive(Deserialize)]
struct WireKey {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn decoded(text: &String) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number without leading zeros.
fn number(text: &String) -> Option<Vec<u8>> {
    let bytes = decoded(text)?.into_iter();
    Some(bytes.skip_while(|byte| *byte == 0).collect())
}

const DOCUMENT: &str = "set of signing keys";
const COORDINATE: usize = 32;
const FEWEST_BITS: usize = 2048;
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests;
