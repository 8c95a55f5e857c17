use pem::{Pem, PemError};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

/// One section of a PEM file, RFC 7468, decoded and wiped when dropped.
pub(super) struct Section {
    label: Label,
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Whether RFC 1421 headers say that the section is encrypted.
    #[cfg(feature = "certificate")]
    pub(super) has_legacy_encryption: bool,
}

/// The sections that matter here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Label {
    Certificate,
    CertificateRequest,
    DsaPrivateKey,
    EcPrivateKey,
    EncryptedPrivateKey,
    OpensshPrivateKey,
    Other,
    Pkcs1PrivateKey,
    Pkcs8PrivateKey,
    PublicKey,
}

impl Section {
    pub(super) fn label(&self) -> Label {
        self.label
    }
}

impl Label {
    #[cfg(feature = "certificate")]
    pub(super) fn is_private_key(self) -> bool {
        matches!(
            self,
            Self::DsaPrivateKey
                | Self::EcPrivateKey
                | Self::EncryptedPrivateKey
                | Self::OpensshPrivateKey
                | Self::Pkcs1PrivateKey
                | Self::Pkcs8PrivateKey
        )
    }

    fn parse(text: &str) -> Self {
        match text {
            "CERTIFICATE" | "X509 CERTIFICATE" => Self::Certificate,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::CertificateRequest,
            "DSA PRIVATE KEY" => Self::DsaPrivateKey,
            "EC PRIVATE KEY" => Self::EcPrivateKey,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPrivateKey,
            "OPENSSH PRIVATE KEY" => Self::OpensshPrivateKey,
            "PRIVATE KEY" => Self::Pkcs8PrivateKey,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::PublicKey,
            "RSA PRIVATE KEY" => Self::Pkcs1PrivateKey,
            _ => Self::Other,
        }
    }
}

/// Reads all sections of a PEM file. `what` names the argument in errors.
pub(super) fn sections(file: &[u8], what: &'static str) -> Result<Vec<Section>, Error> {
    let malformed = |why: &'static str| Error::new(ErrorKind::InvalidArgument(what)).because(why);
    match file {
        [] => return Err(malformed("it is empty")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(malformed("it is in UTF-16: save it in UTF-8 or ASCII"));
        }
        [DER_SEQUENCE, long, ..] if *long >= 0x80 => {
            return Err(malformed(
                "it is in DER, and PEM is expected: convert it, as with `openssl x509` or `openssl pkey` and `-inform der`",
            ));
        }
        _ => {}
    }
    // The errors of the parser quote the input.
    let sections = pem::parse_many(file).map_err(|error| malformed(complaint(&error)))?;
    if sections.len() != file.windows(BEGIN.len()).filter(|at| *at == BEGIN).count() {
        return Err(malformed("a section has a BEGIN line and no END line"));
    }
    if sections.is_empty() {
        return Err(malformed(
            "it holds no PEM section, which starts with `-----BEGIN `",
        ));
    }
    Ok(sections.into_iter().map(section).collect())
}

fn section(pem: Pem) -> Section {
    #[cfg(feature = "certificate")]
    let headers = pem.headers();
    Section {
        label: Label::parse(pem.tag()),
        #[cfg(feature = "certificate")]
        has_legacy_encryption: headers.get("DEK-Info").is_some()
            || headers.get("Proc-Type").is_some(),
        der: Zeroizing::new(pem.into_contents()),
    }
}

fn complaint(error: &PemError) -> &'static str {
    match error {
        PemError::InvalidData(_) => "a section is not in base64, or is damaged",
        PemError::InvalidHeader(_) => "a section has a header that cannot be read",
        PemError::MismatchedTags(..) => "a section's BEGIN and END lines differ",
        PemError::MissingBeginTag | PemError::MissingEndTag => "a section has no name",
        PemError::NotUtf8(_) => "a section is not text",
        _ => "it is not in PEM",
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";

/// What every certificate and key in DER starts with.
const DER_SEQUENCE: u8 = 0x30;
