use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha1::Digest as _;

/// The hashes by which a certificate is known: of its DER form, as clients and servers compare them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thumbprint {
    /// SHA-1, 20 bytes (`x5t`).
    pub sha1: [u8; 20],
    /// SHA-256, 32 bytes (`x5t#S256`).
    pub sha256: [u8; 32],
}

impl Thumbprint {
    /// Hashes the DER form of a certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self {
            sha1: sha1::Sha1::digest(der).into(),
            sha256: sha2::Sha256::digest(der).into(),
        }
    }

    /// SHA-1 in upper-case hexadecimal, as portals show it.
    #[must_use]
    pub fn sha1_hex(&self) -> String {
        hex(&self.sha1)
    }

    /// SHA-256 in upper-case hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex(&self.sha256)
    }

    /// SHA-1 in base64url without padding, as in a JWT's `x5t`.
    #[must_use]
    pub fn x5t(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha1)
    }

    /// SHA-256 in base64url without padding, as in a JWT's `x5t#S256`.
    #[must_use]
    pub fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha256)
    }
}

/// Reads a thumbprint from a JWT header: base64url or base64, padded or not, as the MSALs write it; or, as
/// some write into `kid`, SHA-1 in hexadecimal.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() == 40 && text.is_ascii() {
        let pairs = (0..40)
            .step_by(2)
            .map(|start| u8::from_str_radix(&text[start..start + 2], 16));
        if let Ok(bytes) = pairs.collect() {
            return Some(bytes);
        }
    }
    let plain = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    let padding = "=".repeat((4 - plain.len() % 4) % 4);
    STANDARD.decode(plain + &padding).ok()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_read_in_each_form_that_clients_write() {
        let thumbprint = Thumbprint {
            sha1: [0xfb; 20],
            sha256: [0xff; 32],
        };
        for text in [
            thumbprint.x5t(),
            STANDARD.encode(thumbprint.sha1),
            thumbprint.x5t() + "=",
            thumbprint.sha1_hex(),
        ] {
            assert_eq!(
                decode(&text).as_deref(),
                Some(&thumbprint.sha1[..]),
                "{text}"
            );
        }
        assert_eq!(decode("not base64!"), None);
    }
}
