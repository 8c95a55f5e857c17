//! `msal auth-code-url`

use clap::Args;
use msal::{AuthCodeFlow, Error, ErrorKind};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::application::{make, told};
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::Session;
use crate::sign_in::{SignInOptions, hinted};

/// What the URL of a sign-in can be told beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// Where the browser comes back to, as registered
    #[arg(long, value_name = "U")]
    redirect_uri: String,
    #[command(flatten)]
    sign_in: SignInOptions,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = Session::new(common)?;
    let flow = make!(
        session.application,
        any | app | {
            let call = app.initiate_auth_code_flow(&common.scopes, &options.redirect_uri);
            told!(hinted!(call, &options.sign_in), common)
        }
    )?;
    Begun::print(flow)
}

/// What `msal auth-code` goes on with.
#[derive(Serialize)]
struct Begun<'a> {
    auth_uri: &'a str,
    flow: &'a RawValue,
}

impl Begun<'_> {
    fn print(flow: AuthCodeFlow) -> Result<Json, Error> {
        let auth_uri = flow.auth_uri().to_string();
        let json = flow.into_secret_json();
        let flow = serde_json::from_str(&json)
            .map_err(|error| Error::new(ErrorKind::Internal("auth code")).with_source(error))?;
        Json::of(&Begun {
            auth_uri: &auth_uri,
            flow,
        })
    }
}
