use std::fmt::{self, Debug};
use std::time::Duration;

use async_trait::async_trait;
use msal_core::Error;
use msal_core::store::Lease;
use zeroize::Zeroizing;

/// Where a [`PersistentCache`](super::PersistentCache) keeps its tokens: a file, a database, anything that can change a
/// value as one step. It knows bytes and nothing of tokens.
///
/// Each value has a name: `cache` for one that holds everything, or one for each owner, see [`layout`](Self::layout). All
/// methods may block: nobody calls them on a thread that may not.
pub trait CacheStore: Debug + Send + Sync {
    /// Whether there is one value for everything, or one for each owner.
    fn layout(&self) -> Layout {
        Layout::ByOwner
    }

    /// What is kept under this name. `seen` is the version that the caller has already: for that same one,
    /// [`Loaded::Unchanged`] saves the bytes.
    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error>;

    /// Has `make` see what is kept under this name and say what is to be, as one step: where somebody else was quicker
    /// between the two, `make` is asked again. What is put is there after a crash, too, when this returns.
    ///
    /// An error of `make` is handed through, and changes nothing.
    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error>;

    /// Takes what nobody can read out of the way, if it still is the one of this version, and keeps it: somebody may
    /// want it back. By default under another name, for a week. Tells where it is then.
    fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        let Loaded::Found(found) = self.load(name, None)? else {
            return Ok(None);
        };
        if found.version != *damaged {
            return Ok(None);
        }
        let Some(bytes) = found.bytes else {
            return Ok(None);
        };
        let aside = aside(name);
        self.update(&aside, &mut |_| Ok(Next::Put(kept_aside(bytes.clone()))))?;
        let mut empty = |now: &Found| match now.version == *damaged {
            true => Ok(Next::Remove),
            false => Ok(Next::Keep),
        };
        self.update(name, &mut empty)?;
        Ok(Some(aside))
    }

    /// Waits until nobody else holds this lease, but no longer than `limit`, and takes it: it is about a value of this
    /// name, and `digest` tells it from others. It ends when it is dropped or when its process dies, or else after 35
    /// seconds.
    ///
    /// A store that has no leases gives none, and then processes may refresh one token at once.
    fn lease(&self, _name: &str, _digest: &[u8; 32], _limit: Duration) -> Result<Lease, Error> {
        Ok(Lease::none())
    }

    /// Whether nothing is ever written: then new tokens stay in memory, and signing out is an error.
    fn is_read_only(&self) -> bool {
        false
    }

    /// What is left of tokens elsewhere, such as damaged files that were set aside: whoever signs out should know.
    fn leftovers(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// [`CacheStore`] for who waits without a thread.
#[async_trait]
pub trait AsyncCacheStore: Debug + Send + Sync {
    /// As [`CacheStore::layout`].
    fn layout(&self) -> Layout {
        Layout::ByOwner
    }

    /// As [`CacheStore::load`].
    async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error>;

    /// As [`CacheStore::update`].
    async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error>;

    /// As [`CacheStore::set_aside`].
    async fn set_aside(&self, name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        let Loaded::Found(found) = self.load(name, None).await? else {
            return Ok(None);
        };
        if found.version != *damaged {
            return Ok(None);
        }
        let Some(bytes) = found.bytes else {
            return Ok(None);
        };
        let aside = aside(name);
        self.update(&aside, &mut |_| Ok(Next::Put(kept_aside(bytes.clone()))))
            .await?;
        let mut empty = |now: &Found| match now.version == *damaged {
            true => Ok(Next::Remove),
            false => Ok(Next::Keep),
        };
        self.update(name, &mut empty).await?;
        Ok(Some(aside))
    }

    /// As [`CacheStore::lease`].
    async fn lease(
        &self,
        _name: &str,
        _digest: &[u8; 32],
        _limit: Duration,
    ) -> Result<Lease, Error> {
        Ok(Lease::none())
    }

    /// As [`CacheStore::is_read_only`].
    fn is_read_only(&self) -> bool {
        false
    }

    /// As [`CacheStore::leftovers`].
    async fn leftovers(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// What makes the next value out of the present one. Quick, and speaks to nobody.
pub type Make<'m> = dyn FnMut(&Found) -> Result<Next, Error> + Send + 'm;

/// How values are divided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Layout {
    /// A value for each user, each on-behalf-of assertion, and each application in a tenant. It cannot tell which users
    /// there are.
    ByOwner,
    /// One value that holds everything.
    Whole,
}

/// The answer to [`CacheStore::load`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Loaded {
    /// It still is the version that the caller has.
    Unchanged,
    /// This, or that there is nothing.
    Found(Found),
}

/// What is kept under a name.
pub struct Found {
    /// All of it; none where there is nothing. Wiped when dropped.
    pub bytes: Option<Zeroizing<Vec<u8>>>,
    /// Which state that is.
    pub version: Version,
}

/// What is to be kept under a name.
#[derive(Debug)]
#[non_exhaustive]
pub enum Next {
    /// What is there already.
    Keep,
    /// This.
    Put(Content),
    /// Nothing.
    Remove,
}

/// A new value.
pub struct Content {
    /// All of it. Wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// After what time nobody can use any of it; none where that cannot be told.
    pub life: Option<Duration>,
}

/// How [`CacheStore::update`] went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Updated {
    /// The state that was found and changed.
    pub before: Version,
    /// The state since.
    pub after: Version,
}

/// Tells one state of a value from another: a counter, an ETag, a time and a size. Equal as long as nobody has written
/// it; that there is nothing is a state too.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Version(Box<[u8]>);

impl Version {
    /// A version of these bytes, whatever they mean to the store.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes it was made of.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self::new(number.to_be_bytes())
    }
}

impl Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Version(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.as_ref().map(|bytes| bytes.len());
        f.debug_struct("Found")
            .field("bytes", &bytes)
            .field("version", &self.version)
            .finish()
    }
}

impl Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("bytes", &self.bytes.len())
            .field("life", &self.life)
            .finish()
    }
}

/// The name that a damaged value goes by.
fn aside(name: &str) -> String {
    [name, ".corrupt"].concat()
}

fn kept_aside(bytes: Zeroizing<Vec<u8>>) -> Content {
    Content {
        bytes,
        life: Some(WEEK),
    }
}

const WEEK: Duration = Duration::from_secs(7 * 86_400);
