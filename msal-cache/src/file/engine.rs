use std::thread;
use std::time::Duration;

use msal_core::Error;
use msal_core::store::Lease;

use super::{FileError, FileStore, Found};
use crate::persist::{self, CacheStore, Layout, Loaded, Make, Next, Updated, Version};

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
        Ok(Loaded::Found(self.read_settled()?.into()))
    }

    fn update(&self, _name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.locked(|held| {
            let found = persist::Found::from(self.read_in(held.folder)?);
            let content = match make(&found)? {
                Next::Keep => {
                    return Ok(Updated {
                        before: found.version.clone(),
                        after: found.version,
                    });
                }
                Next::Put(content) => content.bytes,
                Next::Remove => NOTHING.to_vec().into(),
            };
            let before = found.version.clone();
            drop(found);
            let after = self.replace(held, &content)?;
            Ok(Updated {
                before,
                after: after.version(),
            })
        })
    }

    fn set_aside(&self, _name: &str, damaged: &Version) -> Result<Option<String>, Error> {
        let path = self.move_aside(|found| found.version() == *damaged)?;
        Ok(path.map(|path| path.display().to_string()))
    }

    fn lease(&self, _name: &str, digest: &[u8; 32], limit: Duration) -> Result<Lease, Error> {
        Ok(self.refresh_lease(digest, limit)?)
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

/// Whether it may be JSON to its end.
fn is_whole(found: &Found) -> bool {
    let Some(bytes) = &found.bytes else {
        return true;
    };
    bytes.trim_ascii_end().last() == Some(&b'}')
}

impl From<Found> for persist::Found {
    fn from(found: Found) -> Self {
        Self {
            bytes: found.bytes,
            version: found.stamp.version(),
        }
    }
}

/// A file that holds nothing; it is not removed, since peers may watch it.
const NOTHING: &[u8] = b"{}";

/// A file that is empty for good is told from one that is being written by looking for a second.
const LOOKS: u32 = 20;

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
