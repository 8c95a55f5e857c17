//! Values that must not be printed, written down or left in memory.
//!
//! Each kind of secret is a type of its own, so that a refresh token cannot be passed where an access token is
//! meant. None implements `Display` or serde's `Serialize`; [`expose`](AccessToken::expose) is the one way in,
//! and easy to search for.
//!
//! ```compile_fail
//! # let token = msal_core::AccessToken::new("eyJ0eXAi");
//! println!("{token}");
//! ```

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A text that is wiped when dropped; what every kind of secret is made of.
#[derive(Clone)]
struct Secret(Zeroizing<Box<str>>);

impl Secret {
    fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        // Shrinking a `String` would move it and leave the old copy behind unwiped.
        if text.capacity() == text.len() {
            return Self(Zeroizing::new(text.into_boxed_str()));
        }
        let exact = Box::from(text.as_str());
        zeroize::Zeroize::zeroize(&mut text);
        Self(Zeroizing::new(exact))
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

macro_rules! secrets {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// Wiped when dropped; compared in constant time; `Debug` prints `[redacted]`.
        #[derive(Clone, Eq, PartialEq)]
        pub struct $name(Secret);

        impl $name {
            /// Takes over `text` as a secret; what is left of the original is wiped.
            pub fn new(text: impl Into<String>) -> Self {
                Self(Secret::new(text))
            }

            /// The secret itself: for the request that needs it, never for a log.
            pub fn expose(&self) -> &str {
                &self.0.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    )+};
}

secrets! {
    /// A token that an API accepts, RFC 6749 section 1.4.
    AccessToken;
    /// What a sign-in in the browser gives to be redeemed, once, RFC 6749 section 4.1.2.
    AuthorizationCode;
    /// A signed statement by which a confidential client proves who it is, RFC 7523 section 2.2.
    ClientAssertion;
    /// A password of a confidential client, RFC 6749 section 2.3.1.
    ClientSecret;
    /// What a program asks with whether a user has signed in on another device, RFC 8628 section 3.2.
    DeviceCode;
    /// A password of a user, RFC 6749 section 4.3.
    Password;
    /// What the code of a sign-in can only be redeemed with, RFC 7636 section 4.1.
    PkceVerifier;
    /// A statement about who signed in, as received (OpenID Connect Core section 2).
    RawIdToken;
    /// A token that obtains new access tokens, RFC 6749 section 1.5.
    RefreshToken;
    /// An access token inside the signature of the one request that presents it.
    SignedHttpRequest;
    /// The access token that an API was called with, to be exchanged on behalf of its user.
    UserAssertion;
    /// A token by which an agent identity signs in as a user of its own.
    UserFederatedIdentityCredential;
}

/// What `Debug` shows in the place of a value that may be a secret and is of no type of its own.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_only_when_exposed() {
        let token = RefreshToken::new("0.AXEA");
        assert_eq!(token.expose(), "0.AXEA");
        assert_eq!(
            format!("{token:?} {token:#?}"),
            "RefreshToken([redacted]) RefreshToken([redacted])"
        );
    }

    #[test]
    fn secrets_are_equal_when_their_texts_are() {
        assert_eq!(AccessToken::new("a"), AccessToken::from(String::from("a")));
        assert_ne!(AccessToken::new("a"), AccessToken::new("ab"));
    }
}
