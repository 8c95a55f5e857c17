//! `msal explain`

use clap::Subcommand;
use msal::store::{AccessTokenEntry, Candidate, OwnerRef};
use msal::{Error, Explanation, Freshness};
use serde::Serialize;

use super::{client_credentials, silent};
use crate::application::{check, explain, told};
use crate::kept::Access;
use crate::options::CommonOptions;
use crate::output::Json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Of a token for the application itself
    ClientCredentials(client_credentials::Options),
    /// Of a token for a user who signed in before
    Silent(silent::Options),
}

pub(super) fn run(command: &Command, common: &CommonOptions) -> Result<Json, Error> {
    match command {
        Command::ClientCredentials(options) => app_token(options, common),
        Command::Silent(options) => user_token(options, common),
    }
}

fn app_token(options: &client_credentials::Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = options.session(common, Access::Look)?;
    check!(
        session.application,
        confidential | app | {
            told!(
                options.on(app.acquire_token_for_client(&common.scopes)),
                common
            )
        }
    )?;
    session.open()?;
    let explanation = explain!(
        session.application,
        confidential | app | {
            told!(
                options.on(app.acquire_token_for_client(&common.scopes)),
                common
            )
        }
    )?;
    Json::of(&Answer::of(&explanation, common))
}

fn user_token(options: &silent::Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = options.session(common, Access::Look)?;
    session.open()?;
    let account = match options.account(&session)? {
        Ok(account) => account,
        Err(why) => return Json::of(&Answer::of_nobody(why, common)),
    };
    let explanation = explain!(
        session.application,
        any | app | {
            told!(
                options.on(app.acquire_token_silent(&common.scopes, &account)),
                common
            )
        }
    )?;
    Json::of(&Answer::of(&explanation, common))
}

#[derive(Serialize)]
struct Answer<'a> {
    outcome: &'static str,
    reason: String,
    freshness: &'static str,
    realm: Option<&'a str>,
    token: Option<Token<'a>>,
    candidates: Vec<NotFound<'a>>,
    more_candidates: usize,
    correlation_id: Option<String>,
}

impl<'a> Answer<'a> {
    fn of(explanation: &'a Explanation, common: &CommonOptions) -> Self {
        let all = explanation.candidates();
        let listed = all.iter().take(LISTED);
        Self {
            outcome: match explanation.is_hit() {
                true => "hit",
                false => "miss",
            },
            reason: explanation.to_string(),
            freshness: explanation.freshness().name(),
            realm: Some(explanation.realm()),
            token: explanation
                .token()
                .map(|token| Token::of(token, explanation)),
            candidates: listed.map(|one| NotFound::of(one, explanation)).collect(),
            more_candidates: all.len().saturating_sub(LISTED),
            correlation_id: common.correlation_id.map(|id| id.to_string()),
        }
    }

    /// Where there is no account to look for a token of.
    fn of_nobody(why: &str, common: &CommonOptions) -> Self {
        Self {
            outcome: "miss",
            reason: format!("miss: {why}"),
            freshness: Freshness::Missing.name(),
            realm: None,
            token: None,
            candidates: Vec::new(),
            more_candidates: 0,
            correlation_id: common.correlation_id.map(|id| id.to_string()),
        }
    }
}

/// A token that the look-up did not find, and what of its key is not what was looked for.
#[derive(Serialize)]
struct NotFound<'a> {
    differs: Vec<&'static str>,
    #[serde(flatten)]
    token: Token<'a>,
}

impl<'a> NotFound<'a> {
    fn of(candidate: &'a Candidate, explanation: &Explanation) -> Self {
        Self {
            differs: candidate.differs.iter().map(|part| part.name()).collect(),
            token: Token::of(&candidate.token, explanation),
        }
    }
}

#[derive(Serialize)]
struct Token<'a> {
    owner: &'a str,
    environment: &'a str,
    realm: &'a str,
    client_id: &'a str,
    scopes: Vec<&'a str>,
    cached_at: u64,
    expires_on: u64,
    refresh_on: Option<u64>,
    expired: bool,
}

impl<'a> Token<'a> {
    fn of(token: &'a AccessTokenEntry, explanation: &Explanation) -> Self {
        Self {
            owner: match token.owner() {
                OwnerRef::Account(home_account_id) => home_account_id,
                OwnerRef::App => "app",
                OwnerRef::Assertion(_) => "assertion",
            },
            environment: token.environment(),
            realm: token.realm(),
            client_id: token.client_id(),
            scopes: token.scopes().iter().collect(),
            cached_at: token.cached_at().as_secs(),
            expires_on: token.expires_on().as_secs(),
            refresh_on: token.refresh_on().map(msal::Timestamp::as_secs),
            expired: explanation.has_expired(token),
        }
    }
}

/// What is further off explains nothing.
const LISTED: usize = 10;
