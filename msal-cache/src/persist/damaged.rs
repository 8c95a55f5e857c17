use std::error::Error as StdError;

use msal_core::{Error, ErrorKind};

use super::Version;

/// What is kept is there, but nobody can make sense of it: the source of an error with which a store says so.
///
/// Whoever gets it may have the value [set aside](super::CacheStore::set_aside) by this version, and go on with an empty
/// one. An error without it is no reason to: the value may be whole, and only out of reach.
#[derive(Debug, thiserror::Error)]
#[error("it is damaged")]
pub struct Damaged {
    /// Which state of the value it is.
    pub version: Version,
    /// What is wrong with it.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl Damaged {
    /// What an error says of damage, however deep that is in its sources.
    ///
    /// ```
    /// use msal_cache::persist::{Damaged, Version};
    /// use msal_core::{Error, ErrorKind};
    ///
    /// let damaged = Damaged { version: Version::from(1), source: "its end is missing".into() };
    /// assert!(Damaged::of(&Error::from(damaged)).is_some_and(|damaged| damaged.version == Version::from(1)));
    /// assert!(Damaged::of(&Error::new(ErrorKind::Cache)).is_none());
    /// ```
    pub fn of(error: &Error) -> Option<&Self> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(damaged) = error.downcast_ref() {
                return Some(damaged);
            }
            cause = error.source();
        }
        None
    }

    /// The state of the value that an error calls damaged.
    pub(super) fn version_of(error: &Error) -> Option<Version> {
        Self::of(error).map(|damaged| damaged.version.clone())
    }
}

impl From<Damaged> for Error {
    fn from(damaged: Damaged) -> Self {
        Self::new(ErrorKind::Cache)
            .because(format!("it is damaged: {}", damaged.source))
            .with_source(damaged)
    }
}
