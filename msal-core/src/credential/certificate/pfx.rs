use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as PfxError;

use super::private_key::PrivateKey;
use crate::credential::unusable;
use crate::{Error, ErrorKind};

/// The one key of a PFX file, RFC 7292, and its certificates in DER.
pub(super) fn read(file: &[u8], password: &str) -> Result<(PrivateKey, Vec<Vec<u8>>), Error> {
    // PKCS #12 writes passwords as UTF-16, and what reads them here knows no surrogate pairs.
    if password.chars().any(|c| c > '\u{ffff}') {
        return Err(unusable(
            "the PFX file's password has a character beyond U+FFFF, which is not supported: export it anew with another",
        ));
    }
    let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(|error| complaint(&error))?;
    let [key] = archive.keys.as_slice() else {
        return Err(unusable(match archive.keys.len() {
            0 => "the PFX file holds no private key: export it with its key",
            _ => "the PFX file holds several private keys: export just one",
        }));
    };
    if archive.certs.is_empty() {
        return Err(unusable(
            "the PFX file holds no certificate: export it with its certificate",
        ));
    }
    let certificates = archive
        .certs
        .iter()
        .map(|bag| bag.cert.as_der().to_vec())
        .collect();
    Ok((PrivateKey::from_pkcs8(key.key.as_der())?, certificates))
}

fn complaint(error: &PfxError) -> Error {
    match error {
        PfxError::MacError(_) | PfxError::Pkcs5Error(_) | PfxError::UnpadError => {
            unusable("the PFX file's password is wrong, or the file is damaged")
        }
        PfxError::UnsupportedCertificateType
        | PfxError::UnsupportedContentType
        | PfxError::UnsupportedEncryptionScheme
        | PfxError::UnsupportedMacAlgorithm
        | PfxError::InvalidParameters => unusable(
            "the PFX file is protected in a way that is not supported: export it anew, as with `openssl pkcs12 -export`",
        ),
        _ => Error::new(ErrorKind::InvalidArgument("PFX file"))
            .because("it is damaged, or is no PFX file"),
    }
}
