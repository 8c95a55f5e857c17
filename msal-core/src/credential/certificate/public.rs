use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use der::DateTime;
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::pem::{self, Label};
use super::x509::{self, X509};
use crate::credential::unusable;
use crate::jwt::base64url;
use crate::{Error, ErrorKind, Timestamp};

/// The public part of a certificate credential: the certificate itself, and whoever vouches for it. Cheap to clone.
///
/// Stands alone where the private key signs elsewhere, see
/// [`ClientCredential::from_signer`](crate::credential::ClientCredential::from_signer).
#[derive(Clone)]
pub struct PublicCertificate {
    chain: Arc<Chain>,
    send_x5c: bool,
    claims: Option<Arc<Map<String, Value>>>,
}

/// Certificates in DER, the one whose key signs first, each later one vouching for the one before.
struct Chain {
    certificates: Vec<Vec<u8>>,
    sha1: [u8; 20],
    sha256: [u8; 32],
    not_after: DateTime,
    signature_len: usize,
}

impl PublicCertificate {
    /// Reads certificates from PEM; anything else in the file is passed over.
    ///
    /// The first certificate is the one whose key signs; the others may come in any order.
    pub fn from_pem(file: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::from_der(certificates(file.as_ref())?)
    }

    /// Takes certificates in DER: first the one whose key signs, then whoever vouches for it, in any order.
    pub fn from_der<C: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = C>,
    ) -> Result<Self, Error> {
        let given: Vec<C> = certificates.into_iter().collect();
        Self::with_leaf(given.iter().map(AsRef::as_ref), |_| Some(0))
    }

    /// Sends the certificates along in the assertion's `x5c` header, so that the server can check their issuer and
    /// subject name instead of a registered certificate. Off by default.
    #[must_use]
    pub fn send_x5c(mut self, send: bool) -> Self {
        self.send_x5c = send;
        self
    }

    /// Adds claims to every assertion: the text of a JSON object.
    ///
    /// The claims that make an assertion safe stay the library's own: `aud`, `exp`, `iat`, `iss`, `jti`, `nbf` and
    /// `sub` are refused.
    pub fn assertion_claims(mut self, claims: impl AsRef<str>) -> Result<Self, Error> {
        let malformed =
            |why| Error::new(ErrorKind::InvalidArgument("assertion claims")).because(why);
        // The error of serde_json could quote the input.
        let claims: Map<String, Value> = serde_json::from_str(claims.as_ref())
            .map_err(|_| malformed("they must be the text of a JSON object"))?;
        if claims.keys().any(|name| RESERVED.contains(&name.as_str())) {
            return Err(malformed(
                "aud, exp, iat, iss, jti, nbf and sub cannot be replaced",
            ));
        }
        self.claims = Some(Arc::new(claims));
        Ok(self)
    }

    /// The SHA-1 hash of the certificate, which portals show as its thumbprint.
    pub fn sha1_thumbprint(&self) -> [u8; 20] {
        self.chain.sha1
    }

    /// The SHA-256 hash of the certificate.
    pub fn sha256_thumbprint(&self) -> [u8; 32] {
        self.chain.sha256
    }

    /// The last second in which the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        Timestamp::from_secs(self.chain.not_after.unix_duration().as_secs())
    }

    /// The certificates in DER, the one whose key signs first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.certificates.iter().map(Vec::as_slice)
    }

    /// The JOSE header `x5t`, RFC 7515 section 4.1.7.
    pub(in crate::credential) fn x5t(&self) -> String {
        base64url(&self.chain.sha1)
    }

    /// The JOSE header `x5t#S256`, RFC 7515 section 4.1.8.
    pub(in crate::credential) fn x5t_s256(&self) -> String {
        base64url(&self.chain.sha256)
    }

    /// The JOSE header `x5c`, RFC 7515 section 4.1.6, if it is to be sent.
    pub(in crate::credential) fn x5c(&self) -> Option<Vec<String>> {
        let encoded = |der| BASE64_STANDARD.encode(der);
        self.send_x5c
            .then(|| self.certificates().map(encoded).collect())
    }

    pub(in crate::credential) fn extra_claims(&self) -> Option<&Map<String, Value>> {
        self.claims.as_deref()
    }

    pub(in crate::credential) fn signature_len(&self) -> usize {
        self.chain.signature_len
    }

    /// The last second in which the certificate is valid, for people.
    pub(in crate::credential) fn end(&self) -> impl fmt::Display {
        self.chain.not_after
    }

    /// Reads PEM and takes the certificate of `rsa_public_key` as the one whose key signs.
    #[cfg(feature = "certificate")]
    pub(super) fn of_key_in_pem(rsa_public_key: &[u8], file: &[u8]) -> Result<Self, Error> {
        Self::of_key(rsa_public_key, &certificates(file)?)
    }

    /// Takes the certificate of `rsa_public_key` as the one whose key signs.
    #[cfg(feature = "certificate")]
    pub(super) fn of_key(rsa_public_key: &[u8], certificates: &[Vec<u8>]) -> Result<Self, Error> {
        Self::with_leaf(certificates.iter().map(Vec::as_slice), |parsed| {
            let ours = parsed.iter().enumerate();
            let ours = ours.filter(|(_, other)| other.rsa_public_key == Some(rsa_public_key));
            // A certificate that was renewed with its key may still be in the file.
            let newest = ours.max_by_key(|(_, certificate)| certificate.not_after);
            newest.map(|(at, _)| at)
        })
    }

    fn with_leaf<'a>(
        certificates: impl Iterator<Item = &'a [u8]>,
        leaf: impl FnOnce(&VecDeque<X509<'_>>) -> Option<usize>,
    ) -> Result<Self, Error> {
        let mut rest = parsed(certificates)?;
        let leaf = leaf(&rest)
            .and_then(|at| rest.remove(at))
            .ok_or_else(|| unusable("the private key does not belong to the certificate"))?;
        let signature_len = leaf
            .rsa_public_key
            .and_then(|key| x509::modulus_len(key).ok())
            .ok_or_else(|| {
                unusable("the certificate's key is no RSA key, and only RSA keys are supported")
            })?;
        let chain = Chain {
            sha1: Sha1::digest(leaf.der).into(),
            sha256: Sha256::digest(leaf.der).into(),
            not_after: leaf.not_after,
            signature_len,
            certificates: ordered(leaf, rest),
        };
        Ok(Self {
            chain: Arc::new(chain),
            send_x5c: false,
            claims: None,
        })
    }
}

impl fmt::Debug for PublicCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicCertificate")
            .field("x5t#S256", &self.x5t_s256())
            .field("certificates", &self.chain.certificates.len())
            .field("send_x5c", &self.send_x5c)
            .finish()
    }
}

/// Reads all certificates, each once. There is at least one.
fn parsed<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Result<VecDeque<X509<'a>>, Error> {
    let mut parsed = VecDeque::<X509<'_>>::new();
    for der in certificates {
        let certificate = X509::parse(der)
            .map_err(|_| malformed("it is not an X.509 certificate, or is damaged"))?;
        if !parsed.iter().any(|other| other.der == der) {
            parsed.push_back(certificate);
        }
    }
    match parsed.is_empty() {
        true => Err(malformed("there is none")),
        false => Ok(parsed),
    }
}

/// Follows the issuers from `leaf` on; what is not reached comes last, as given.
fn ordered(leaf: X509<'_>, mut rest: VecDeque<X509<'_>>) -> Vec<Vec<u8>> {
    let mut ordered = Vec::with_capacity(rest.len() + 1);
    let mut next = Some(leaf);
    while let Some(certificate) = next {
        next = rest
            .iter()
            .position(|other| !certificate.is_self_issued() && other.subject == certificate.issuer)
            .and_then(|at| rest.remove(at));
        ordered.push(certificate.der.to_vec());
    }
    ordered.extend(rest.iter().map(|certificate| certificate.der.to_vec()));
    ordered
}

fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let sections = pem::sections(file, WHAT)?;
    let has_request = sections
        .iter()
        .any(|section| section.label() == Label::CertificateRequest);
    let certificates: Vec<_> = sections
        .into_iter()
        .filter(|section| section.label() == Label::Certificate)
        .map(|section| section.der.to_vec())
        .collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true if has_request => Err(malformed(
            "it is a certificate request: what is needed is the certificate that was issued for it",
        )),
        true => Err(malformed("it has no section `-----BEGIN CERTIFICATE-----`")),
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(WHAT)).because(why)
}

const WHAT: &str = "certificate";

/// The claims that `assertion` sets.
const RESERVED: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];
