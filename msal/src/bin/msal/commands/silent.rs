//! `msal silent`

use clap::Args;
use msal::request::Silent;
use msal::{Account, Call, Error, ErrorKind};

use crate::account::Selector;
use crate::application::{check, make, told};
use crate::kept::Access;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::Session;

/// What a call in silence can be told beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    #[command(flatten)]
    selector: Selector,
    /// Goes past the cached access token
    #[arg(long)]
    force_refresh: bool,
    /// Asks nothing but the cache
    #[arg(long)]
    cache_only: bool,
}

impl Options {
    /// Makes the application, and finds what is wrong with the call whomever it is for.
    pub(super) fn session<'a>(
        &self,
        common: &'a CommonOptions,
        access: Access,
    ) -> Result<Session<'a>, Error> {
        let session = Session::with(common, None, access)?;
        // The account is in the cache, which is not read yet; the rest is checked as that of another call.
        check!(
            session.application,
            any | app | {
                told!(
                    app.acquire_token_by_refresh_token("none", &common.scopes),
                    common
                )
            }
        )?;
        Ok(session)
    }

    /// The account that the call is for, or why there is none.
    pub(super) fn account(
        &self,
        session: &Session<'_>,
    ) -> Result<Result<Account, &'static str>, Error> {
        let account = self.selector.one(&session.application)?;
        Ok(account.ok_or_else(|| self.selector.nobody()))
    }

    pub(super) fn on<'a, A, S>(
        &self,
        mut call: Call<'a, A, Silent<'a, S>>,
    ) -> Call<'a, A, Silent<'a, S>> {
        if self.force_refresh {
            call = call.force_refresh();
        }
        if self.cache_only {
            call = call.cache_only();
        }
        call
    }
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = options.session(common, Access::Use)?;
    session.open()?;
    let account = options.account(&session)?;
    let account = account.map_err(|why| Error::new(ErrorKind::InteractionRequired).because(why))?;
    let result = make!(
        session.application,
        any | app | {
            told!(
                options.on(app.acquire_token_silent(&common.scopes, &account)),
                common
            )
        }
    )?;
    Session::token(&result)
}
