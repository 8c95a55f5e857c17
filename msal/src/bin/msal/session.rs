//! One command's application, and the cache that it works with.

use msal::{AuthenticationResult, Error};

use crate::application::Application;
use crate::kept::{self, Access, Kept};
use crate::options::CommonOptions;
use crate::output::Json;

/// An application whose cache is empty as yet.
pub(crate) struct Session<'a> {
    pub(crate) common: &'a CommonOptions,
    pub(crate) application: Application,
    kept: Kept,
}

impl<'a> Session<'a> {
    /// Makes the application and reads no cache: what is wrong with the call shall come out before.
    pub(crate) fn new(common: &'a CommonOptions) -> Result<Self, Error> {
        Self::with(common, None, Access::Use)
    }

    /// The same with a region whose token service is asked, and for a call that is perhaps only to be explained.
    pub(crate) fn with(
        common: &'a CommonOptions,
        region: Option<&str>,
        access: Access,
    ) -> Result<Self, Error> {
        let kept = Kept::new(common, access)?;
        let application = Application::new(common, region, kept.tokens())?;
        Ok(Self {
            common,
            application,
            kept,
        })
    }

    /// Reads the cache, so that what is wrong with it comes out before anything is sent.
    pub(crate) fn open(&self) -> Result<&Kept, Error> {
        self.kept.load()?;
        Ok(&self.kept)
    }

    /// Prints a token.
    pub(crate) fn token(result: &AuthenticationResult) -> Result<Json, Error> {
        kept::tell_unkept(result);
        Json::token(result)
    }
}

/// Gets a token by one call on the session's application, and prints it. What is wrong with the call comes out before
/// the cache is read.
macro_rules! token {
    ($session:expr, $kind:ident |$app:ident| $call:expr) => {{
        let session: &crate::session::Session<'_> = &$session;
        crate::application::check!(
            session.application,
            $kind | $app | { crate::application::told!($call, session.common) }
        )?;
        session.open()?;
        let result = crate::application::make!(
            session.application,
            $kind | $app | { crate::application::told!($call, session.common) }
        )?;
        crate::session::Session::token(&result)
    }};
}

pub(crate) use token;
