use std::fmt;
use std::sync::Arc;

#[cfg(feature = "pfx")]
use super::pfx;
use super::private_key::PrivateKey;
use super::public::PublicCertificate;
use crate::Error;
use crate::credential::SigningAlgorithm;

/// A certificate with its RSA private key in memory, read once. Cheap to clone.
///
/// ```no_run
/// # use msal_core::credential::{Certificate, ClientCredential};
/// let pem = std::fs::read("certificate-with-key.pem")?;
/// let credential = ClientCredential::from_certificate(Certificate::from_pem(&pem, &pem)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    public: PublicCertificate,
    key: Arc<PrivateKey>,
}

impl Certificate {
    /// Reads a certificate, whoever vouches for it, and its private key from PEM; one file may hold it all and be
    /// given twice.
    ///
    /// Takes unencrypted keys in PKCS #8 (`PRIVATE KEY`) and PKCS #1 (`RSA PRIVATE KEY`). Of several certificates, the
    /// one that the key belongs to is the credential.
    pub fn from_pem(
        certificates: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        Self::read_pem(certificates.as_ref(), private_key.as_ref(), None)
    }

    /// Like [`from_pem`](Self::from_pem), for an encrypted key in PKCS #8 (`ENCRYPTED PRIVATE KEY`).
    ///
    /// Takes PBES2 (RFC 8018 section 6.2) with AES or 3DES and PBKDF2 or scrypt. The password is ignored where the key
    /// is not encrypted.
    pub fn from_encrypted_pem(
        certificates: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
        password: &str,
    ) -> Result<Self, Error> {
        Self::read_pem(certificates.as_ref(), private_key.as_ref(), Some(password))
    }

    /// Reads a PFX (PKCS #12) file that holds one private key, its certificate and whoever vouches for it.
    ///
    /// Takes what today's tools write (PBES2 with AES) and what older ones wrote (3DES, 40-bit RC2).
    #[cfg(feature = "pfx")]
    pub fn from_pfx(file: impl AsRef<[u8]>, password: &str) -> Result<Self, Error> {
        let (key, certificates) = pfx::read(file.as_ref(), password)?;
        let public = PublicCertificate::of_key(key.public_key(), &certificates)?;
        Ok(Self {
            public,
            key: Arc::new(key),
        })
    }

    /// Sends the certificates along, see [`PublicCertificate::send_x5c`].
    #[must_use]
    pub fn send_x5c(mut self, send: bool) -> Self {
        self.public = self.public.send_x5c(send);
        self
    }

    /// Adds claims to every assertion, see [`PublicCertificate::assertion_claims`].
    pub fn assertion_claims(mut self, claims: impl AsRef<str>) -> Result<Self, Error> {
        self.public = self.public.assertion_claims(claims)?;
        Ok(self)
    }

    /// The certificate without its private key.
    pub fn public(&self) -> &PublicCertificate {
        &self.public
    }

    pub(in crate::credential) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.key.sign(algorithm, input)
    }

    fn read_pem(
        certificates: &[u8],
        private_key: &[u8],
        password: Option<&str>,
    ) -> Result<Self, Error> {
        let key = PrivateKey::from_pem(private_key, password)?;
        let public = PublicCertificate::of_key_in_pem(key.public_key(), certificates)?;
        Ok(Self {
            public,
            key: Arc::new(key),
        })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.public).finish()
    }
}
