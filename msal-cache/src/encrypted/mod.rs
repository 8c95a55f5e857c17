//! Caches that are encrypted where they are kept.
//!
//! [`Encrypted`] wraps any [`CacheStore`](crate::persist::CacheStore) or
//! [`AsyncCacheStore`](crate::persist::AsyncCacheStore): a file, a database, your own. Each value is encrypted and
//! authenticated with XChaCha20-Poly1305 under an [`EncryptionKey`] of 32 bytes, together with its name and with a nonce of
//! its own for each write.
//!
//! # Where the key comes from
//! | from | for | who else gets at it |
//! |---|---|---|
//! | the key store of the operating system (feature `keyring`) | a person's machine | what runs as that person while they are signed in |
//! | [`EncryptionKey::from_file`] | a service, a container | what may read the file |
//! | [`EncryptionKey::from_env`] | a container, continuous integration | what may look into the process, and all that it starts |
//! | [`EncryptionKey::from_bytes`] | a vault or a hardware module that the program asks itself | as there |
//!
//! None of them is tried when another fails: that is for the program to say. Nor is a plain cache ever used instead.
//!
//! # What it protects against
//! Whoever gets the file, a backup of it, the disk, or the database, and not the key, learns how long each value is and
//! when it was written, and nothing of the tokens. Changing a value, cutting it off, or putting one user's value under
//! another's name is noticed, and [told as damage](crate::persist::Damaged).
//!
//! It does not protect against programs that can get the key, nor against whoever can read the memory of the process.
//! Whoever may write to the store can put back an older state of a value, or remove it: tokens that were signed out come
//! back then, but at the identity provider they stay as valid as they were.
//!
//! # A lost key
//! No key, no tokens: everybody signs in again. The value stays where it is until somebody moves it away. To change keys,
//! give the new one to [`Encrypted::new`] and the old one to [`also_reads`](Encrypted::also_reads).

mod error;
mod key;
mod key_file;
mod key_text;
mod sealed;
mod store;

pub use error::EncryptionError;
pub use key::{EncryptionKey, KeyId};
pub use store::Encrypted;
