use msal_core::{Error, ErrorKind};

use super::KeyId;

/// Why an encrypted value was not read, and was left as it is. Damage is none of these, see
/// [`Damaged`](crate::persist::Damaged).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// It is not encrypted at all.
    #[error(
        "`{name}` is not encrypted, and was left as it is: open it as a plain cache, or move it away to begin an encrypted one"
    )]
    NotEncrypted {
        /// The value's name.
        name: String,
    },
    /// It was written by a later version of this library.
    #[error(
        "`{name}` is encrypted in format {format}, which this version cannot read, and was left as it is: use the version that wrote it"
    )]
    UnknownFormat {
        /// The value's name.
        name: String,
        /// The number of the format.
        format: u8,
    },
    /// It is encrypted with a key that was not given.
    #[error(
        "`{name}` is encrypted with the key {theirs}, not with {ours}, and was left as it is: give that key (`also_reads` takes old ones), or move it away to begin anew"
    )]
    WrongKey {
        /// The value's name.
        name: String,
        /// The key it is encrypted with.
        theirs: KeyId,
        /// The key that was given.
        ours: KeyId,
    },
}

impl From<EncryptionError> for Error {
    fn from(error: EncryptionError) -> Self {
        Self::new(ErrorKind::Cache)
            .because(error.to_string())
            .with_source(error)
    }
}
