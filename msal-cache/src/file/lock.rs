use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::FileError;
use super::folder::Folder;

/// Our lock on a cache file: the kernel's, so that it ends with its holder however that ends.
///
/// The file stays when it is let go: whoever removes a lock takes it from those who wait for it.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    pub(super) fn take(folder: &Folder, name: &OsStr, wait: &Wait) -> Result<Self, FileError> {
        let path = folder.path(name);
        let mut pauses = Pauses::new();
        loop {
            let file = folder.open_or_create(name)?;
            while !try_lock(&file, &path)? {
                wait.pause(&mut pauses, &path)?;
            }
            // Somebody may have removed the whole folder while we waited, and made another.
            if folder.is_named(name, &file)? {
                return Ok(Self { file });
            }
            wait.pause(&mut pauses, &path)?;
        }
    }

    /// How often one of us wrote.
    pub(super) fn generation(&self) -> u64 {
        generation(&self.file)
    }

    /// Counts a write that is about to be.
    pub(super) fn advance(&self, path: &Path) -> Result<u64, FileError> {
        let next = self.generation().wrapping_add(1);
        let mut file = &self.file;
        let written = file
            .seek(SeekFrom::Start(0))
            // Of one length always, so that no reader sees a short one.
            .and_then(|_| file.write_all(format!("{next:020}\n").as_bytes()));
        written.map_err(FileError::io("counting in", path))?;
        Ok(next)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // By name: a process that is being started may have a copy of the descriptor for a moment longer.
        let _ = self.file.unlock();
    }
}

/// The count in a lock, which may be read without having it. Zero where there is none.
pub(super) fn generation(mut lock: &File) -> u64 {
    let mut text = String::new();
    let read = lock
        .seek(SeekFrom::Start(0))
        .and_then(|_| lock.take(MAX_DIGITS).read_to_string(&mut text));
    match read {
        Ok(_) => text.trim().parse().unwrap_or_default(),
        Err(_) => 0,
    }
}

/// Whether the lock could be had at once.
pub(super) fn try_lock(file: &File, path: &Path) -> Result<bool, FileError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if is_without_locks(&error) => {
            Err(FileError::LockUnsupported {
                path: path.to_owned(),
                source: error,
            })
        }
        Err(TryLockError::Error(error)) => Err(FileError::io("locking", path)(error)),
    }
}

#[cfg(unix)]
fn is_without_locks(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let none = [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS];
    none.iter()
        .any(|none| error.raw_os_error() == Some(none.raw_os_error()))
}

#[cfg(not(unix))]
fn is_without_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// How long to wait for locks in all.
pub(super) struct Wait {
    since: Instant,
    longest: Duration,
}

impl Wait {
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            since: Instant::now(),
            longest,
        }
    }

    /// Sleeps a little, or gives up.
    pub(super) fn pause(&self, pauses: &mut Pauses, path: &Path) -> Result<(), FileError> {
        if self.sleep(pauses) {
            return Ok(());
        }
        Err(FileError::LockTimeout {
            path: path.to_owned(),
            waited: self.since.elapsed(),
        })
    }

    /// Sleeps a little, unless the time is over.
    pub(super) fn sleep(&self, pauses: &mut Pauses) -> bool {
        let left = self.longest.checked_sub(self.since.elapsed());
        let Some(left) = left.filter(|left| !left.is_zero()) else {
            return false;
        };
        thread::sleep(pauses.next().min(left));
        true
    }
}

/// Pauses of random length, which grow but stay so short that a lock is had soon after it is free.
pub(super) struct Pauses {
    random: RandomState,
    longest: u64,
    count: u64,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self {
            random: RandomState::new(),
            longest: FIRST_MICROSECONDS,
            count: 0,
        }
    }

    fn next(&mut self) -> Duration {
        self.count = self.count.wrapping_add(1);
        let mut hasher = self.random.build_hasher();
        hasher.write_u64(self.count);
        let half = self.longest / 2;
        let pause = half.saturating_add(hasher.finish() % half.max(1));
        self.longest = self.longest.saturating_mul(2).min(LAST_MICROSECONDS);
        Duration::from_micros(pause)
    }
}

const FIRST_MICROSECONDS: u64 = 500;

const LAST_MICROSECONDS: u64 = 16_000;

const MAX_DIGITS: u64 = 32;
