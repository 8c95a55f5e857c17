//! `msal sign-out`

use clap::Args;
use msal::Error;
use serde::Serialize;

use crate::account::Selector;
use crate::application::make;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::Session;

/// What signing out can be told beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    #[command(flatten)]
    selector: Selector,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = Session::new(common)?;
    let kept = session.open()?;
    let mut removed = 0;
    for account in options.selector.all(&session.application)? {
        let was_there = make!(
            session.application,
            any | app | app.remove_account(&account)
        )?;
        removed += usize::from(was_there);
    }
    kept.tell_leftovers();
    Json::of(&SignedOut { removed })
}

#[derive(Serialize)]
struct SignedOut {
    removed: usize,
}
