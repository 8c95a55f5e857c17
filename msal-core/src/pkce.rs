//! Proof Key for Code Exchange, RFC 7636, with the one method that is safe: S256.

use sha2::{Digest, Sha256};

use crate::Env;
use crate::jwt::base64url;
use crate::secret::PkceVerifier;

impl PkceVerifier {
    /// A fresh verifier of 32 random bytes, as RFC 7636 section 4.1 recommends.
    pub(crate) fn random(env: &Env) -> Self {
        Self::new(random_text::<32>(env))
    }

    /// What the authorization request says of it, RFC 7636 section 4.2.
    pub(crate) fn challenge(&self) -> String {
        base64url(&Sha256::digest(self.expose()))
    }
}

/// That many random bytes, straight from the operating system, in base64url.
pub(crate) fn random_text<const N: usize>(env: &Env) -> String {
    let mut bytes = zeroize::Zeroizing::new([0; N]);
    env.secret_bytes(&mut *bytes);
    base64url(&*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636 appendix B.
        let verifier = PkceVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
