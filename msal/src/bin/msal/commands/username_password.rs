//! `msal username-password`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use msal::{Error, Password};

use crate::input;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::{Session, token};

/// What the password grant needs beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// What the user signs in with
    #[arg(long, value_name = "U", value_parser = NonEmptyStringValueParser::new())]
    username: String,
    /// The variable that holds the password
    #[arg(long, value_name = "VAR")]
    password_env: String,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let password = Password::new(input::secret(&options.password_env, "password")?);
    let session = Session::new(common)?;
    token!(
        session,
        any | app | {
            let username = options.username.as_str();
            app.acquire_token_by_username_password(username, password.clone(), &common.scopes)
        }
    )
}
