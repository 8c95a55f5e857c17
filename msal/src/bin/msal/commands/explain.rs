//! `msal explain`

use clap::Subcommand;
use msal::store::{AccessTokenEntry, Candidate, OwnerRef};
use msal::{Error, Explanation};
use serde::Serialize;

use super::client_credentials;
use crate::application::Confidential;
use crate::cache_file;
use crate::options::CommonOptions;
use crate::output::Json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Of a token for the application itself
    ClientCredentials(client_credentials::Options),
}

pub(super) fn run(command: &Command, common: &CommonOptions) -> Result<Json, Error> {
    match command {
        Command::ClientCredentials(options) => {
            let cache = cache_file::unlimited();
            let app = Confidential::new(common, options.region(), &cache)?;
            let call = options.call(common);
            app.explain(&call)?;
            cache_file::read_only(common, &cache)?;
            Json::of(&Answer::of(&app.explain(&call)?, common))
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    outcome: &'static str,
    reason: String,
    freshness: &'static str,
    realm: &'a str,
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
            realm: explanation.realm(),
            token: explanation
                .token()
                .map(|token| Token::of(token, explanation)),
            candidates: listed.map(|one| NotFound::of(one, explanation)).collect(),
            more_candidates: all.len().saturating_sub(LISTED),
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
