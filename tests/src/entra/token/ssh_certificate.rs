//! OpenSSH user certificates (OpenSSH's PROTOCOL.certkeys).

use std::io;

use crate::signing_key::SigningKey;

/// A certificate for a user's RSA key.
#[derive(Debug)]
pub(super) struct SshCertificate<'text> {
    pub(super) exponent: &'text [u8],
    pub(super) modulus: &'text [u8],
    pub(super) key_id: &'text str,
    pub(super) principals: &'text [&'text str],
    /// Seconds since the Unix epoch, as the next.
    pub(super) valid_after: u64,
    pub(super) valid_before: u64,
}

impl SshCertificate<'_> {
    /// Signs it, and gives its bytes.
    pub(super) fn sign(&self, key: &SigningKey) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        put(&mut body, b"ssh-rsa-cert-v01@openssh.com");
        put(&mut body, uuid::Uuid::new_v4().as_bytes());
        put_number(&mut body, self.exponent);
        put_number(&mut body, self.modulus);
        body.extend(1_u64.to_be_bytes());
        body.extend(USER.to_be_bytes());
        put(&mut body, self.key_id.as_bytes());
        let mut principals = Vec::new();
        for principal in self.principals {
            put(&mut principals, principal.as_bytes());
        }
        put(&mut body, &principals);
        body.extend(self.valid_after.to_be_bytes());
        body.extend(self.valid_before.to_be_bytes());
        put(&mut body, b"");
        let mut extensions = Vec::new();
        for extension in ["permit-port-forwarding", "permit-pty"] {
            put(&mut extensions, extension.as_bytes());
            put(&mut extensions, b"");
        }
        put(&mut body, &extensions);
        put(&mut body, b"");
        let (modulus, exponent) = key.public_numbers();
        let mut authority = Vec::new();
        put(&mut authority, b"ssh-rsa");
        put_number(&mut authority, exponent);
        put_number(&mut authority, modulus);
        put(&mut body, &authority);
        let mut signature = Vec::new();
        put(&mut signature, b"rsa-sha2-256");
        put(&mut signature, &key.sign_bytes(&body)?);
        put(&mut body, &signature);
        Ok(body)
    }
}

/// RFC 4251 section 5: `string`.
fn put(bytes: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(text);
}

/// RFC 4251 section 5: `mpint`, of a number that is not negative.
fn put_number(bytes: &mut Vec<u8>, number: &[u8]) {
    let number: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    let is_high = number.first().is_some_and(|byte| byte & 0x80 != 0);
    let padded = if is_high {
        [&[0][..], &number].concat()
    } else {
        number
    };
    put(bytes, &padded);
}

/// The type of a certificate for a user.
const USER: u32 = 1;
