use std::fmt;
use std::sync::Arc;

use msal_core::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::key_text;

/// The 32 bytes that a cache is encrypted with. Whoever has them can read it, and nobody else.
///
/// Wiped when dropped; `Debug` prints its [`id`](Self::id) alone. Clones share the bytes.
///
/// ```
/// use msal_cache::encrypted::EncryptionKey;
///
/// let key = EncryptionKey::from_text("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=")?;
/// let same = EncryptionKey::from_text("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f")?;
/// assert_eq!(key.id(), same.id());
/// # Ok::<(), msal_core::Error>(())
/// ```
#[derive(Clone)]
pub struct EncryptionKey(Arc<Zeroizing<[u8; LENGTH]>>);

/// Tells one key from another: 8 bytes of a hash, of which nothing can be read.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId(pub(super) [u8; Self::LENGTH]);

impl EncryptionKey {
    /// A key of these bytes, which must be random: no password.
    pub fn from_bytes(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        Self(Arc::new(bytes))
    }

    /// A key as text: base64 or base64url, with or without padding, or hex. White space around it is left out.
    ///
    /// Fails when it is none of these or has not 32 bytes; the error does not tell the text.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        key_text::decoded(text)
            .map(Self::from_bytes)
            .map_err(|mistake| invalid(format!("it {mistake}")))
    }

    /// A key as text in the environment variable of this name.
    ///
    /// Fails as [`from_text`](Self::from_text) does, and when there is no such variable.
    pub fn from_env(variable: &str) -> Result<Self, Error> {
        let Some(text) = std::env::var_os(variable) else {
            return Err(invalid(format!(
                "the environment variable `{variable}` is not set"
            )));
        };
        let text = Zeroizing::new(text.into_encoded_bytes());
        key_text::decoded(str::from_utf8(&text).unwrap_or_default())
            .map(Self::from_bytes)
            .map_err(|mistake| invalid(format!("the environment variable `{variable}` {mistake}")))
    }

    /// A new key, of random bytes of the operating system.
    ///
    /// Fails where that has none.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random(&mut *bytes)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Which key this is.
    pub fn id(&self) -> KeyId {
        let mut hash = Sha256::new();
        hash.update(b"MSAL for Rust: id of a cache key\0");
        hash.update(**self.0);
        let digest: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        KeyId([a, b, c, d, e, f, g, h])
    }

    /// The bytes themselves: to be kept somewhere safe, never for a log.
    pub fn expose(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The bytes as base64, which [`from_text`](Self::from_text) reads: to be kept somewhere safe, never for a log.
    pub fn expose_text(&self) -> Zeroizing<String> {
        key_text::encoded(&self.0)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.id())
    }
}

impl KeyId {
    pub(super) const LENGTH: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Fills it from the operating system.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(ErrorKind::Cache)
            .because("the operating system has no random numbers")
            .with_source(error)
    })
}

pub(super) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument("cache key")).because(message)
}

pub(super) const LENGTH: usize = 32;
