use std::path::Path;
use std::time::Duration;

use msal_core::{Error, ErrorKind};

use super::bounded::bounded;
use super::place::{Access, Place};
use super::{KeyringError, KeyringReason, desk};
use crate::encrypted::{Encrypted, EncryptionError, EncryptionKey};
use crate::persist::{CacheStore, Found, Next, is_encrypted};

/// An item of the key store that holds the key of one cache.
///
/// On the Secret Service it has the attributes `service` and `account`, and holds the key as base64, so that a person can
/// look it up, keep a copy, and bring it back.
#[derive(Clone, Debug)]
pub struct Keyring {
    place: Place,
    access: Access,
}

impl Keyring {
    /// The key of this account at this service. Nothing is asked yet.
    pub fn new(service: &str, account: &str) -> Self {
        Self {
            place: Place::new(service, account),
            access: Access {
                limit: LIMIT,
                may_prompt: false,
            },
        }
    }

    /// The key of the cache in this file: service `msal-rust`, account the absolute path. Nothing is asked yet.
    ///
    /// Fails when the path is no text, or names nothing.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let invalid = || Error::new(ErrorKind::InvalidArgument("cache path"));
        let path = std::path::absolute(path).map_err(|error| invalid().with_source(error))?;
        let account = path.to_str().ok_or_else(invalid)?;
        Ok(Self::new(SERVICE, account))
    }

    /// How long the key store may take for one answer, which includes what it asks a person; 3 seconds unless set.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.access.limit = limit;
        self
    }

    /// Whether the key store may have a person unlock it; not unless set. Set a [`limit`](Self::limit) with it that
    /// leaves time to type.
    ///
    /// On macOS and Windows the system itself decides whether it asks.
    #[must_use]
    pub fn may_prompt(mut self, may_prompt: bool) -> Self {
        self.access.may_prompt = may_prompt;
        self
    }

    /// The key, if there is one.
    ///
    /// Blocks no longer than the [`limit`](Self::limit). Fails with
    /// [`KeyringUnavailable`](super::KeyringUnavailable) when the key store cannot be asked, and with [`KeyringError`]
    /// when the item is no key.
    pub fn key(&self) -> Result<Option<EncryptionKey>, Error> {
        let (place, access) = (self.place.clone(), self.access);
        let Some(text) = bounded(access.limit, move || desk::read(&place, access))? else {
            return Ok(None);
        };
        let key = str::from_utf8(&text)
            .ok()
            .and_then(|text| EncryptionKey::from_text(text).ok());
        let account = || self.place.account.clone();
        key.map(Some)
            .ok_or_else(|| KeyringError::NotAKey { account: account() }.into())
    }

    /// Keeps this key, in the place of any other.
    ///
    /// Blocks, and fails, as [`key`](Self::key) does.
    pub fn put(&self, key: &EncryptionKey) -> Result<(), Error> {
        let (place, access) = (self.place.clone(), self.access);
        let text = key.expose_text();
        let write = move || desk::write(&place, text.as_bytes(), access);
        Ok(bounded(access.limit, write)?)
    }

    /// Forgets the key, with which all that is encrypted with it becomes unreadable. Tells whether there was one.
    ///
    /// Blocks, and fails, as [`key`](Self::key) does.
    pub fn remove(&self) -> Result<bool, Error> {
        let (place, access) = (self.place.clone(), self.access);
        Ok(bounded(access.limit, move || desk::remove(&place, access))?)
    }

    /// Encrypts with this key what `file` keeps. Where there is no key, one is made while the file is locked, so that
    /// any number of processes that begin at once use the same.
    ///
    /// `file` must be a store whose updates exclude each other, as a [`FileStore`](crate::file::FileStore)'s do. Blocks for
    /// its lock, and up to 4 times the [`limit`](Self::limit).
    ///
    /// Fails as [`key`](Self::key) does, and, without making a key, when there is none and the file holds a cache already:
    /// a plain one ([`EncryptionError::NotEncrypted`]), or one whose key was lost ([`KeyringError::KeyMissing`]).
    pub fn encrypted<S: CacheStore>(&self, file: S) -> Result<Encrypted<S>, Error> {
        let key = match self.key()? {
            Some(key) => key,
            None => self.made(&file)?,
        };
        Ok(Encrypted::new(file, key))
    }

    /// The key that whoever had the lock first has made.
    fn made(&self, file: &impl CacheStore) -> Result<EncryptionKey, Error> {
        let mut made = None;
        let mut make = |found: &Found| {
            if made.is_some() {
                return Ok(Next::Keep);
            }
            if let Some(key) = self.key()? {
                made = Some(key);
                return Ok(Next::Keep);
            }
            self.may_begin(found)?;
            self.put(&EncryptionKey::generate()?)?;
            // What was kept, not what was sent: a store that loses it must be found out before anything is encrypted.
            made = self.key()?;
            Ok(Next::Keep)
        };
        file.update(NAME, &mut make)?;
        made.ok_or_else(|| KeyringReason::Failed("it did not keep the key".into()).into())
    }

    /// Whether a new key would be of use.
    fn may_begin(&self, found: &Found) -> Result<(), Error> {
        let bytes = found.bytes.as_ref().map_or(&[][..], |bytes| bytes);
        if is_encrypted(bytes) {
            let account = self.place.account.clone();
            return Err(KeyringError::KeyMissing { account }.into());
        }
        match bytes.trim_ascii() {
            b"" | b"{}" => Ok(()),
            _ => Err(EncryptionError::NotEncrypted {
                name: self.place.account.clone(),
            }
            .into()),
        }
    }
}

const SERVICE: &str = "msal-rust";

/// Any: a file has one value.
const NAME: &str = "cache";

const LIMIT: Duration = Duration::from_secs(3);
