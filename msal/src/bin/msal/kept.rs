//! The cache that the options describe, and what people are told of it.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use msal::cache::CacheEvent;
use msal::cache::file::{FileError, FileStore};
use msal::store::TokenStore;
use msal::{AuthenticationResult, Error, PersistentCache, TokenCache};

use crate::cache_options::{CacheOptions, Place};
use crate::input::wrong;
use crate::output::{description, note};

/// What a command does with its cache.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Looks at it, and touches nothing.
    Look,
    /// Reads and writes it.
    Use,
}

/// A cache in memory, and what keeps it.
pub(crate) struct Kept {
    tokens: Arc<dyn TokenStore>,
    /// None where nothing does.
    cache: Option<PersistentCache>,
    /// Where it is kept, if that is a file.
    file: Option<PathBuf>,
    access: Access,
}

impl Kept {
    /// The cache that the options describe. It is not read yet: what is wrong with the call shall come out before.
    pub(crate) fn new(options: &CacheOptions, access: Access) -> Result<Self, Error> {
        match options.place()? {
            Place::Encrypted(..) | Place::Keyring(_) | Place::Redis(_) => {
                Err(wrong("command line", "not yet"))
            }
            Place::File(path) => {
                // Its JSON is that of the other libraries: whoever names it may share it with them.
                let store = file_store(path, access)?.shared(true);
                let cache = settings(options, path).store(store);
                Ok(Self::in_file(path, cache, access))
            }
            Place::Nowhere => Ok(Self {
                tokens: Arc::new(TokenCache::new()),
                cache: None,
                file: None,
                access,
            }),
        }
    }

    fn in_file(path: &Path, cache: PersistentCache, access: Access) -> Self {
        Self {
            tokens: Arc::new(cache.clone()),
            cache: Some(cache),
            file: Some(path.to_owned()),
            access,
        }
    }

    pub(crate) fn tokens(&self) -> &Arc<dyn TokenStore> {
        &self.tokens
    }

    /// Reads the file, so that what is wrong with it comes out before anything is sent. One that is damaged is set aside,
    /// and one that others may read no longer is; where it only cannot be written, nothing is kept.
    pub(crate) fn load(&self) -> Result<(), Error> {
        let (Some(cache), Some(path)) = (&self.cache, &self.file) else {
            return Ok(());
        };
        let loaded = cache.load();
        if self.access == Access::Use {
            tell_loose(path);
        }
        let Err(error) = loaded else {
            return Ok(());
        };
        match of_file(&error) {
            Some(cause) if is_unreadable(cause, path) => Err(wrong("cache file", causes(cause))),
            Some(FileError::ReadOnly { .. }) | None => Err(error),
            Some(_) => {
                note(&format_args!(
                    "the cache cannot be used, so nothing is kept: {}",
                    description(&error)
                ));
                Ok(())
            }
        }
    }

    /// Tells where else there are tokens, such as damaged files that were moved away: whoever signs out shall know.
    pub(crate) fn tell_leftovers(&self) {
        let Some(cache) = &self.cache else {
            return;
        };
        for place in cache.leftovers().unwrap_or_default() {
            note(&format_args!(
                "`{place}` is a damaged cache that was set aside and may hold tokens: look into it and delete it"
            ));
        }
    }
}

/// A token in hand outranks the cache: that it could not be kept is told and no error.
pub(crate) fn tell_unkept(result: &AuthenticationResult) {
    if let Some(error) = result.persist_error() {
        note(&format_args!(
            "the token is not kept, since the cache could not be written: {}",
            description(error)
        ));
    }
}

fn file_store(path: &Path, access: Access) -> Result<FileStore, Error> {
    let store = FileStore::new(path).map_err(|error| wrong("cache file", causes(&error)))?;
    Ok(store.read_only(access == Access::Look))
}

fn settings(options: &CacheOptions, path: &Path) -> msal::cache::PersistentCacheBuilder {
    let path = path.to_owned();
    PersistentCache::builder()
        .compatibility(options.compatibility())
        // Of a cache that is in use for one call, nothing need be evicted.
        .max_entries(usize::MAX)
        .max_bytes(usize::MAX)
        .on_event(move |event| tell(event, &path))
}

fn tell(event: &CacheEvent, path: &Path) {
    let CacheEvent::SetAside { place, damage, .. } = event else {
        return;
    };
    let path = path.display();
    match place {
        Some(place) => note(&format_args!(
            "`{path}` is damaged and was moved to `{place}`, where the last three such files are kept: {damage}"
        )),
        None => note(&format_args!(
            "`{path}` was damaged, and somebody else moved it away: {damage}"
        )),
    }
}

/// Whether nothing can be done with the file itself, rather than with what is beside it.
fn is_unreadable(error: &FileError, file: &Path) -> bool {
    match error {
        FileError::Refused { .. } | FileError::TooLarge { .. } => true,
        FileError::Io { path, .. } => {
            let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            *path == absolute || Some(path.as_path()) == absolute.parent()
        }
        _ => false,
    }
}

/// What the file said to it, if that is behind the error.
fn of_file(error: &Error) -> Option<&FileError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

fn causes(error: &FileError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Rights of others are taken from them when the file is read. Where that fails, its owner shall know.
#[cfg(unix)]
fn tell_loose(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let Ok(found) = path.symlink_metadata() else {
        return;
    };
    let mode = found.permissions().mode() & 0o777;
    if found.is_file() && mode & 0o077 != 0 {
        note(&format_args!(
            "others have rights on `{}` (mode {mode:o}), which could not be taken from them",
            path.display()
        ));
    }
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
fn tell_loose(_path: &Path) {}
