use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use msal_core::Error;
use msal_core::store::Lease;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::bounded::bounded;
use super::desk;
use super::place::{Access, Place};
use crate::file::FileStore;
use crate::persist::{CacheStore, Content, Found, Layout, Loaded, Make, Next, Updated, Version};

/// A whole cache as one item of the key store, shared with another library that keeps it so.
///
/// Only with a peer: reading and writing take longer as the cache grows. A file beside it, the signal file, is written
/// after each change of the item, since peers watch it, and its lock (`<file>.lockfile`, as peers take it, and ours) is
/// held over each change. What the item holds may be plain or base64; it stays as it is found.
///
/// | peer | `KeyringItem::new(signal, ..)` and then |
/// |---|---|
/// | MSAL Node | `service` and `account` as given to it |
/// | MSAL Python | `.schema(schema_name)`, `.attributes(..)` as given to it, `.label(label)` |
/// | MSAL .NET | `.schema(schema)`, `.attributes(..)` the two given to it, `.label(label)`, `.any_schema()`, `.encoding(Encoding::Base64)` |
/// | all three on macOS | the service and the account of the keychain item |
///
/// Not for Windows, where no key store holds that much.
#[derive(Clone, Debug)]
pub struct KeyringItem {
    place: Place,
    access: Access,
    encoding: Encoding,
    signal: FileStore,
}

/// How an item holds the bytes of a cache.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// As base64 (RFC 4648 section 4).
    Base64,
    /// As they are.
    #[default]
    Plain,
}

impl KeyringItem {
    /// The item of this account at this service, with this signal file. Nothing is asked yet.
    ///
    /// Fails when the path names no file.
    pub fn new(signal: impl AsRef<Path>, service: &str, account: &str) -> Result<Self, Error> {
        Ok(Self {
            place: Place::new(service, account),
            access: Access {
                limit: LIMIT,
                may_prompt: false,
            },
            encoding: Encoding::default(),
            signal: FileStore::new(signal)?.shared(true).lock_wait(WAIT),
        })
    }

    /// The schema that the item is made with and found by, in a Secret Service. Unless set, it is made with
    /// `org.freedesktop.Secret.Generic`, and found whatever its schema is.
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        name.clone_into(&mut self.place.schema);
        self.place.is_by_schema = true;
        self
    }

    /// The attributes that the item is made with and found by in a Secret Service, in the place of `service` and
    /// `account`.
    #[must_use]
    pub fn attributes<'a>(
        mut self,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let attributes = attributes.into_iter();
        self.place.attributes = attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self
    }

    /// The item is found whatever its schema is, though it is made with one that was set.
    #[must_use]
    pub fn any_schema(mut self) -> Self {
        self.place.is_by_schema = false;
        self
    }

    /// What people see of the item, where it is made.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        label.clone_into(&mut self.place.label);
        self
    }

    /// How the item holds the cache where it is made; plain unless set.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How long the key store may take for one answer, which includes what it asks a person; 10 seconds unless set.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.access.limit = limit;
        self
    }

    /// Whether the key store may have a person unlock it; not unless set.
    #[must_use]
    pub fn may_prompt(mut self, may_prompt: bool) -> Self {
        self.access.may_prompt = may_prompt;
        self
    }

    fn read(&self, place: &Place) -> Result<Kept, Error> {
        let (place, access) = (place.clone(), self.access);
        let raw = bounded(access.limit, move || desk::read(&place, access))?;
        Ok(Kept::of(raw))
    }

    fn write(&self, place: &Place, bytes: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let (place, access) = (place.clone(), self.access);
        let write = move || desk::write(&place, &bytes, access);
        Ok(bounded(access.limit, write)?)
    }

    fn remove(&self, place: &Place) -> Result<bool, Error> {
        let (place, access) = (place.clone(), self.access);
        Ok(bounded(access.limit, move || desk::remove(&place, access))?)
    }

    /// Changes the item as `change` says, of which the signal file then tells: whether it did.
    fn locked(&self, mut change: impl FnMut() -> Result<bool, Error> + Send) -> Result<(), Error> {
        let mut signal = |_: &Found| {
            if !change()? {
                return Ok(Next::Keep);
            }
            Ok(Next::Put(Content {
                bytes: SIGNAL.to_vec().into(),
                life: None,
            }))
        };
        CacheStore::update(&self.signal, NAME, &mut signal).map(drop)
    }
}

impl CacheStore for KeyringItem {
    fn layout(&self) -> Layout {
        Layout::Whole
    }

    fn load(&self, _name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        let kept = self.read(&self.place)?;
        if seen == Some(&kept.found.version) {
            return Ok(Loaded::Unchanged);
        }
        Ok(Loaded::Found(kept.found))
    }

    fn update(&self, _name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let mut updated = None;
        self.locked(|| {
            let kept = self.read(&self.place)?;
            let before = kept.found.version.clone();
            let (after, is_changed) = match make(&kept.found)? {
                Next::Keep => (before.clone(), false),
                Next::Put(content) => {
                    let encoding = kept.encoding.unwrap_or(self.encoding);
                    let raw = encoding.encoded(content.bytes);
                    let after = version(Some(&raw));
                    self.write(&self.place, raw)?;
                    (after, true)
                }
                Next::Remove => (version(None), self.remove(&self.place)?),
            };
            updated = Some(Updated { before, after });
            Ok(is_changed)
        })?;
        updated.ok_or_else(unseen)
    }

    /// As another item, whose last attribute ends in `.corrupt`: not as a file, where it would be less safe than it was.
    fn set_aside(&self, _name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        let aside = self.place.aside();
        let mut put_there = None;
        self.locked(|| {
            let (place, access) = (self.place.clone(), self.access);
            let raw = bounded(access.limit, move || desk::read(&place, access))?;
            let Some(raw) = raw.filter(|raw| version(Some(raw)) == *damaged) else {
                return Ok(false);
            };
            self.write(&aside, raw)?;
            put_there = Some(aside.label.clone());
            self.remove(&self.place)
        })?;
        Ok(put_there)
    }

    fn lease(&self, name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        self.signal.lease(name, digest, limit)
    }

    fn leftovers(&self) -> Result<Vec<String>, Error> {
        let aside = self.place.aside();
        let found = self.read(&aside)?.found.bytes;
        Ok(found.map(|_| aside.label).into_iter().collect())
    }
}

/// What the item holds.
struct Kept {
    found: Found,
    encoding: Option<Encoding>,
}

impl Kept {
    fn of(raw: Option<Zeroizing<Vec<u8>>>) -> Self {
        let version = version(raw.as_ref());
        let decoded = raw.as_ref().and_then(|raw| decoded(raw));
        let (bytes, encoding) = match decoded {
            Some(bytes) => (Some(bytes), Some(Encoding::Base64)),
            None => {
                let encoding = raw.as_ref().map(|_| Encoding::Plain);
                (raw, encoding)
            }
        };
        Self {
            found: Found { bytes, version },
            encoding,
        }
    }
}

impl Encoding {
    fn encoded(self, bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Base64 => Zeroizing::new(STANDARD.encode(&*bytes).into_bytes()),
            Self::Plain => bytes,
        }
    }
}

/// The bytes of base64, if it is that. JSON is not: no base64 has a brace.
fn decoded(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = raw.trim_ascii();
    if text.is_empty() {
        return None;
    }
    STANDARD.decode(text).ok().map(Zeroizing::new)
}

/// Peers write the item without a count that could tell its states apart.
fn version(raw: Option<&Zeroizing<Vec<u8>>>) -> Version {
    match raw {
        Some(raw) => {
            let digest: [u8; 32] = Sha256::digest(raw.as_slice()).into();
            Version::new(digest)
        }
        None => Version::new([]),
    }
}

fn unseen() -> Error {
    Error::new(msal_core::ErrorKind::Internal("key store item"))
}

/// What MSAL Node writes to the file, too.
const SIGNAL: &[u8] = b"{}";

/// Any: a file has one value.
const NAME: &str = "cache";

/// Longer than for a key: a cache may be large.
const LIMIT: Duration = Duration::from_secs(10);

/// How long others may hold the lock, under which they speak to the key store; MSAL Node and .NET wait twice as long.
const WAIT: Duration = Duration::from_secs(30);
