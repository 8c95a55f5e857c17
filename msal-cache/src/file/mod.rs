//! A cache that outlives the process: a private file that any number of processes share without losing an update.
//!
//! [`FileStore`] is the file: who may read it, how it is locked, and how it is replaced as a whole. It knows bytes and
//! nothing of tokens. A [`PersistentCache`](crate::persist::PersistentCache) with such a file behind it does.
//!
//! # Files
//! | name | what |
//! |---|---|
//! | `<cache>` | the JSON that all MSALs share, mode 0600 |
//! | `<cache>.lock` | our lock, held while the file is changed; it stays, and holds a count of our writes |
//! | `<cache>.refresh-0.lock` to `-f.lock` | held while a token is refreshed; they stay |
//! | `<cache>.lockfile` | the lock of MSAL Python, Node and .NET, only where the file is [shared](FileStore::shared) |
//! | `<cache>.msal-new`, `<cache>.lockfile.msal-new` | the next content, and the next such lock, while they are being made |
//! | `<cache>.corrupt-<seconds>` | a damaged file that was moved away; it holds tokens too |
//!
//! # Limits
//! The file is to be on a local file system, or on one whose locks reach every machine that writes it. Where there are
//! no locks, writing fails with [`FileError::LockUnsupported`]. A peer's lock that was left over is told by the number
//! of its process, so processes that share a file should share their process numbers too (one container, not two).

mod aside;
mod engine;
mod error;
#[cfg(not(unix))]
#[path = "folder_other.rs"]
mod folder;
#[cfg(unix)]
mod folder;
pub mod known;
mod lease;
mod lock;
mod peer_lock;
mod stamp;
mod store;

pub use error::{FileError, Refusal};
pub use store::FileStore;
