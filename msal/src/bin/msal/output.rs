//! What the command prints: one JSON value on standard output, and for people a line on standard error.

use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use msal::{Account, AuthenticationResult, CorrelationId, Error, ErrorKind, IdTokenClaims};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a command answers: a JSON value.
pub(crate) struct Json(Vec<u8>);

impl Json {
    /// Writes `value`, over several lines where people read it.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Error> {
        let json = match io::stdout().is_terminal() {
            true => serde_json::to_vec_pretty(value),
            false => serde_json::to_vec(value),
        };
        let mut json =
            json.map_err(|error| Error::new(ErrorKind::Internal("output")).with_source(error))?;
        json.push(b'\n');
        Ok(Self(json))
    }

    /// A token and what is known of it.
    pub(crate) fn token(result: &AuthenticationResult) -> Result<Self, Error> {
        Self::of(&Token {
            access_token: result.access_token().expose(),
            token_type: result.token_type(),
            expires_on: result.expires_on().as_secs(),
            refresh_on: result.refresh_on().map(msal::Timestamp::as_secs),
            scopes: result.scopes().iter().collect(),
            token_source: result.token_source().name(),
            account: result.account().map(AccountMembers::of),
            id_token_claims: result.id_token_claims().map(IdTokenClaims::as_map),
            correlation_id: result.correlation_id().to_string(),
        })
    }

    /// A list of accounts.
    pub(crate) fn accounts(accounts: &[Account]) -> Result<Self, Error> {
        let accounts: Vec<AccountMembers> = accounts.iter().map(AccountMembers::of).collect();
        Self::of(&accounts)
    }
}

/// Prints how the command ended.
pub(crate) fn finish(outcome: Result<Json, Error>) -> ExitCode {
    let (json, status) = match outcome {
        Ok(json) => (Ok(json), DONE),
        Err(error) => {
            note(&description(&error));
            (Json::of(&Failure::of(&error)), status_of(&error))
        }
    };
    match json {
        Ok(Json(bytes)) => print(&bytes, status),
        // Nothing that is printed here can fail to be JSON.
        Err(_) => ExitCode::from(FAILED),
    }
}

/// Prints help.
pub(crate) fn text(text: &str) -> ExitCode {
    print(text.as_bytes(), DONE)
}

/// Shows the user what to do: nothing comes before it, so that it can be copied whole.
pub(crate) fn show(text: &dyn Display) {
    let _unread = writeln!(io::stderr(), "{text}");
}

/// Tells people something. There may be nobody to read it.
pub(crate) fn note(text: &dyn Display) {
    let _unread = writeln!(io::stderr(), "msal: {text}");
}

/// Output that nobody got is a failure, but no reason for noise: whoever closed the pipe knows.
fn print(bytes: &[u8], status: u8) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(bytes).and_then(|()| stdout.flush());
    match printed {
        Ok(()) => ExitCode::from(status),
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                note(&format_args!("the output could not be written: {error}"));
            }
            ExitCode::from(status.max(FAILED))
        }
    }
}

fn status_of(error: &Error) -> u8 {
    match error.kind() {
        _ if error.needs_interaction() => INTERACTION,
        ErrorKind::InvalidArgument(_) => USAGE,
        _ => FAILED,
    }
}

/// The error with its causes.
pub(crate) fn description(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        // An error may have taken over the words of its cause.
        if !text.ends_with(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        cause = error.source();
    }
    text
}

#[derive(Serialize)]
struct Token<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_on: u64,
    refresh_on: Option<u64>,
    scopes: Vec<&'a str>,
    token_source: &'static str,
    // An app token has neither.
    account: Option<AccountMembers>,
    id_token_claims: Option<&'a Map<String, Value>>,
    correlation_id: String,
}

#[derive(Serialize)]
struct AccountMembers {
    home_account_id: String,
    username: String,
    environment: String,
    tenant_id: String,
    tenant_profiles: Vec<ProfileMembers>,
}

impl AccountMembers {
    fn of(account: &Account) -> Self {
        let profiles = account.tenant_profiles();
        let profiles = profiles.iter().map(|profile| ProfileMembers {
            tenant_id: profile.tenant_id().to_owned(),
            username: profile.username().to_owned(),
            local_account_id: profile.local_account_id().to_owned(),
        });
        Self {
            home_account_id: account.home_account_id().to_owned(),
            username: account.username().to_owned(),
            environment: account.environment().to_owned(),
            tenant_id: account.tenant_id().to_owned(),
            tenant_profiles: profiles.collect(),
        }
    }
}

#[derive(Serialize)]
struct ProfileMembers {
    tenant_id: String,
    username: String,
    local_account_id: String,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: ErrorMembers<'a>,
}

#[derive(Serialize)]
struct ErrorMembers<'a> {
    kind: &'static str,
    code: Option<&'a str>,
    description: String,
    suberror: Option<&'a str>,
    claims: Option<&'a str>,
    aadsts: &'a [u32],
    correlation_id: Option<String>,
    retry_after: Option<u64>,
    needs_interaction: bool,
}

impl<'a> Failure<'a> {
    fn of(error: &'a Error) -> Self {
        let server = error.server();
        // Rounded up: who waits for less is refused again.
        let retry_after = error
            .retry_after()
            .map(|pause| pause.as_secs() + u64::from(pause.subsec_nanos() > 0));
        Self {
            error: ErrorMembers {
                kind: error.kind().name(),
                code: error.code(),
                description: description(error),
                suberror: server.and_then(msal::ServerError::suberror),
                claims: error.claims(),
                aadsts: error.aadsts_codes(),
                correlation_id: error
                    .correlation_id()
                    .map(|id: CorrelationId| id.to_string()),
                retry_after,
                needs_interaction: error.needs_interaction(),
            },
        }
    }
}

const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const INTERACTION: u8 = 3;
