use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::FileError;
use super::folder::{Folder, is_running};
use super::lock::{Pauses, Wait, try_lock};
use super::store::{fresh, with};

/// The lock that MSAL Python, Node and .NET take: a file that is there for as long as it is held, and locked too.
///
/// Python and Node go by its being there, .NET by the kernel's lock on it, so it is taken both ways.
pub(super) struct PeerLock<'f> {
    folder: &'f Folder,
    name: &'f OsStr,
    file: File,
}

impl<'f> PeerLock<'f> {
    pub(super) fn take(
        folder: &'f Folder,
        name: &'f OsStr,
        wait: &Wait,
    ) -> Result<Self, FileError> {
        // Signed and locked before it is to be seen: one that was left over without a number would be in the way for long.
        let next = with(name, ".msal-new");
        let file = fresh(folder, &next)?;
        let linked = Self::link(folder, &next, name, file, wait);
        let removed = folder.remove(&next);
        match linked? {
            Some(lock) => removed.map(|_| lock),
            None => Self::create(folder, name, wait),
        }
    }

    /// Whether nobody has removed it.
    pub(super) fn is_held(&self) -> Result<bool, FileError> {
        self.folder.is_named(self.name, &self.file)
    }

    /// None where the file system knows no second names.
    fn link(
        folder: &'f Folder,
        next: &OsStr,
        name: &'f OsStr,
        file: File,
        wait: &Wait,
    ) -> Result<Option<Self>, FileError> {
        let path = folder.path(name);
        let mut pauses = Pauses::new();
        sign(&file, &path)?;
        while !try_lock(&file, &path)? {
            wait.pause(&mut pauses, &path)?;
        }
        loop {
            match folder.link(next, name)? {
                Some(true) => return Ok(Some(Self { folder, name, file })),
                Some(false) if is_broken(folder, name)? => {}
                Some(false) => wait.pause(&mut pauses, &path)?,
                None => return Ok(None),
            }
        }
    }

    fn create(folder: &'f Folder, name: &'f OsStr, wait: &Wait) -> Result<Self, FileError> {
        let path = folder.path(name);
        let mut pauses = Pauses::new();
        loop {
            if let Some(file) = folder.create_new(name)? {
                // Else .NET was quicker: the file is its own now, and not ours to remove.
                if try_lock(&file, &path)? && folder.is_named(name, &file)? {
                    let lock = Self { folder, name, file };
                    sign(&lock.file, &path)?;
                    return Ok(lock);
                }
            } else if is_broken(folder, name)? {
                continue;
            }
            wait.pause(&mut pauses, &path)?;
        }
    }
}

impl Drop for PeerLock<'_> {
    fn drop(&mut self) {
        let removed = match self.is_held() {
            Ok(true) => self.folder.remove(self.name).map(drop),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(target: "msal", %error, "a lock was left behind");
        }
    }
}

/// Says whose it is.
fn sign(mut file: &File, path: &Path) -> Result<(), FileError> {
    let text = format!("{} {OURS}", std::process::id());
    let written = file.write_all(text.as_bytes());
    written.map_err(FileError::io("writing", path))
}

/// Removes a lock whose holder is gone; whether it is worth trying again at once.
fn is_broken(folder: &Folder, name: &OsStr) -> Result<bool, FileError> {
    let Some(file) = folder.peek(name)? else {
        return Ok(true);
    };
    let path = folder.path(name);
    if !try_lock(&file, &path)? || !is_left_over(&file) {
        return Ok(false);
    }
    // We have its lock: nobody who goes by that can have put another in its place, the others may.
    if folder.is_named(name, &file)? && folder.remove(name)? {
        tracing::warn!(target: "msal", path = %path.display(), "a lock whose holder is gone was removed");
    }
    Ok(true)
}

/// Whether the process that wrote its number there is gone, where nobody has the kernel's lock on it. One that did not
/// get to write its number is given a minute.
fn is_left_over(file: &File) -> bool {
    let mut text = Vec::new();
    if file.take(MAX_TEXT).read_to_end(&mut text).is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.ends_with(OURS) {
        // We never sign without that lock: whoever has the number by now is somebody else.
        return true;
    }
    let number = text.split(|c: char| !c.is_ascii_digit()).next();
    match number.and_then(|number| number.parse().ok()) {
        Some(process) => !is_running(process),
        None => is_older_than(file, UNSIGNED),
    }
}

fn is_older_than(file: &File, age: Duration) -> bool {
    let modified = file.metadata().and_then(|found| found.modified());
    let elapsed = modified
        .ok()
        .and_then(|then| SystemTime::now().duration_since(then).ok());
    elapsed.is_some_and(|elapsed| elapsed > age)
}

/// What follows the number in a lock of ours.
const OURS: &str = "msal-rust";

const MAX_TEXT: u64 = 4_096;

/// No peer waits longer than that for a lock.
const UNSIGNED: Duration = Duration::from_secs(60);
