//! The file that `--cache` names: read whole before the call, and written whole after one that changed something.

use std::io;
use std::path::PathBuf;

use msal::{Compatibility, Error, ErrorKind, TokenCache};

use crate::options::CommonOptions;
use crate::output::note;
use crate::private_file::{self, keep_private, read};

/// A cache file, and what of it the cache in memory has.
pub(crate) struct CacheFile {
    path: PathBuf,
    compatibility: Compatibility,
    /// The revision of the cache that the file holds. None where the file must be left as it is.
    written: Option<u64>,
}

/// A cache that may be larger than any limit on what is kept in memory alone: the file would lose what it evicts.
pub(crate) fn unlimited() -> TokenCache {
    TokenCache::builder()
        .max_entries(usize::MAX)
        .max_bytes(usize::MAX)
        .build()
}

/// Reads the file into the cache without touching it, as for an explanation.
pub(crate) fn read_only(common: &CommonOptions, cache: &TokenCache) -> Result<(), Error> {
    let Some(path) = &common.cache else {
        return Ok(());
    };
    match read(path)? {
        Some(found) => cache.merge(&found.bytes).map(drop),
        None => Ok(()),
    }
}

impl CacheFile {
    /// Reads the file into the cache. One that is damaged is set aside, and one that others may read no longer is.
    pub(crate) fn load(common: &CommonOptions, cache: &TokenCache) -> Result<Option<Self>, Error> {
        let Some(path) = &common.cache else {
            return Ok(None);
        };
        let mut file = Self {
            path: path.clone(),
            compatibility: common.cache_compatible.into(),
            written: Some(cache.revision()),
        };
        let Some(found) = read(path)? else {
            return Ok(Some(file));
        };
        if let Err(error) = keep_private(&found.file) {
            note(&format_args!(
                "others can read `{}`: {error}",
                path.display()
            ));
        }
        file.written = match cache.merge(&found.bytes) {
            Ok(report) => {
                tracing::debug!(target: "msal", entries = report.entries, damaged = report.damaged, "cache file read");
                Some(cache.revision())
            }
            Err(damage) => file.set_aside(&damage).then_some(cache.revision()),
        };
        Ok(Some(file))
    }

    /// Writes the cache if it has changed. A token in hand outranks the file: what goes wrong is told and no error.
    pub(crate) fn keep(&self, cache: &TokenCache) {
        if let Err(error) = self.write(cache) {
            note(&format_args!("the token is not kept: {error}"));
        }
    }

    /// Writes the cache if it has changed.
    pub(crate) fn save(&self, cache: &TokenCache) -> Result<(), Error> {
        self.write(cache)
            .map_err(|error| Error::new(ErrorKind::Cache).because(error.to_string()))
    }

    /// Tells where damaged files were moved: they hold tokens too.
    pub(crate) fn tell_of_set_aside(&self) {
        for path in private_file::set_aside_before(&self.path) {
            note(&format_args!(
                "`{}` is a damaged cache that was set aside and may hold tokens: look into it and delete it",
                path.display()
            ));
        }
    }

    fn write(&self, cache: &TokenCache) -> io::Result<()> {
        if self
            .written
            .is_none_or(|written| written == cache.revision())
        {
            return Ok(());
        }
        cache
            .serialize(self.compatibility)
            .map_err(io::Error::other)
            .and_then(|json| private_file::replace(&self.path, &json))
            .map_err(|error| {
                let why = format!("`{}` could not be written: {error}", self.path.display());
                io::Error::new(error.kind(), why)
            })?;
        tracing::debug!(target: "msal", "cache file written");
        Ok(())
    }

    /// Moves a damaged file out of the way, since it holds tokens that somebody may want back. False where it stays.
    fn set_aside(&self, damage: &Error) -> bool {
        let path = self.path.display();
        match private_file::set_aside(&self.path) {
            Ok(aside) => {
                note(&format_args!(
                    "`{path}` is damaged and was moved to `{}`: {damage}",
                    aside.display()
                ));
                true
            }
            Err(error) => {
                note(&format_args!(
                    "`{path}` is damaged and could not be moved away, so nothing is kept: {damage}: {error}"
                ));
                false
            }
        }
    }
}
