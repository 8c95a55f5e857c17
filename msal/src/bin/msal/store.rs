//! What keeps the cache that the options describe.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use msal::cache::encrypted::{Encrypted, EncryptionKey};
use msal::cache::file::FileStore;
use msal::cache::keyring::{Keyring, KeyringError};
use msal::cache::redis::RedisOptions;
use msal::cache::{CacheStore, Layout, Loaded, Make, Updated, Version};
use msal::store::Lease;
use msal::{Error, ErrorKind};

use crate::cache_options::KeySource;
use crate::input::{self, SMALL, wrong};
use crate::kept::{Access, causes};

/// A file. Nothing of it is read yet.
pub(crate) fn file(path: &Path, access: Access) -> Result<FileStore, Error> {
    let store = FileStore::new(path).map_err(|error| wrong("cache file", causes(&error)))?;
    Ok(store.read_only(access == Access::Look))
}

/// A file that is encrypted with this key.
pub(crate) fn encrypted(
    path: &Path,
    key: &KeySource<'_>,
    access: Access,
) -> Result<Encrypted<FileStore>, Error> {
    let file = file(path, access)?;
    Ok(Encrypted::new(file, key.read()?))
}

/// A Redis, as both kinds of API need it. It is not connected to yet.
pub(crate) fn redis(url: &str, ca_file: Option<&Path>) -> Result<RedisOptions, Error> {
    let mut options = RedisOptions::new(url)?;
    if let Some(path) = ca_file.filter(|_| is_tls(url)) {
        let pem = input::file(path, "root certificates", SMALL)?;
        options = options.add_root_certificates_pem(pem);
    }
    Ok(options)
}

/// Without TLS no certificate is looked at.
fn is_tls(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("rediss"))
}

impl KeySource<'_> {
    /// Reads the key, which no error repeats.
    fn read(&self) -> Result<EncryptionKey, Error> {
        let text = match self {
            Self::File(path) => input::text(path, KEY, SMALL)?,
            Self::Variable(name) if EncryptionKey::from_text(name).is_ok() => {
                return Err(wrong(
                    KEY,
                    "--cache-key-env takes the name of a variable, not the key",
                ));
            }
            Self::Variable(name) => input::secret(name, KEY)?,
        };
        EncryptionKey::from_text(&text)
    }
}

/// A file whose key is in the key store of the system. That is asked when the file is first needed, since the answer may
/// take seconds, and there may be none.
#[derive(Debug)]
pub(crate) struct InKeyring {
    file: FileStore,
    keyring: Keyring,
    account: String,
    opened: OnceLock<Encrypted<FileStore>>,
}

impl InKeyring {
    pub(crate) fn new(path: &Path, access: Access) -> Result<Self, Error> {
        let file = file(path, access)?;
        let path = file.path();
        Ok(Self {
            keyring: Keyring::of_file(&path)?,
            account: path.display().to_string(),
            file,
            opened: OnceLock::new(),
        })
    }

    fn opened(&self) -> Result<&Encrypted<FileStore>, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = match self.file.is_read_only() {
            true => self.looked_at()?,
            false => self.keyring.encrypted(self.file.clone())?,
        };
        Ok(self.opened.get_or_init(|| opened))
    }

    /// The same without making a key.
    fn looked_at(&self) -> Result<Encrypted<FileStore>, Error> {
        let key = match self.keyring.key()? {
            Some(key) => key,
            None if self.is_there()? => {
                let account = self.account.clone();
                return Err(KeyringError::KeyMissing { account }.into());
            }
            // Of what is not there, any key is the right one.
            None => EncryptionKey::generate()?,
        };
        Ok(Encrypted::new(self.file.clone(), key))
    }

    fn is_there(&self) -> Result<bool, Error> {
        match self.file.load("cache", None)? {
            Loaded::Found(found) => Ok(found.bytes.is_some()),
            _ => Ok(false),
        }
    }
}

impl CacheStore for InKeyring {
    fn layout(&self) -> Layout {
        self.file.layout()
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        self.opened()?.load(name, seen)
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.opened()?.update(name, make)
    }

    fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        self.opened()?.set_aside(name, damaged)
    }

    fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        self.file.lease(name, digest, limit)
    }

    fn leftovers(&self) -> Result<Vec<String>, Error> {
        self.file.leftovers()
    }
}

/// Nothing is sent to explain a look-up, and this one would be.
pub(crate) fn far_away() -> Error {
    Error::new(ErrorKind::Unsupported("explaining by the network"))
        .because("an explanation sends nothing, and this cache is in Redis")
}

const KEY: &str = "cache key";
