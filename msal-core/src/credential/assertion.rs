use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{CredentialContext, PublicCertificate, SigningAlgorithm, unusable};
use crate::{ClientAssertion, Env, Error, Timestamp, jwt};

/// An assertion that a certificate's key is to sign, RFC 7523 section 3. For one request: its `jti` is spent with it.
pub(super) struct UnsignedAssertion<'a> {
    context: &'a CredentialContext<'a>,
    now: Timestamp,
    id: Uuid,
}

impl<'a> UnsignedAssertion<'a> {
    pub(super) fn new(context: &'a CredentialContext<'a>, env: &Env) -> Self {
        Self {
            context,
            now: env.now(),
            id: env.guid(),
        }
    }

    /// The text that the key of `certificate` signs.
    pub(super) fn signing_input(self, certificate: &PublicCertificate) -> Result<String, Error> {
        let algorithm = self.context.algorithm;
        // Entra ID refuses it anyway; other servers may have registered just the key.
        if algorithm == SigningAlgorithm::Ps256 && certificate.not_after() < self.now {
            return Err(unusable(format!(
                "the certificate expired at {}: renew it",
                certificate.end()
            )));
        }
        let (x5t, x5t_s256) = match algorithm {
            SigningAlgorithm::Ps256 => (None, Some(certificate.x5t_s256())),
            SigningAlgorithm::Rs256 => (Some(certificate.x5t()), None),
        };
        let header = Header {
            alg: algorithm.name(),
            typ: "JWT",
            x5t,
            x5t_s256,
            x5c: certificate.x5c(),
        };
        let claims = AssertionClaims {
            aud: self.context.token_endpoint,
            exp: (self.now + LIFETIME).as_secs(),
            iat: self.now.as_secs(),
            iss: self.context.client_id,
            jti: self.id.to_string(),
            nbf: (self.now - SKEW).as_secs(),
            sub: self.context.client_id,
            extra: certificate.extra_claims(),
        };
        jwt::signing_input(&header, &claims)
    }
}

/// Puts the assertion together, if the signature can be the certificate's.
pub(super) fn signed(
    signing_input: String,
    signature: &[u8],
    certificate: &PublicCertificate,
) -> Result<ClientAssertion, Error> {
    if signature.len() != certificate.signature_len() {
        return Err(unusable(format!(
            "the signer returned {} bytes, and a signature by the certificate's key has {}",
            signature.len(),
            certificate.signature_len()
        )));
    }
    Ok(ClientAssertion::new(jwt::signed(signing_input, signature)))
}

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<String>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5c: Option<Vec<String>>,
}

#[derive(Serialize)]
struct AssertionClaims<'a> {
    aud: &'a str,
    exp: u64,
    iat: u64,
    iss: &'a str,
    jti: String,
    nbf: u64,
    sub: &'a str,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

const LIFETIME: Duration = Duration::from_secs(600);

/// How far this machine's clock may be ahead of a server's that allows for nothing itself.
const SKEW: Duration = Duration::from_secs(60);
