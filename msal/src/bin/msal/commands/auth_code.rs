//! `msal auth-code`

use std::path::PathBuf;

use clap::Args;
use msal::{AuthCodeFlow, Error};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::input::{self, SMALL};
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::{Session, token};

/// What the end of a sign-in needs beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// What auth-code-url printed, or its member flow
    #[arg(long, value_name = "FILE")]
    flow: PathBuf,
    #[command(flatten)]
    response: ResponseOptions,
}

/// What came to the redirect URI.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct ResponseOptions {
    /// The query, form body or whole URL that came back; - reads it from standard input
    #[arg(long, value_name = "STRING|-", allow_hyphen_values = true)]
    response: Option<String>,
    /// A file that holds it
    #[arg(long, value_name = "FILE")]
    response_file: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let flow = input::text(&options.flow, "flow", SMALL)?;
    let flow = member(&flow);
    let response = options.response.read()?;
    let session = Session::new(common)?;
    token!(
        session,
        any | app | {
            app.acquire_token_by_auth_code_flow(AuthCodeFlow::from_secret_json(flow)?, &response)
        }
    )
}

impl ResponseOptions {
    fn read(&self) -> Result<String, Error> {
        const WHAT: &str = "authorization response";
        match (&self.response, &self.response_file) {
            (Some(text), _) if text == "-" => input::standard(WHAT, SMALL),
            (Some(text), _) => Ok(text.clone()),
            (None, Some(path)) => input::text(path, WHAT, SMALL),
            (None, None) => Err(input::wrong(WHAT, "it is missing")),
        }
    }
}

/// The flow in the whole output of `auth-code-url`, or the text itself.
fn member(text: &str) -> &str {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        flow: &'a RawValue,
    }

    serde_json::from_str(text).map_or(text, |whole: Whole<'_>| whole.flow.get())
}
