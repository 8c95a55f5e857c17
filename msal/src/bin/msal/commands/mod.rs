//! The commands, each in a file of its own.

mod accounts;
mod auth_code;
mod auth_code_url;
mod cache;
mod client_credentials;
mod device_code;
mod doctor;
mod explain;
mod interactive;
mod managed_identity;
mod on_behalf_of;
mod refresh_token;
mod sign_out;
mod silent;
mod username_password;

use clap::Subcommand;
use msal::Error;

use crate::arguments::CommandLine;
use crate::output::Json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the users that this application can be silent for
    Accounts,
    /// Ends a sign-in in a browser: redeems what came back from it
    AuthCode(auth_code::Options),
    /// Begins a sign-in in a browser: prints the URL to open, and what auth-code goes on with
    AuthCodeUrl(auth_code_url::Options),
    /// Looks into a cache file
    #[command(
        subcommand,
        arg_required_else_help = false,
        disable_help_subcommand = true
    )]
    Cache(cache::Command),
    /// Gets a token for the application itself
    ClientCredentials(client_credentials::Options),
    /// Signs a user in on another device, with a code that is typed there
    DeviceCode,
    /// Looks at what this machine offers: identities, proxy, cache, key store, browser
    Doctor(doctor::Options),
    /// Says why the look-up in the cache hits or misses; sends nothing
    #[command(
        subcommand,
        arg_required_else_help = false,
        disable_help_subcommand = true
    )]
    Explain(explain::Command),
    /// Signs a user in, in their browser
    Interactive(interactive::Options),
    /// Gets a token for an identity that Azure has given this machine
    #[command(subcommand_negates_reqs = true, disable_help_subcommand = true)]
    ManagedIdentity(managed_identity::Options),
    /// Gets a token for the user who called an API, for the API to call another with
    OnBehalfOf(on_behalf_of::Options),
    /// Gets a token by a refresh token that another library kept
    RefreshToken(refresh_token::Options),
    /// Takes a user out of the cache
    SignOut(sign_out::Options),
    /// Gets a token for a user who signed in before
    Silent(silent::Options),
    /// Gets a token by a user's name and password; discouraged
    UsernamePassword(username_password::Options),
}

/// Runs the command.
pub(crate) fn run(line: &CommandLine) -> Result<Json, Error> {
    let common = &line.common;
    match &line.command {
        Command::Accounts => accounts::run(common),
        Command::AuthCode(options) => auth_code::run(options, common),
        Command::AuthCodeUrl(options) => auth_code_url::run(options, common),
        Command::Cache(command) => cache::run(command),
        Command::ClientCredentials(options) => client_credentials::run(options, common),
        Command::DeviceCode => device_code::run(common),
        Command::Doctor(options) => doctor::run(options, common),
        Command::Explain(command) => explain::run(command, common),
        Command::Interactive(options) => interactive::run(options, common),
        Command::ManagedIdentity(options) => managed_identity::run(options, common),
        Command::OnBehalfOf(options) => on_behalf_of::run(options, common),
        Command::RefreshToken(options) => refresh_token::run(options, common),
        Command::SignOut(options) => sign_out::run(options, common),
        Command::Silent(options) => silent::run(options, common),
        Command::UsernamePassword(options) => username_password::run(options, common),
    }
}
