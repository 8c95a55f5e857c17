//! `msal refresh-token`

use clap::Args;
use msal::{Error, RefreshToken};

use crate::input;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::{Session, token};

/// What the refresh token grant needs beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// The variable that holds the refresh token
    #[arg(long, value_name = "VAR")]
    refresh_token_env: String,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let refresh_token = input::secret(&options.refresh_token_env, "refresh token")?;
    let refresh_token = RefreshToken::new(refresh_token);
    let session = Session::new(common)?;
    token!(
        session,
        any | app | { app.acquire_token_by_refresh_token(refresh_token.clone(), &common.scopes) }
    )
}
