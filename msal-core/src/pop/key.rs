use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use serde::Serialize;
use serde_json::value::RawValue;

use super::PopRequest;
use super::jwk::PublicJwk;
use crate::jwt;
use crate::{AccessToken, Env, Error, ErrorKind, SignedHttpRequest};

/// A key that tokens are bound to, made in this process and never let out of it. Cheap to clone.
///
/// Make one, use it for as long as the program runs or for some hours, and give
/// [`TokenScheme::signed_http_request`](crate::TokenScheme::signed_http_request) of it to each call: tokens are cached under
/// the key, and whoever has lost the key has no use for its tokens.
///
/// ```no_run
/// # use msal_core::{AuthenticationResult, Env, Error, PopAlgorithm, PopKey, PopRequest, TokenScheme};
/// # type Acquire = fn(TokenScheme) -> Result<AuthenticationResult, Error>;
/// # fn example(env: &Env, acquire_token: Acquire) -> Result<(), Error> {
/// let key = PopKey::generate(PopAlgorithm::default(), env)?;
/// let result = acquire_token(TokenScheme::signed_http_request(&key))?;
/// // For each request anew: the API takes a signature once, and only for some minutes.
/// let request = PopRequest::new("GET", "https://api.contoso.com/orders")?;
/// let header = result.authorization_header_for(&key, &request)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PopKey(Arc<Inner>);

struct Inner {
    algorithm: PopAlgorithm,
    pair: Pair,
    public: PublicJwk,
    env: Env,
}

/// The private keys are wiped by aws-lc when they are dropped.
enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// How a key signs requests, RFC 7518 section 3.1. The identity provider takes any of them; it is the API that decides.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PopAlgorithm {
    /// ECDSA over P-256 with SHA-256: quick, and small.
    Es256,
    /// RSASSA-PSS with SHA-256 and a key of 2048 bits, as MSAL .NET has it.
    #[default]
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 bits, as the browser's MSAL has it.
    Rs256,
}

impl PopAlgorithm {
    /// The value of the JOSE header `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

impl PopKey {
    /// Makes a key. That of an RSA algorithm takes some tenths of a second. Signatures tell the time of `env`.
    pub fn generate(algorithm: PopAlgorithm, env: &Env) -> Result<Self, Error> {
        let failed = |_| {
            Error::new(ErrorKind::Credential).because("a key to bind tokens to could not be made")
        };
        let (pair, public) = match algorithm {
            PopAlgorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                let public = p256_jwk(pair.public_key().as_ref())?;
                (Pair::P256(pair), public)
            }
            PopAlgorithm::Ps256 | PopAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let public = rsa_jwk(pair.public_key().as_ref())?;
                (Pair::Rsa(pair), public)
            }
        };
        Ok(Self(Arc::new(Inner {
            algorithm,
            pair,
            public,
            env: env.clone(),
        })))
    }

    /// How it signs.
    pub fn algorithm(&self) -> PopAlgorithm {
        self.0.algorithm
    }

    /// The key's name: its thumbprint, RFC 7638.
    pub fn thumbprint(&self) -> &str {
        self.0.public.thumbprint()
    }

    /// The public key as a JWK, RFC 7517.
    pub fn public_jwk(&self) -> &str {
        self.0.public.json().get()
    }

    /// Signs a request that presents `token`, for this moment. Meant for one use.
    pub fn sign(
        &self,
        token: &AccessToken,
        request: &PopRequest,
    ) -> Result<SignedHttpRequest, Error> {
        let Inner {
            algorithm,
            public,
            env,
            ..
        } = &*self.0;
        let header = Header {
            alg: algorithm.name(),
            kid: public.thumbprint(),
            typ: "pop",
        };
        let random;
        let nonce = match request.given_nonce() {
            Some(given) => given,
            None => {
                random = env.guid().simple().to_string();
                &random
            }
        };
        let payload = Payload {
            at: token.expose(),
            ts: env.now().as_secs(),
            m: request.method(),
            u: request.host(),
            p: request.path(),
            q: request.signed_query(),
            nonce,
            cnf: Confirmation { jwk: public.json() },
        };
        let input = jwt::signing_input(&header, &payload)?;
        let signature = self.signature(input.as_bytes())?;
        Ok(SignedHttpRequest::new(jwt::signed(input, &signature)))
    }

    fn signature(&self, input: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::new(ErrorKind::Internal("signed HTTP request"));
        match &self.0.pair {
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), input).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.0.algorithm {
                    PopAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
                    _ => &RSA_PSS_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), input, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for PopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PopKey({}, {})",
            self.0.algorithm.name(),
            self.thumbprint()
        )
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// The members of the draft's section 3; `nonce` is Microsoft's, and `cnf` RFC 7800's.
#[derive(Serialize)]
struct Payload<'a> {
    at: &'a str,
    ts: u64,
    m: &'a str,
    u: &'a str,
    p: &'a str,
    q: (Vec<&'a str>, String),
    nonce: &'a str,
    cnf: Confirmation<'a>,
}

#[derive(Serialize)]
struct Confirmation<'a> {
    jwk: &'a RawValue,
}

/// Of an `RSAPublicKey`, RFC 8017 appendix A.1.1.
fn rsa_jwk(der: &[u8]) -> Result<PublicJwk, Error> {
    let numbers = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|key| -> der::Result<_> {
            let (modulus, exponent) = (UintRef::decode(key)?, UintRef::decode(key)?);
            Ok((modulus.as_bytes(), exponent.as_bytes()))
        })
    });
    let (modulus, exponent) = numbers.map_err(|_| Error::new(ErrorKind::Internal("public key")))?;
    PublicJwk::rsa(modulus, exponent)
}

/// Of a point that is not compressed, SEC 1 section 2.3.3.
fn p256_jwk(point: &[u8]) -> Result<PublicJwk, Error> {
    match point.split_first() {
        Some((4, coordinates)) if coordinates.len() == 64 => {
            let (x, y) = coordinates.split_at(32);
            PublicJwk::p256(x, y)
        }
        _ => Err(Error::new(ErrorKind::Internal("public key"))),
    }
}
