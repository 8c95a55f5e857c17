use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use msal_core::Error;
use zeroize::Zeroizing;

use super::EncryptionKey;
use super::key::invalid;
use super::key_text;

impl EncryptionKey {
    /// A key as text in a file that is its owner's alone: mode 0600 or 0400, of this user or of root.
    ///
    /// Fails as [`from_text`](Self::from_text) does, and when the file cannot be read, is no regular one, is a symbolic
    /// link, or when others may read or write it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let refused = |why: &str| invalid(format!("the key file `{}` {why}", path.display()));
        let failed = |error: io::Error| refused("cannot be read").with_source(error);
        let file = match open(path) {
            Ok(file) => file,
            Err(error) if is_symlink(path) => return Err(refused(SYMLINK).with_source(error)),
            Err(error) => return Err(failed(error)),
        };
        // Of the open file: its name may be another's by now.
        let found = file.metadata().map_err(failed)?;
        if let Some(why) = unfit(&found) {
            return Err(refused(why));
        }
        let mut text = Zeroizing::new(Vec::with_capacity(CAPACITY));
        file.take(LONGEST + 1)
            .read_to_end(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > LONGEST {
            return Err(refused("is too large to hold a key"));
        }
        let text = str::from_utf8(&text).map_err(|_| refused("is no text"))?;
        key_text::decoded(text)
            .map(Self::from_bytes)
            .map_err(|mistake| refused(&mistake.to_string()))
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};

    // A pipe must not be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    if is_symlink(path) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}

fn is_symlink(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|found| found.is_symlink())
}

/// Why a file is no place for a key.
#[cfg(unix)]
fn unfit(found: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;

    if !found.is_file() {
        return Some(SPECIAL);
    }
    if found.uid() != rustix::process::geteuid().as_raw() && found.uid() != ROOT {
        return Some("belongs to another user");
    }
    if found.mode() & OTHERS != 0 {
        return Some("may be read or written by others: take that right from them (`chmod 600`)");
    }
    None
}

/// Who may read it is left to the rights of its folder.
#[cfg(not(unix))]
fn unfit(found: &Metadata) -> Option<&'static str> {
    (!found.is_file()).then_some(SPECIAL)
}

const SYMLINK: &str = "is a symbolic link, which is not followed: name the file itself";

const SPECIAL: &str = "is no regular file";

#[cfg(unix)]
const ROOT: u32 = 0;

#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Room for white space around the longest spelling.
const LONGEST: u64 = 1_024;

/// One read more, so that no copy is left behind by growing.
const CAPACITY: usize = 2_048;
