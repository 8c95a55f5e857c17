//! `msal interactive`

use std::ffi::OsString;
use std::io;

use clap::Args;
use clap::builder::OsStringValueParser;
use msal::Error;
use msal::interactive::{Browser, OpenWith, SystemBrowser};
use url::Url;

use crate::options::CommonOptions;
use crate::output::{Json, note, show};
use crate::session::{Session, token};
use crate::sign_in::{SignInOptions, hinted};

/// What an interactive sign-in can be told beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// The port of the redirect URI http://localhost:PORT; any free one unless given
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// The program that opens the URL, its one argument, in place of the default browser
    #[arg(long, value_name = "PROGRAM", value_parser = OsStringValueParser::new())]
    open_with: Option<OsString>,
    #[command(flatten)]
    sign_in: SignInOptions,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = Session::new(common)?;
    token!(
        session,
        public | app | {
            let call = app
                .acquire_token_interactive(&common.scopes)
                .port(options.port)
                .browser(options.browser())
                .on_url(|url| {
                    show(&format_args!(
                        "To sign in, open this address in a browser: {url}"
                    ))
                });
            hinted!(call, &options.sign_in)
        }
    )
}

impl Options {
    /// Says so when none opens: the user has the URL.
    fn browser(&self) -> impl Browser + use<> {
        let program = self.open_with.as_ref().map(OpenWith::new);
        move |url: &Url| -> io::Result<()> {
            let opened = match &program {
                Some(program) => program.open(url),
                None => SystemBrowser::new().open(url),
            };
            if let Err(error) = &opened {
                note(&format_args!("no browser was opened: {error}"));
            }
            opened
        }
    }
}
