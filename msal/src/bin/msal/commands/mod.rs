//! The commands, each in a file of its own.

mod cache;
mod client_credentials;
mod explain;

use clap::Subcommand;
use msal::Error;

use crate::arguments::CommandLine;
use crate::output::Json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Looks into a cache file
    #[command(
        subcommand,
        arg_required_else_help = false,
        disable_help_subcommand = true
    )]
    Cache(cache::Command),
    /// Gets a token for the application itself
    ClientCredentials(client_credentials::Options),
    /// Says why the look-up in the cache hits or misses; sends nothing
    #[command(
        subcommand,
        arg_required_else_help = false,
        disable_help_subcommand = true
    )]
    Explain(explain::Command),
}

/// Runs the command.
pub(crate) fn run(line: &CommandLine) -> Result<Json, Error> {
    match &line.command {
        Command::Cache(command) => cache::run(command),
        Command::ClientCredentials(options) => client_credentials::run(options, &line.common),
        Command::Explain(command) => explain::run(command, &line.common),
    }
}
