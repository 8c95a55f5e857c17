//! The `msal` command: gets tokens for people who check an app registration, and for scripts.
//!
//! A thin shell over the public API. Standard output holds one JSON value and nothing else, whatever happens.

mod account;
mod application;
mod arguments;
mod cache_options;
mod commands;
mod credential;
mod input;
mod kept;
mod log;
mod options;
mod output;
mod session;
mod sign_in;
mod store;

use std::process::ExitCode;

use crate::arguments::Parsed;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let correlation_id = arguments::correlation_id(&arguments);
    let outcome = match arguments::parse(arguments) {
        Parsed::CommandLine(line) => {
            log::start(line.common.verbose > 0);
            commands::run(&line)
        }
        Parsed::Text(text) => return output::text(&text),
        Parsed::Wrong(error) => Err(error),
    };
    output::finish(outcome.map_err(|error| match correlation_id {
        Some(id) => error.with_correlation_id(id),
        None => error,
    }))
}
