use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, Refusal};

/// A folder. Untested: it was compiled on Linux only. Who may read what is in it is left to the rights that it hands down, which
/// in a user's profile on Windows means the user.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Option<Self>, FileError> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Some(Self {
                path: path.to_owned(),
            })),
            Ok(_) => Err(FileError::refused(path, Refusal::Special)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::io("opening", path)(error)),
        }
    }

    pub(super) fn untouched(self) -> Self {
        self
    }

    pub(super) fn create(path: &Path) -> Result<Self, FileError> {
        fs::create_dir_all(path).map_err(FileError::io("making", path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    pub(super) fn path(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn read(&self, name: &OsStr) -> Result<Option<(File, Metadata)>, FileError> {
        let Some(file) = self.peek(name)? else {
            return Ok(None);
        };
        let path = self.path(name);
        let found = file
            .metadata()
            .map_err(FileError::io("looking at", &path))?;
        if !found.is_file() {
            return Err(FileError::refused(&path, Refusal::Special));
        }
        Ok(Some((file, found)))
    }

    pub(super) fn open_or_create(&self, name: &OsStr) -> Result<File, FileError> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        options.open(&path).map_err(FileError::io("opening", &path))
    }

    pub(super) fn peek(&self, name: &OsStr) -> Result<Option<File>, FileError> {
        let path = self.path(name);
        let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
        if is_link {
            return Err(FileError::refused(&path, Refusal::Symlink));
        }
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::io("opening", &path)(error)),
        }
    }

    pub(super) fn create_new(&self, name: &OsStr) -> Result<Option<File>, FileError> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        match options.read(true).write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(FileError::io("making", &path)(error)),
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), FileError> {
        let (from, to) = (self.path(from), self.path(to));
        fs::rename(&from, to).map_err(FileError::io("renaming", &from))
    }

    /// Not there: an exclusive lock keeps others from what it is on.
    pub(super) fn link(&self, _from: &OsStr, _to: &OsStr) -> Result<Option<bool>, FileError> {
        Ok(None)
    }

    pub(super) fn remove(&self, name: &OsStr) -> Result<bool, FileError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::io("removing", &path)(error)),
        }
    }

    /// An open file cannot be removed or replaced there.
    pub(super) fn is_named(&self, name: &OsStr, _file: &File) -> Result<bool, FileError> {
        Ok(fs::symlink_metadata(self.path(name)).is_ok())
    }

    pub(super) fn names(&self) -> Result<Vec<OsString>, FileError> {
        let failed = || FileError::io("listing", &self.path);
        let entries = fs::read_dir(&self.path).map_err(failed())?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(failed())?.file_name());
        }
        Ok(names)
    }

    pub(super) fn sync(&self) -> Result<(), FileError> {
        Ok(())
    }
}

/// Cannot be told without unsafe code; a left-over is known by its age alone.
pub(super) fn is_running(_process: u32) -> bool {
    true
}
