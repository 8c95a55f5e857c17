use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use msal_core::{Error, ErrorKind};

/// Why a cache file could not be read or written. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system said no: no space, no permission, a failing disk. What the file held, it still holds.
    #[error("{doing} `{}` failed", path.display())]
    Io {
        /// What was tried, such as `writing`.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Somebody else removed the lock whenever it was taken. Nothing was written.
    #[error("the lock on `{}` was removed by somebody else, again and again", path.display())]
    LockLost {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else held the lock all the time. Nothing was read or written.
    #[error("`{}` was locked by somebody else for {} ms", path.display(), waited.as_millis())]
    LockTimeout {
        /// The lock.
        path: PathBuf,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// The file system has no locks (`ENOLCK`, `EOPNOTSUPP`), as some network file systems. Nothing was read or written.
    #[error("the file system of `{}` has no locks: keep the cache on a local one", path.display())]
    LockUnsupported {
        /// The lock.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It was to be only [looked at](super::FileStore::read_only).
    #[error("`{}` is only read, and was not written", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It is not safe to keep tokens there.
    #[error("`{}` {refusal}", path.display())]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        refusal: Refusal,
    },
    /// The file is larger, or would become larger, than it may be.
    #[error("`{}` has {bytes} bytes, more than the {limit} it may have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large.
        bytes: u64,
        /// How large it may be.
        limit: u64,
    },
}

/// Why a file or folder is not fit for tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// It has several names, so that others may have it too.
    HardLink,
    /// It belongs to somebody else (a folder may belong to root).
    Owner,
    /// It is a folder, a pipe, a device: no regular file.
    Special,
    /// It is a symbolic link, which is not followed.
    Symlink,
    /// Others may put files of their own into the folder (and it is not sticky).
    WritableFolder,
}

impl FileError {
    pub(super) fn refused(path: &Path, refusal: Refusal) -> Self {
        Self::Refused {
            path: path.to_owned(),
            refusal,
        }
    }

    /// For `map_err`.
    pub(super) fn io<E: Into<io::Error>>(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source: source.into(),
        }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::new(ErrorKind::Cache)
            .because(error.to_string())
            .with_source(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HardLink => "has another name too (a hard link): copy it instead",
            Self::Owner => "belongs to another user",
            Self::Special => "is no regular file",
            Self::Symlink => "is a symbolic link, which is not followed: name the file itself",
            Self::WritableFolder => {
                "is a folder that others may write to: take that right from them"
            }
        })
    }
}
