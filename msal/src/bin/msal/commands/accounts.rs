//! `msal accounts`

use msal::Error;

use crate::application::make;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::Session;

pub(super) fn run(common: &CommonOptions) -> Result<Json, Error> {
    let session = Session::new(common)?;
    session.open()?;
    let accounts = make!(session.application, any | app | app.accounts())?;
    Json::accounts(&accounts)
}
