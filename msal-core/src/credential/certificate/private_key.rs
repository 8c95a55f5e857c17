use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use der::Decode;
use der::Reader;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{PrivateKeyInfoRef, SecretDocument};

use super::pem::{self, Label, Section};
use super::x509::RSA;
use crate::credential::{SigningAlgorithm, unusable};
use crate::{Error, ErrorKind};

/// An RSA key, parsed once.
pub(super) struct PrivateKey(RsaKeyPair);

impl PrivateKey {
    /// Reads the one private key of a PEM file; anything else in the file is passed over.
    pub(super) fn from_pem(file: &[u8], password: Option<&str>) -> Result<Self, Error> {
        let sections = pem::sections(file, WHAT)?;
        let mut keys = sections
            .iter()
            .filter(|section| section.label().is_private_key());
        match (keys.next(), keys.next()) {
            (Some(key), None) => Self::from_section(key, password),
            (Some(_), Some(_)) => Err(malformed(
                "it holds several private keys: leave the certificate's own in it",
            )),
            (None, _)
                if sections
                    .iter()
                    .any(|section| section.label() == Label::PublicKey) =>
            {
                Err(malformed("it is a public key"))
            }
            (None, _) => Err(malformed("it has no section `-----BEGIN PRIVATE KEY-----`")),
        }
    }

    /// Reads a `PrivateKeyInfo`, RFC 5958.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| malformed(DAMAGED))?;
        Self::from_info(der, &info)
    }

    /// The `RSAPublicKey` of RFC 8017.
    pub(super) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(super) fn sign(&self, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, Error> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            SigningAlgorithm::Ps256 => &RSA_PSS_SHA256,
            SigningAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(encoding, &SystemRandom::new(), input, &mut signature)
            .map_err(|_| unusable("the private key could not sign"))?;
        Ok(signature)
    }

    fn from_section(section: &Section, password: Option<&str>) -> Result<Self, Error> {
        if section.has_legacy_encryption {
            return Err(unusable(
                "the private key is encrypted in the old way of OpenSSL (`Proc-Type: 4,ENCRYPTED`), which is not supported: \
                 convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc`",
            ));
        }
        match section.label() {
            Label::EncryptedPrivateKey => {
                let password = password.ok_or_else(|| {
                    unusable("the private key is encrypted, and no password was given")
                })?;
                Self::from_encrypted(&section.der, password)
            }
            Label::Pkcs1PrivateKey => RsaKeyPair::from_der(&section.der)
                .map(Self)
                .map_err(rejected),
            Label::Pkcs8PrivateKey => Self::from_pkcs8(&section.der),
            Label::OpensshPrivateKey => Err(unusable(
                "the private key is in the format of OpenSSH: convert it with `ssh-keygen -p -m PKCS8`",
            )),
            _ => Err(not_rsa()),
        }
    }

    /// Reads an `EncryptedPrivateKeyInfo`, RFC 5958 section 3.
    fn from_encrypted(der: &[u8], password: &str) -> Result<Self, Error> {
        let (scheme, ciphertext) = encrypted_parts(der).map_err(|_| malformed(DAMAGED))?;
        let scheme = EncryptionScheme::try_from(scheme).map_err(|_| unusable(OTHER_ENCRYPTION))?;
        let parameters = scheme.pbes2().ok_or_else(|| unusable(OTHER_ENCRYPTION))?;
        if !is_bearable(&parameters.kdf) {
            return Err(unusable(
                "deriving the private key's encryption key would take too long: encrypt it anew, with fewer iterations",
            ));
        }
        let decrypted = parameters
            .decrypt(password, ciphertext)
            .map_err(|error| match error {
                pkcs8::pkcs5::Error::DecryptFailed => unusable(WRONG_PASSWORD),
                _ => unusable(OTHER_ENCRYPTION),
            })?;
        let decrypted =
            SecretDocument::try_from(decrypted).map_err(|_| unusable(WRONG_PASSWORD))?;
        let info = decrypted
            .decode_msg()
            .map_err(|_| unusable(WRONG_PASSWORD))?;
        Self::from_info(decrypted.as_bytes(), &info)
    }

    fn from_info(der: &[u8], info: &PrivateKeyInfoRef<'_>) -> Result<Self, Error> {
        match info.algorithm.oid {
            RSA => RsaKeyPair::from_pkcs8(der).map(Self).map_err(rejected),
            RSA_PSS => Err(unusable(
                "the private key is limited to RSASSA-PSS: a key for `rsaEncryption` is needed",
            )),
            _ => Err(not_rsa()),
        }
    }
}

fn encrypted_parts(der: &[u8]) -> der::Result<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let mut reader = der::SliceReader::new(der)?;
    let parts = reader.sequence(|info| -> der::Result<_> {
        Ok((
            AlgorithmIdentifierRef::decode(info)?,
            <&OctetStringRef>::decode(info)?.as_bytes(),
        ))
    })?;
    reader.finish()?;
    Ok(parts)
}

/// A damaged or hostile file may ask for hours of work, or for all memory.
fn is_bearable(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(kdf) => kdf.iteration_count <= MOST_ITERATIONS,
        Kdf::Scrypt(kdf) => {
            let memory = kdf
                .cost_parameter
                .saturating_mul(u64::from(kdf.block_size))
                .saturating_mul(128);
            memory <= MOST_MEMORY && kdf.parallelization <= MOST_PARALLEL
        }
        _ => false,
    }
}

fn rejected(error: KeyRejected) -> Error {
    match error.description_() {
        "TooSmall" => unusable("the private key has fewer than 2,048 bits"),
        "TooLarge" => unusable("the private key has more than 8,192 bits"),
        _ => malformed(DAMAGED),
    }
    .with_source(error)
}

fn not_rsa() -> Error {
    unusable("the private key is no RSA key, and only RSA keys are supported")
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(WHAT)).because(why)
}

const WHAT: &str = "private key";
const DAMAGED: &str = "it is damaged, or is no private key";
const WRONG_PASSWORD: &str = "the private key's password is wrong, or the file is damaged";
const OTHER_ENCRYPTION: &str = "the private key is encrypted in a way that is not supported: \
     convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";

/// `id-RSASSA-PSS`, RFC 8017 appendix C.
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// Some ten times what is recommended today.
const MOST_ITERATIONS: u32 = 10_000_000;
const MOST_MEMORY: u64 = 1 << 30;
const MOST_PARALLEL: u16 = 16;
