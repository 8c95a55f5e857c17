//! The cache that the options describe, and what people are told of it.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use msal::cache::file::FileError;
use msal::cache::redis::{AsyncRedisStore, RedisStore};
use msal::cache::{CacheEvent, PersistentCacheBuilder};
use msal::store::TokenStore;
use msal::{AuthenticationResult, Error, PersistentCache, TokenCache};

use crate::cache_options::Place;
use crate::input::wrong;
use crate::options::{CommonOptions, TransportChoice};
use crate::output::{description, note};
use crate::store::{self, InKeyring};

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
    pub(crate) fn new(common: &CommonOptions, access: Access) -> Result<Self, Error> {
        let compatibility = common.cache.compatibility();
        let in_file = |path: &Path, store| Self::in_file(path, store, access);
        match common.cache.place()? {
            Place::Encrypted(path, key) => {
                let store = store::encrypted(path, &key, access)?;
                Ok(in_file(path, settings(path).store(store)))
            }
            Place::File(path) => {
                // Its JSON is that of the other libraries: whoever names it may share it with them.
                let store = store::file(path, access)?.shared(true);
                let settings = settings(path).compatibility(compatibility);
                Ok(in_file(path, settings.store(store)))
            }
            Place::Keyring(path) => {
                let store = InKeyring::new(path, access)?;
                Ok(in_file(path, settings(path).store(store)))
            }
            Place::Nowhere => Ok(Self {
                tokens: Arc::new(TokenCache::new()),
                cache: None,
                file: None,
                access,
            }),
            Place::Redis(_) if access == Access::Look => Err(store::far_away()),
            Place::Redis(url) => {
                let options = store::redis(url, common.ca_file.as_deref())?;
                let settings = PersistentCache::builder()
                    .compatibility(compatibility)
                    .on_event(|event| tell(event, None));
                let cache = match common.transport {
                    TransportChoice::Reqwest => {
                        settings.async_store(AsyncRedisStore::new(options)?)
                    }
                    TransportChoice::Ureq => settings.store(RedisStore::new(options)?),
                };
                Ok(Self {
                    tokens: Arc::new(cache.clone()),
                    cache: Some(cache),
                    file: None,
                    access,
                })
            }
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

/// What went wrong with a file, and why.
pub(crate) fn causes(error: &FileError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn settings(path: &Path) -> PersistentCacheBuilder {
    let path = path.to_owned();
    PersistentCache::builder()
        // Of a cache that is in use for one call, nothing need be evicted.
        .max_entries(usize::MAX)
        .max_bytes(usize::MAX)
        .on_event(move |event| tell(event, Some(&path)))
}

fn tell(event: &CacheEvent, file: Option<&Path>) {
    let CacheEvent::SetAside {
        name,
        place,
        damage,
        ..
    } = event
    else {
        return;
    };
    let what = match file {
        Some(path) => path.display().to_string(),
        None => name.clone(),
    };
    match place {
        Some(place) => note(&format_args!(
            "`{what}` is damaged and was moved to `{place}`, where the last three such files are kept: {damage}"
        )),
        None => note(&format_args!(
            "`{what}` was damaged, and somebody else moved it away: {damage}"
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
