use std::io;

use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize,
};
use time::OffsetDateTime;

use super::{LONG, Thumbprint, invalid};

/// A certificate with its RSA key (2048 bits), which an app signs its client assertions with.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    certificate_der: Vec<u8>,
    certificate_pem: String,
    key_der: Vec<u8>,
    key_pem: String,
    issuers_pem: String,
}

/// An authority that issues client certificates, for apps that trust a subject name and an issuer
/// in place of one certificate.
#[derive(Debug)]
pub struct ClientCertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
    pem: String,
}

impl ClientCertificate {
    /// Makes a self-signed certificate, valid from a day ago for ten years.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn self_signed(common_name: &str) -> io::Result<Self> {
        let now = OffsetDateTime::now_utc();
        Self::self_signed_between(common_name, now - time::Duration::DAY, now + LONG)
    }

    /// Makes a self-signed certificate that ended yesterday.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn expired(common_name: &str) -> io::Result<Self> {
        let now = OffsetDateTime::now_utc();
        Self::self_signed_between(common_name, now - LONG, now - time::Duration::DAY)
    }

    /// The certificate in PEM, followed by those of its issuers where it has any.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        format!("{}{}", self.certificate_pem, self.issuers_pem)
    }

    /// The certificate alone in DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The private key in PEM (PKCS#8, not encrypted).
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The private key in DER (PKCS#8, not encrypted).
    #[must_use]
    pub fn private_key_der(&self) -> &[u8] {
        &self.key_der
    }

    /// Key and certificates in one PEM text, as many programs keep them in one file.
    #[must_use]
    pub fn pem(&self) -> String {
        format!("{}{}", self.key_pem, self.certificate_pem())
    }

    /// Key and certificate as PKCS#12 (PFX), encrypted with a password.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn pfx(&self, password: &str) -> io::Result<Vec<u8>> {
        let rejected = |error| io::Error::other(format!("could not write a PFX: {error}"));
        let key = p12_keystore::PrivateKey::from_der(&self.key_der).map_err(rejected)?;
        let certificate =
            p12_keystore::Certificate::from_der(&self.certificate_der).map_err(rejected)?;
        let chain = PrivateKeyChain::new(&self.thumbprint().sha1[..], key, [certificate]);
        let mut store = KeyStore::new();
        store.add_entry("client", KeyStoreEntry::PrivateKeyChain(chain));
        store
            .writer(password)
            .encryption_iterations(PFX_ITERATIONS)
            .mac_iterations(PFX_ITERATIONS)
            .write()
            .map_err(rejected)
    }

    /// The certificate's hashes.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(&self.certificate_der)
    }

    fn self_signed_between(
        common_name: &str,
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> io::Result<Self> {
        let key = rsa_key()?;
        let certificate = parameters(common_name, start, end)?
            .self_signed(&key)
            .map_err(invalid)?;
        Ok(Self::new(&certificate, &key, String::new()))
    }

    fn new(certificate: &rcgen::Certificate, key: &KeyPair, issuers_pem: String) -> Self {
        Self {
            certificate_der: certificate.der().to_vec(),
            certificate_pem: certificate.pem(),
            key_der: key.serialize_der(),
            key_pem: key.serialize_pem(),
            issuers_pem,
        }
    }
}

impl ClientCertificateAuthority {
    /// Makes an authority of its own.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn new(common_name: &str) -> io::Result<Self> {
        let now = OffsetDateTime::now_utc();
        let mut parameters = parameters(common_name, now - time::Duration::DAY, now + LONG)?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(invalid)?;
        let certificate = parameters.self_signed(&key).map_err(invalid)?;
        let (der, pem) = (certificate.der().to_vec(), certificate.pem());
        Ok(Self {
            issuer: Issuer::new(parameters, key),
            der,
            pem,
        })
    }

    /// Issues a certificate for a subject, valid from a day ago for ten years.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn issue(&self, common_name: &str) -> io::Result<ClientCertificate> {
        let now = OffsetDateTime::now_utc();
        let key = rsa_key()?;
        let certificate = parameters(common_name, now - time::Duration::DAY, now + LONG)?
            .signed_by(&key, &self.issuer)
            .map_err(invalid)?;
        Ok(ClientCertificate::new(&certificate, &key, self.pem.clone()))
    }

    /// The authority's own certificate in DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.der
    }
}

pub(crate) fn rsa_key() -> io::Result<KeyPair> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(invalid)
}

fn parameters(
    common_name: &str,
    start: OffsetDateTime,
    end: OffsetDateTime,
) -> io::Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::new()).map_err(invalid)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.not_before = start;
    parameters.not_after = end;
    Ok(parameters)
}

/// What OpenSSL uses; the password of a test needs no more.
const PFX_ITERATIONS: u32 = 2048;
