use std::time::Duration;

use msal_core::{Error, ErrorKind};

/// The key store of the operating system could not be asked. Nothing was read, and nothing is known to have been written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key store cannot be used: {reason}; {ELSE}")]
pub struct KeyringUnavailable {
    /// Why not.
    pub reason: KeyringReason,
}

/// Why the key store of the operating system could not be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringReason {
    /// The person was asked to unlock it and did not.
    #[error("it was not unlocked when it asked the person to")]
    Dismissed,
    /// It answered with an error of its own.
    #[error("it failed: {0}")]
    Failed(String),
    /// It was there, and went away before it answered.
    #[error("it went away before it answered")]
    Gone,
    /// Only a person can unlock it, and nobody was to be asked; see [`may_prompt`](super::Keyring::may_prompt).
    #[error("it is locked, and only a person can unlock it")]
    Locked,
    /// It did not answer in this time, nor did the person whom it may have asked.
    #[error("it did not answer within {} ms", .0.as_millis())]
    NoAnswer(Duration),
    /// It has no default collection, where items are kept.
    #[error("it has no default collection: the desktop makes one at the first sign-in")]
    NoCollection,
    /// There is none: no session bus, or no service on it. So it is without a desktop, as over SSH and in a container.
    #[error("there is none in this session ({0})")]
    NotThere(String),
    /// None is known for this operating system.
    #[error("none is known for this operating system")]
    Unsupported,
}

/// The key store answered, but not with the key that is needed. What it keeps was left as it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The cache is encrypted, and there is no key for it: a new one could not read it.
    #[error(
        "the cache of `{account}` is encrypted, but the key store has no key for it: bring the key back, or move the file away to begin anew"
    )]
    KeyMissing {
        /// The item's account: the path of the cache.
        account: String,
    },
    /// The item of this name is something else.
    #[error("what the key store keeps for `{account}` is no key of a cache, and was left as it is")]
    NotAKey {
        /// The item's account: the path of the cache.
        account: String,
    },
}

impl From<KeyringReason> for Error {
    fn from(reason: KeyringReason) -> Self {
        let error = KeyringUnavailable { reason };
        Self::new(ErrorKind::Cache)
            .because(error.to_string())
            .with_source(error)
    }
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        Self::new(ErrorKind::Cache)
            .because(error.to_string())
            .with_source(error)
    }
}

/// The ladder. It is never gone down unasked.
const ELSE: &str = "unlock it or start it, or keep the cache in an encrypted file with a key of your own (from a file, an environment variable or a vault), or ask for a plain file by name";
