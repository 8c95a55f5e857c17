//! `msal on-behalf-of`

use std::path::PathBuf;

use clap::Args;
use msal::{Error, UserAssertion};

use crate::input::{self, SMALL};
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::{Session, token};

/// What the on-behalf-of grant needs beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// A file that holds the access token that the API was called with
    #[arg(long, value_name = "FILE")]
    user_assertion_file: PathBuf,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let assertion = input::text(&options.user_assertion_file, "user assertion", SMALL)?;
    let assertion = UserAssertion::new(assertion.trim());
    let session = Session::new(common)?;
    token!(
        session,
        confidential | app | { app.acquire_token_on_behalf_of(assertion.clone(), &common.scopes) }
    )
}
