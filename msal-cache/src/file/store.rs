use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::FileError;
use super::folder::Folder;
use super::lock::{self, Lock, Wait};
use super::peer_lock::PeerLock;
use super::stamp::{Identity, Stamp};
use crate::persist::{Found, Version};

/// A private file that is read and replaced as a whole, by any number of processes.
///
/// It is its owner's alone (mode 0600, in a folder made with 0700), and refused where others could have put it there:
/// behind a symbolic link, with a second name, of another owner, or in a folder that others may write to.
///
/// It knows bytes and nothing of tokens: a [`CacheStore`](crate::persist::CacheStore) of one value. The errors of that
/// have a [`FileError`] as their source.
///
/// ```
/// use msal_cache::file::FileStore;
/// use msal_cache::persist::{CacheStore, Content, Loaded, Next};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("msal/cache.json");
///
/// let store = FileStore::new(path)?;
/// let written = store.update("cache", &mut |found| {
///     assert!(found.bytes.is_none());
///     let bytes = b"{}".to_vec().into();
///     Ok(Next::Put(Content { bytes, life: None }))
/// })?;
/// assert!(matches!(store.load("cache", Some(&written.after))?, Loaded::Unchanged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    pub(super) folder: PathBuf,
    pub(super) names: Names,
    pub(super) is_shared: bool,
    pub(super) is_read_only: bool,
    limit: u64,
    wait: Duration,
}

/// The names in the folder.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) cache: OsString,
    lock: OsString,
    peer_lock: OsString,
    next: OsString,
}

/// What is held while the file is changed.
pub(super) struct Held<'f> {
    pub(super) folder: &'f Folder,
    // Let go in this order.
    peer_lock: Option<PeerLock<'f>>,
    lock: Lock,
}

impl FileStore {
    /// The file of this path, which need not be there. Nothing is touched yet.
    ///
    /// Fails when the path names no file.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let nameless =
            || FileError::io("using", path)(io::Error::from(io::ErrorKind::InvalidInput));
        // The process may change its working folder.
        let absolute = std::path::absolute(path).map_err(FileError::io("using", path))?;
        let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(nameless());
        };
        Ok(Self {
            folder: folder.to_owned(),
            names: Names::of(name),
            is_shared: false,
            is_read_only: false,
            limit: LIMIT,
            wait: WAIT,
        })
    }

    /// Whether MSAL Python, Node or .NET write the file too: then their lock is taken beside ours.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        Self { is_shared, ..self }
    }

    /// Whether the file is somebody else's, and only looked at: then nothing is ever written, locked, moved aside or put
    /// right, and whatever would do that fails with [`FileError::ReadOnly`].
    #[must_use]
    pub fn read_only(self, is_read_only: bool) -> Self {
        Self {
            is_read_only,
            ..self
        }
    }

    /// Whether the file is only looked at.
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// How large the file may be; 256 MiB unless set.
    #[must_use]
    pub fn max_bytes(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// How long to wait for all locks together; 10 seconds unless set.
    #[must_use]
    pub fn lock_wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.names.cache)
    }

    /// Reads the file, without a lock: of us nobody ever leaves it half written.
    pub(super) fn read(&self) -> Result<Found, FileError> {
        match self.open_folder()? {
            Some(folder) => self.read_in(&folder),
            None => Ok(found(None, Stamp::NOTHING)),
        }
    }

    /// Reads the file while nobody writes it.
    pub(super) fn read_locked(&self) -> Result<Found, FileError> {
        self.locked(|held| self.read_in(held.folder))
    }

    /// Runs `work` while nobody else writes.
    pub(super) fn locked<T, E: From<FileError>>(
        &self,
        work: impl FnOnce(&Held<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.is_read_only {
            return Err(FileError::ReadOnly { path: self.path() }.into());
        }
        let wait = Wait::new(self.wait);
        let folder = Folder::create(&self.folder)?;
        let lock = Lock::take(&folder, &self.names.lock, &wait)?;
        // Ours first: those of us who wait do it there, and only one of us contends with the peers.
        let peer_lock = self
            .is_shared
            .then(|| PeerLock::take(&folder, &self.names.peer_lock, &wait));
        let held = Held {
            folder: &folder,
            peer_lock: peer_lock.transpose()?,
            lock,
        };
        work(&held)
    }

    /// Which state the file is in. Looks at it without reading it.
    pub(super) fn stamp(&self) -> Result<Stamp, FileError> {
        let Some(folder) = self.open_folder()? else {
            return Ok(Stamp::NOTHING);
        };
        let generation = self.generation(&folder)?;
        let file = folder.read(&self.names.cache)?;
        let file = file.map(|(_, metadata)| Identity::of(&metadata));
        Ok(Stamp { generation, file })
    }

    pub(super) fn read_in(&self, folder: &Folder) -> Result<Found, FileError> {
        // Before the file: what is written meanwhile makes the stamp differ, never equal.
        let generation = self.generation(folder)?;
        let Some((file, metadata)) = folder.read(&self.names.cache)? else {
            let file = None;
            return Ok(found(None, Stamp { generation, file }));
        };
        self.within_limit(metadata.len())?;
        // One more, so that the buffer, which is wiped, need not be copied to grow.
        let capacity = usize::try_from(metadata.len()).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity.saturating_add(1)));
        let read = file
            .take(self.limit.saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(FileError::io("reading", &self.path()))?;
        self.within_limit(bytes.len() as u64)?;
        let file = Some(Identity::of(&metadata));
        Ok(found(Some(bytes), Stamp { generation, file }))
    }

    /// Puts `content` in the place of what the file holds. None where that was not done, because the peers' lock was lost:
    /// some of them remove locks that are not theirs, and whoever took it since may have read the file already.
    pub(super) fn replace(
        &self,
        held: &Held<'_>,
        content: &[u8],
    ) -> Result<Option<Version>, FileError> {
        self.within_limit(content.len() as u64)?;
        let folder = held.folder;
        let generation = held.lock.advance(&folder.path(&self.names.lock))?;
        let file = fresh(folder, &self.names.next)?;
        let path = folder.path(&self.names.next);
        let replaced = (&file)
            .write_all(content)
            .map_err(FileError::io("writing", &path))
            .map(|()| self.touch(&file))
            .and_then(|()| file.sync_all().map_err(FileError::io("syncing", &path)))
            .and_then(|()| held.is_alone())
            .and_then(|is_alone| match is_alone {
                true => folder.rename(&self.names.next, &self.names.cache).map(Some),
                false => Ok(None),
            });
        let Ok(Some(())) = replaced else {
            if let Err(left) = folder.remove(&self.names.next) {
                tracing::warn!(target: "msal", error = %left, "a file with tokens was left behind");
            }
            return replaced.map(|_| None);
        };
        // Again, and at once: the disk may have been slow.
        self.touch(&file);
        folder.sync()?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(FileError::io("looking at", &self.path()))?;
        let file = Some(Identity::of(&metadata));
        Ok(Some(Stamp { generation, file }.version()))
    }

    /// Peers compare the time of the file with the clock of their last look, so it must not be that of the first byte. They
    /// look at the clock when they have read, not before: a time that is a little ahead has them read what was written
    /// meanwhile.
    fn touch(&self, file: &File) {
        let time = match self.is_shared {
            true => SystemTime::now() + AHEAD,
            false => SystemTime::now(),
        };
        if let Err(error) = file.set_modified(time) {
            tracing::debug!(target: "msal", %error, "the time of the token cache could not be set");
        }
    }

    fn open_folder(&self) -> Result<Option<Folder>, FileError> {
        let folder = Folder::open(&self.folder)?;
        Ok(folder.map(|folder| match self.is_read_only {
            true => folder.untouched(),
            false => folder,
        }))
    }

    fn generation(&self, folder: &Folder) -> Result<u64, FileError> {
        let lock = folder.read(&self.names.lock)?;
        Ok(lock.map_or(0, |(file, _)| lock::generation(&file)))
    }

    fn within_limit(&self, bytes: u64) -> Result<(), FileError> {
        if bytes <= self.limit {
            return Ok(());
        }
        Err(FileError::TooLarge {
            path: self.path(),
            bytes,
            limit: self.limit,
        })
    }
}

impl Held<'_> {
    fn is_alone(&self) -> Result<bool, FileError> {
        self.peer_lock.as_ref().map_or(Ok(true), PeerLock::is_held)
    }
}

impl Names {
    fn of(cache: &OsStr) -> Self {
        Self {
            cache: cache.to_owned(),
            lock: with(cache, ".lock"),
            peer_lock: with(cache, ".lockfile"),
            next: with(cache, ".msal-new"),
        }
    }
}

fn found(bytes: Option<Zeroizing<Vec<u8>>>, stamp: Stamp) -> Found {
    let version = stamp.version();
    Found { bytes, version }
}

/// A new file of this name, which is used by whoever has our lock: a left-over of one who was killed is nobody's, and
/// may hold tokens.
pub(super) fn fresh(folder: &Folder, name: &OsStr) -> Result<File, FileError> {
    if let Some(file) = folder.create_new(name)? {
        return Ok(file);
    }
    folder.remove(name)?;
    let file = folder.create_new(name)?;
    let taken = || io::Error::from(io::ErrorKind::AlreadyExists);
    file.ok_or_else(|| FileError::io("making", &folder.path(name))(taken()))
}

pub(super) fn with(name: &OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}

const LIMIT: u64 = 256 << 20;

const WAIT: Duration = Duration::from_secs(10);

/// Longer than a peer takes to read the file, and soon over.
const AHEAD: Duration = Duration::from_secs(2);
