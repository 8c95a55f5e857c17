use std::thread;
use std::time::Duration;

use msal_core::Error;
use msal_core::store::Lease;

use super::{FileError, FileStore};
use crate::persist::{
    CacheStore, Found, Layout, Loaded, Make, Next, Updated, Version, is_encrypted,
};

/// One file that holds everything, whatever name it is asked for.
impl CacheStore for FileStore {
    fn layout(&self) -> Layout {
        Layout::Whole
    }

    fn load(&self, _name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        if let Some(seen) = seen
            && self.stamp()?.version() == *seen
        {
            return Ok(Loaded::Unchanged);
        }
        Ok(Loaded::Found(self.read_settled()?))
    }

    fn update(&self, _name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        if self.is_read_only {
            let found = self.read_settled()?;
            return match make(&found)? {
                Next::Keep => Ok(kept(found)),
                _ => Err(FileError::ReadOnly { path: self.path() }.into()),
            };
        }
        for _ in 0..TRIES {
            let updated = self.locked(|held| {
                let found = self.read_in(held.folder)?;
                let content = match make(&found)? {
                    Next::Keep => return Ok(Some(kept(found))),
                    Next::Put(content) => content.bytes,
                    Next::Remove => NOTHING.to_vec().into(),
                };
                let before = found.version;
                let after = self.replace(held, &content)?;
                Ok::<_, Error>(after.map(|after| Updated { before, after }))
            });
            if let Some(updated) = updated? {
                return Ok(updated);
            }
        }
        Err(FileError::LockLost { path: self.path() }.into())
    }

    fn set_aside(&self, _name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        let place = self.move_aside(damaged)?;
        Ok(place.map(|path| path.display().to_string()))
    }

    fn lease(&self, _name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        Ok(self.refresh_lease(digest, limit)?)
    }

    fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    fn leftovers(&self) -> Result<Vec<String>, Error> {
        let paths = self.set_aside_before()?;
        Ok(paths
            .iter()
            .map(|path| path.display().to_string())
            .collect())
    }
}

impl FileStore {
    /// What the file holds when nobody is in the middle of writing it. Of us nobody ever is; peers empty the file and then
    /// fill it, and only their writes are known to others by a lock.
    fn read_settled(&self) -> Result<Found, FileError> {
        let mut found = self.read()?;
        for _ in 0..LOOKS {
            if is_whole(&found) {
                break;
            }
            if !self.is_read_only {
                return match self.is_shared {
                    true => self.read_locked(),
                    false => Ok(found),
                };
            }
            thread::sleep(BETWEEN_LOOKS);
            found = self.read()?;
        }
        Ok(found)
    }
}

fn kept(found: Found) -> Updated {
    Updated {
        before: found.version.clone(),
        after: found.version,
    }
}

/// Whether it may be JSON to its end, or is what no peer writes.
fn is_whole(found: &Found) -> bool {
    let Some(bytes) = &found.bytes else {
        return true;
    };
    is_encrypted(bytes) || bytes.trim_ascii_end().last() == Some(&b'}')
}

/// A file that holds nothing; it is not removed, since peers may watch it.
const NOTHING: &[u8] = b"{}";

/// A file that is empty for good is told from one that is being written by looking for a second.
const LOOKS: u32 = 20;

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// How often the peers' lock may be lost in the middle of a write.
const TRIES: u32 = 20;
