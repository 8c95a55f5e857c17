//! The key store of the operating system.
//!
//! [`Keyring`] keeps there the 32-byte key of a cache that is itself an [encrypted](crate::encrypted) file: asking for a
//! key takes milliseconds, whatever the cache's size. [`KeyringItem`] keeps the whole cache there, which gets slow as it
//! grows, and is for sharing it with another library that does so.
//!
//! ```no_run
//! use msal_cache::file::FileStore;
//! use msal_cache::keyring::{Keyring, KeyringUnavailable};
//! use std::error::Error as _;
//!
//! let path = "/home/ada/.local/share/contoso/tokens";
//! let store = match Keyring::of_file(path)?.encrypted(FileStore::new(path)?) {
//!     Ok(store) => store,
//!     Err(error) if error.source().is_some_and(|source| source.is::<KeyringUnavailable>()) => {
//!         // Nothing is chosen in its place: that is for you to do.
//!         return Err(error.into());
//!     }
//!     Err(error) => return Err(error.into()),
//! };
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where it is
//! | system | key store | tested |
//! |---|---|---|
//! | Linux and other Unix systems | Secret Service on the session bus, default collection | yes, with gnome-keyring |
//! | macOS | the person's default keychain | no, never compiled there |
//! | Windows | Credential Manager, for the key alone: it takes 2,560 bytes | no, never compiled there |
//!
//! # How to choose
//! A person's machine with a desktop has a key store that the sign-in unlocks: take it. A service, a container, or a
//! session without a desktop has none, or one that nobody unlocks. There, encrypt the file with a key
//! [from a file](crate::encrypted::EncryptionKey::from_file), [from a
//! variable](crate::encrypted::EncryptionKey::from_env), or from wherever your program gets one. A file that is not
//! encrypted is its owner's alone by its mode, and kept so only where you ask for it by name. Nothing here goes from one
//! to the next by itself: [`KeyringUnavailable`] says why the key store cannot be had, and you decide.
//!
//! # What it protects against
//! Beside what [an encrypted file](crate::encrypted#what-it-protects-against) does: the key is not on the disk, unless
//! encrypted by the key store with what the person signs in with. A Secret Service gives it to every program of the
//! person while it is unlocked.
//!
//! # It never hangs
//! A key store may wait for a person who is not there. It is asked on a thread of its own, for
//! [3 seconds](Keyring::limit), and no person is asked unless [you say so](Keyring::may_prompt).

mod bounded;
#[cfg_attr(windows, path = "credential_manager.rs")]
#[cfg_attr(target_os = "macos", path = "keychain.rs")]
#[cfg_attr(
    all(unix, not(target_vendor = "apple"), not(target_os = "android")),
    path = "freedesktop.rs"
)]
#[cfg_attr(
    not(any(
        windows,
        target_os = "macos",
        all(unix, not(target_vendor = "apple"), not(target_os = "android"))
    )),
    path = "unknown.rs"
)]
mod desk;
mod error;
#[cfg(not(windows))]
mod item;
mod key;
#[cfg(any(windows, target_os = "macos"))]
mod native;
mod place;

pub use error::{KeyringError, KeyringReason, KeyringUnavailable};
#[cfg(not(windows))]
pub use item::{Encoding, KeyringItem};
pub use key::Keyring;
