//! `msal device-code`

use std::time::Instant;

use msal::Error;

use crate::application::{check, make, told};
use crate::options::CommonOptions;
use crate::output::{Json, show};
use crate::session::Session;

pub(super) fn run(common: &CommonOptions) -> Result<Json, Error> {
    let session = Session::new(common)?;
    let app = &session.application;
    check!(
        *app,
        public | app | told!(app.initiate_device_code_flow(&common.scopes), common)
    )?;
    session.open()?;
    let begun = Instant::now();
    let flow = make!(
        *app,
        public | app | told!(app.initiate_device_code_flow(&common.scopes), common)
    )?;
    show(&flow.prompt());
    let result = make!(
        *app,
        public | app | {
            let call = told!(app.acquire_token_by_device_code(flow), common);
            match common.timeout {
                Some(timeout) => call.timeout(timeout.saturating_sub(begun.elapsed())),
                None => call,
            }
        }
    )?;
    Session::token(&result)
}
