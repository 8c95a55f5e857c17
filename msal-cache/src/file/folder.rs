use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, linkat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{FileError, Refusal};

/// An open folder. Everything in it is reached by its descriptor, so that nobody can put another in its place on the
/// way.
///
/// Tested on Linux; macOS has the same calls, but nobody has tried.
pub(super) struct Folder {
    descriptor: OwnedFd,
    path: PathBuf,
    /// Whether rights that others have on a file are taken from them.
    repairs: bool,
}

impl Folder {
    /// The folder, if it is there and fit for tokens. Links on the way to it are followed.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = match openat(CWD, path, flags, Mode::empty()) {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(FileError::io("opening", path)(error)),
        };
        let file = File::from(descriptor);
        let found = file.metadata().map_err(FileError::io("looking at", path))?;
        if !is_ours(&found) && found.uid() != ROOT {
            return Err(FileError::refused(path, Refusal::Owner));
        }
        let is_open_to_others = found.mode() & WRITABLE_BY_OTHERS != 0;
        if is_open_to_others && found.mode() & STICKY == 0 {
            return Err(FileError::refused(path, Refusal::WritableFolder));
        }
        Ok(Some(Self {
            descriptor: file.into(),
            path: path.to_owned(),
            repairs: true,
        }))
    }

    /// The same, but what is in it is left as it is.
    pub(super) fn untouched(self) -> Self {
        Self {
            repairs: false,
            ..self
        }
    }

    /// The folder, made with mode 0700 (as are those above it) where it is missing.
    pub(super) fn create(path: &Path) -> Result<Self, FileError> {
        if let Some(folder) = Self::open(path)? {
            return Ok(folder);
        }
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(path);
        made.map_err(FileError::io("making", path))?;
        let gone = || FileError::io("opening", path)(io::Error::from(io::ErrorKind::NotFound));
        Self::open(path)?.ok_or_else(gone)
    }

    pub(super) fn path(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// A file of ours, to be read, if it is there. Rights that others have are taken from them.
    pub(super) fn read(&self, name: &OsStr) -> Result<Option<(File, Metadata)>, FileError> {
        // A pipe must not be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        // Whoever replaces a file takes its name from the old one, which may be ours by then.
        for _ in 0..REPLACED {
            let file = match openat(&self.descriptor, name, flags, Mode::empty()) {
                Ok(descriptor) => File::from(descriptor),
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(self.unopened(name, error)),
            };
            let found = self.inspected(name, &file)?;
            if found.nlink() > 0 {
                return Ok(Some((file, found)));
            }
        }
        let busy = io::Error::from(io::ErrorKind::Interrupted);
        Err(FileError::io("opening", &self.path(name))(busy))
    }

    /// A file of ours to be locked, made where it is missing.
    pub(super) fn open_or_create(&self, name: &OsStr) -> Result<File, FileError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = openat(&self.descriptor, name, flags | OFlags::CLOEXEC, PRIVATE);
        let file = File::from(opened.map_err(|error| self.unopened(name, error))?);
        self.inspected(name, &file)?;
        Ok(file)
    }

    /// A file of anybody's to be looked at, if it is there.
    pub(super) fn peek(&self, name: &OsStr) -> Result<Option<File>, FileError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(descriptor) => Ok(Some(File::from(descriptor))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.unopened(name, error)),
        }
    }

    /// A file that was not there before, for its owner alone. None where one was.
    pub(super) fn create_new(&self, name: &OsStr) -> Result<Option<File>, FileError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        match openat(&self.descriptor, name, flags | OFlags::CLOEXEC, PRIVATE) {
            Ok(descriptor) => {
                let file = File::from(descriptor);
                // The process's mask may have taken rights from the owner too.
                let private = file
                    .metadata()
                    .and_then(|found| make_private(&file, &found));
                if let Err(error) = private {
                    self.remove(name)?;
                    return Err(FileError::io("making private", &self.path(name))(error));
                }
                Ok(Some(file))
            }
            Err(Errno::EXIST) => Ok(None),
            Err(error) => Err(FileError::io("making", &self.path(name))(error)),
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), FileError> {
        let renamed = renameat(&self.descriptor, from, &self.descriptor, to);
        renamed.map_err(FileError::io("renaming", &self.path(from)))
    }

    /// Gives a file a second name, unless that is taken: whether it got it. None where the file system cannot do that.
    pub(super) fn link(&self, from: &OsStr, to: &OsStr) -> Result<Option<bool>, FileError> {
        let folder = &self.descriptor;
        match linkat(folder, from, folder, to, AtFlags::empty()) {
            Ok(()) => Ok(Some(true)),
            Err(Errno::EXIST) => Ok(Some(false)),
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => Ok(None),
            Err(error) => Err(FileError::io("linking", &self.path(from))(error)),
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&self, name: &OsStr) -> Result<bool, FileError> {
        match unlinkat(&self.descriptor, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(FileError::io("removing", &self.path(name))(error)),
        }
    }

    /// Whether an open file still has this name.
    pub(super) fn is_named(&self, name: &OsStr, file: &File) -> Result<bool, FileError> {
        let path = self.path(name);
        let ours = file
            .metadata()
            .map_err(FileError::io("looking at", &path))?;
        match statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            #[allow(clippy::unnecessary_cast, reason = "their types differ by platform")]
            Ok(named) => Ok((named.st_dev as u64, named.st_ino as u64) == (ours.dev(), ours.ino())),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(FileError::io("looking at", &path)(error)),
        }
    }

    /// The names of all that is in it.
    pub(super) fn names(&self) -> Result<Vec<OsString>, FileError> {
        let failed = || FileError::io("listing", &self.path);
        let entries = Dir::read_from(&self.descriptor).map_err(failed())?;
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed())?.file_name().to_bytes().to_vec();
            names.push(OsString::from_vec(name));
        }
        Ok(names)
    }

    /// Makes what was renamed and removed last.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        let synced = rustix::fs::fsync(&self.descriptor);
        synced.map_err(FileError::io("syncing", &self.path))
    }

    /// What an open file is, where it is fit for tokens.
    fn inspected(&self, name: &OsStr, file: &File) -> Result<Metadata, FileError> {
        let path = self.path(name);
        let found = file
            .metadata()
            .map_err(FileError::io("looking at", &path))?;
        let refusal = if !found.is_file() {
            Some(Refusal::Special)
        } else if !is_ours(&found) {
            Some(Refusal::Owner)
        } else if found.nlink() > 1 {
            Some(Refusal::HardLink)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Err(FileError::refused(&path, refusal));
        }
        if found.mode() & NOT_PRIVATE == 0 {
            return Ok(found);
        }
        if !self.repairs {
            tracing::debug!(target: "msal", path = %path.display(), "others have rights on this token cache");
            return Ok(found);
        }
        match make_private(file, &found) {
            Ok(()) => tracing::warn!(
                target: "msal",
                path = %path.display(),
                mode = format_args!("{:o}", found.mode() & MODE),
                "others had rights on the token cache, which were taken from them"
            ),
            Err(error) => tracing::warn!(
                target: "msal",
                path = %path.display(),
                %error,
                "others have rights on the token cache, and keep them"
            ),
        }
        file.metadata().map_err(FileError::io("looking at", &path))
    }

    fn unopened(&self, name: &OsStr, error: Errno) -> FileError {
        let path = self.path(name);
        match error {
            // `EMLINK` is the word of FreeBSD for it.
            Errno::LOOP | Errno::MLINK => FileError::refused(&path, Refusal::Symlink),
            // A folder that was to be written, and a socket.
            Errno::ISDIR | Errno::NXIO => FileError::refused(&path, Refusal::Special),
            error => FileError::io("opening", &path)(error),
        }
    }
}

fn is_ours(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw()
}

fn make_private(file: &File, found: &Metadata) -> io::Result<()> {
    match found.mode() & MODE {
        0o600 => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(0o600)),
    }
}

/// Whether a process runs, as far as can be told.
pub(super) fn is_running(process: u32) -> bool {
    let Ok(number) = i32::try_from(process) else {
        return false;
    };
    let Some(process) = rustix::process::Pid::from_raw(number) else {
        return false;
    };
    rustix::process::test_kill_process(process) != Err(Errno::SRCH)
}

const PRIVATE: Mode = Mode::from_raw_mode(0o600);

const ROOT: u32 = 0;

const MODE: u32 = 0o7777;

/// All but the owner's right to read and write.
const NOT_PRIVATE: u32 = 0o7177;

const WRITABLE_BY_OTHERS: u32 = 0o022;

const STICKY: u32 = 0o1000;

/// How often a file may be replaced while it is being opened.
const REPLACED: u32 = 100;
