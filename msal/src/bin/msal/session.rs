//! One command's application, and the cache that it works with.

use msal::{Error, TokenCache};

use crate::application::Application;
use crate::cache_file::{self, CacheFile};
use crate::options::CommonOptions;

/// An application whose cache is empty as yet.
pub(crate) struct Session<'a> {
    pub(crate) common: &'a CommonOptions,
    pub(crate) application: Application,
    cache: TokenCache,
}

impl<'a> Session<'a> {
    /// Makes the application and reads no cache file: what is wrong with the call shall come out before.
    pub(crate) fn new(common: &'a CommonOptions) -> Result<Self, Error> {
        Self::in_region(common, None)
    }

    /// The same with a region whose token service is asked.
    pub(crate) fn in_region(
        common: &'a CommonOptions,
        region: Option<&str>,
    ) -> Result<Self, Error> {
        let cache = cache_file::unlimited();
        let application = Application::new(common, region, &cache)?;
        Ok(Self {
            common,
            application,
            cache,
        })
    }

    /// Reads the cache file without touching it, as for an explanation.
    pub(crate) fn look(&self) -> Result<(), Error> {
        cache_file::read_only(self.common, &self.cache)
    }

    /// Runs what needs the cache file, and writes it if that changed anything. A token in hand outranks the file: that
    /// it could not be written is told and no error.
    pub(crate) fn with_cache<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let file = CacheFile::load(self.common, &self.cache)?;
        let outcome = work();
        if let Some(file) = file {
            file.keep(&self.cache);
        }
        outcome
    }

    /// The same for work that is for nothing where the file could not be written.
    pub(crate) fn changing_cache<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(file) = CacheFile::load(self.common, &self.cache)? else {
            return work();
        };
        let outcome = work();
        file.save(&self.cache)?;
        file.tell_of_set_aside();
        outcome
    }
}

/// Gets a token by one call on the session's application, and prints it. What is wrong with the call comes out before
/// the cache file is read.
macro_rules! token {
    ($session:expr, $kind:ident |$app:ident| $call:expr) => {{
        let session: &crate::session::Session<'_> = &$session;
        crate::application::check!(
            session.application,
            $kind | $app | { crate::application::told!($call, session.common) }
        )?;
        let result = session.with_cache(|| {
            crate::application::make!(
                session.application,
                $kind | $app | { crate::application::told!($call, session.common) }
            )
        })?;
        crate::output::Json::token(&result)
    }};
}

pub(crate) use token;
