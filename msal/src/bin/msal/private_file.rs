//! A file that holds secrets: only its owner may read it, and it is never half written.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use msal::Error;

use crate::input::wrong;

/// A file and all that is in it.
pub(crate) struct Found {
    pub(crate) file: File,
    pub(crate) bytes: Vec<u8>,
}

/// The file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Found>, Error> {
    let refused = |why: String| wrong("cache file", format!("`{}` {why}", path.display()));
    let unreadable = |error: io::Error| refused(format!("cannot be read: {error}"));
    let named = match fs::symlink_metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if named.is_symlink() {
        return Err(refused(
            "is a symbolic link, which is not followed: name the file itself".into(),
        ));
    }
    if !named.is_file() {
        return Err(refused("is no regular file".into()));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let opened = file.metadata().map_err(unreadable)?;
    if !is_same(&named, &opened) {
        return Err(refused(
            "was replaced while it was opened: try again".into(),
        ));
    }
    let too_large = || refused(format!("is larger than {LARGEST} bytes"));
    if opened.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(opened.len()).unwrap_or_default());
    let mut limited = Read::take(&mut file, LARGEST + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    Ok(Some(Found { file, bytes }))
}

/// Puts new content in the place of the file: whoever reads it meanwhile sees the old or the new, and nothing else.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // Not by the process's number: other machines and containers that share the folder count on their own.
    let name = RandomState::new().build_hasher().finish();
    let temporary = beside(path, &format!(".{name:016x}.tmp"))?;
    let written = create(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // It may never have come to be.
        let _gone = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(path)
}

fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    let mut file = options.open(path)?;
    // The process's mask may have taken rights from the owner too.
    keep_private(&file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Renames the file to a name that is free.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    for attempt in 0..SAME_SECOND {
        let suffix = match attempt {
            0 => format!(".corrupt-{}", now.as_secs()),
            n => format!(".corrupt-{}-{n}", now.as_secs()),
        };
        let aside = beside(path, &suffix)?;
        if fs::symlink_metadata(&aside).is_err() {
            fs::rename(path, &aside)?;
            sync_folder(path)?;
            return Ok(aside);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The files that were set aside before, as far as the folder can be read.
pub(crate) fn set_aside_before(path: &Path) -> Vec<PathBuf> {
    let Ok(prefix) = beside(path, ".corrupt-") else {
        return Vec::new();
    };
    let prefix = prefix.file_name().unwrap_or_default().as_encoded_bytes();
    let entries = folder(path).read_dir().into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix))
        .map(|entry| path.with_file_name(entry.file_name()))
        .collect();
    found.sort();
    found
}

/// A name in the same folder.
fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut name = OsString::from(path.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
    name.push(suffix);
    Ok(path.with_file_name(name))
}

/// Takes from others what rights they have.
#[cfg(unix)]
pub(crate) fn keep_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    match file.metadata()?.permissions().mode() & 0o7777 {
        PRIVATE => Ok(()),
        _ => file.set_permissions(fs::Permissions::from_mode(PRIVATE)),
    }
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
pub(crate) fn keep_private(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_one: &fs::Metadata, other: &fs::Metadata) -> bool {
    other.is_file()
}

fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// Makes a rename last: the folder is what it changed.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
const PRIVATE: u32 = 0o600;
/// What `TokenCache` takes.
const LARGEST: u64 = 256 << 20;
/// How many damaged files one second may bring.
const SAME_SECOND: u32 = 100;
