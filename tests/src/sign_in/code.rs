use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::SignIn;

/// The authorization codes that the provider has issued.
#[derive(Default)]
pub(crate) struct Codes {
    codes: HashMap<String, Code>,
}

/// What a code stands for.
#[derive(Clone)]
pub(crate) struct Code {
    /// The chain of the refresh tokens that come of it.
    pub(crate) chain: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) client_id: String,
    /// Seconds since the Unix epoch.
    pub(crate) expires: i64,
    pub(crate) policy: Option<String>,
    pub(crate) redeemed: bool,
    /// None where any that the app has for its web pages will do.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) scope: String,
    pub(crate) sign_in: SignIn,
    pub(crate) single_page: bool,
    /// The tenant that was signed in to, by its id.
    pub(crate) tenant: String,
}

/// What the verifier of a code must match (RFC 7636).
#[derive(Clone)]
pub(crate) enum Challenge {
    Plain(String),
    S256(String),
}

impl Codes {
    pub(crate) fn put(&mut self, text: String, code: Code) {
        self.codes.insert(text, code);
    }

    pub(crate) fn find(&self, text: &str) -> Option<Code> {
        self.codes.get(text).cloned()
    }

    /// Marks a code as redeemed, and says whether it was not before.
    pub(crate) fn redeem(&mut self, text: &str) -> bool {
        self.codes
            .get_mut(text)
            .is_some_and(|code| !std::mem::replace(&mut code.redeemed, true))
    }
}

impl Challenge {
    pub(crate) fn accepts(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(challenge) => equal(challenge, verifier),
            Self::S256(challenge) => {
                equal(challenge, &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
            }
        }
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A plain one is the verifier.
        formatter.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::S256(_) => "S256",
        })
    }
}

fn equal(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
