use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::folder::Folder;
use super::store::with;
use super::{FileError, FileStore};
use crate::persist::Version;

impl FileStore {
    /// Moves the file out of the way, if it is still the one that was `seen`, and tells where it is then: it holds tokens
    /// that somebody may want back. None where somebody else was quicker.
    ///
    /// Of such files the last three are kept; what goes is told in an event.
    pub(super) fn move_aside(&self, seen: &Version) -> Result<Option<PathBuf>, FileError> {
        self.locked(|held| {
            let folder = held.folder;
            let found = self.stamp()?;
            if found.file.is_none() || found.version() != *seen {
                return Ok(None);
            }
            let name = self.next_name(folder)?;
            folder.rename(&self.names.cache, &name)?;
            folder.sync()?;
            let path = folder.path(&name);
            tracing::warn!(
                target: "msal",
                path = %path.display(),
                "the token cache is damaged and was moved here; it may hold tokens"
            );
            let mut aside = self.aside(folder)?;
            let surplus = aside.len().saturating_sub(KEPT);
            for (_, old) in aside.drain(..surplus) {
                folder.remove(&old)?;
                let path = folder.path(&old);
                tracing::warn!(target: "msal", path = %path.display(), "the oldest damaged token cache was removed");
            }
            Ok(Some(path))
        })
    }

    /// The damaged files that were moved out of the way before, the oldest first. They hold tokens: who signs out should
    /// know of them.
    pub(super) fn set_aside_before(&self) -> Result<Vec<PathBuf>, FileError> {
        let Some(folder) = Folder::open(&self.folder)? else {
            return Ok(Vec::new());
        };
        let names = self.aside(&folder)?;
        Ok(names.iter().map(|(_, name)| folder.path(name)).collect())
    }

    /// A name that is free, and later than all there are.
    fn next_name(&self, folder: &Folder) -> Result<OsString, FileError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let aside = self.aside(folder)?;
        let latest = aside.last().map(|((second, number), _)| (*second, *number));
        let suffix = match latest {
            Some((second, number)) if second >= now => {
                format!(".corrupt-{second}-{}", number.saturating_add(1))
            }
            _ => format!(".corrupt-{now}"),
        };
        Ok(with(&self.names.cache, &suffix))
    }

    /// By age, which their names tell.
    fn aside(&self, folder: &Folder) -> Result<Vec<Aside>, FileError> {
        let prefix = with(&self.names.cache, ".corrupt-");
        let mut names = Vec::new();
        for name in folder.names()? {
            let rest = name.as_encoded_bytes();
            let rest = rest.strip_prefix(prefix.as_encoded_bytes());
            if let Some(age) = rest.and_then(age) {
                names.push((age, name));
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Second and number in it, and the name.
type Aside = ((u64, u64), OsString);

/// Second and number in it; none where the name is not one of ours.
fn age(rest: &[u8]) -> Option<(u64, u64)> {
    let rest = str::from_utf8(rest).ok()?;
    match rest.split_once('-') {
        Some((second, number)) => Some((second.parse().ok()?, number.parse().ok()?)),
        None => Some((rest.parse().ok()?, 0)),
    }
}

/// How many damaged files stay.
const KEPT: usize = 3;
