//! `msal cache`

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use msal::cache::{Collision, Damage, InspectedEntry, Inspection, inspect, is_encrypted};
use msal::{Error, ErrorKind};
use serde::Serialize;

use crate::input;
use crate::output::Json;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists what a cache file holds, without its secrets
    Inspect {
        /// A file in the JSON that all MSALs share
        file: PathBuf,
    },
    /// Tells whether a cache file can be read whole
    Verify {
        /// A file in the JSON that all MSALs share
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<Json, Error> {
    match command {
        Command::Inspect { file } => Json::of(&Listing::of(&inspect(&read(file)?)?)),
        Command::Verify { file } => {
            let content = read(file)?;
            if content.trim_ascii().is_empty() {
                return Err(broken(
                    "the file is empty: whoever wrote it was stopped at that",
                ));
            }
            let inspection = inspect(&content)?;
            match inspection.report.is_clean() {
                true => Json::of(&Verified::of(&inspection)),
                false => Err(damaged(&inspection)),
            }
        }
    }
}

/// Reads the file without a lock, and touches nothing.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let content = input::file(path, "cache file", LARGEST)?;
    match is_encrypted(&content) {
        true => Err(broken(
            "the file is an encrypted cache: nobody can look into it without its key",
        )),
        false => Ok(content),
    }
}

#[derive(Serialize)]
struct Listing<'a> {
    entries: Vec<Entry<'a>>,
    damaged: usize,
    damage: &'a [Damage],
    collisions: &'a [Collision],
    unknown_sections: &'a [String],
}

impl<'a> Listing<'a> {
    fn of(inspection: &'a Inspection) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let entry = |entry| Entry::of(entry, now.as_secs());
        Self {
            entries: inspection.entries.iter().map(entry).collect(),
            damaged: inspection.report.damaged,
            damage: &inspection.report.damage,
            collisions: &inspection.report.collisions,
            unknown_sections: &inspection.report.unknown_sections,
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    kind: &'static str,
    owner: Option<&'a str>,
    environment: &'a str,
    realm: Option<&'a str>,
    client_id: Option<&'a str>,
    family_id: Option<&'a str>,
    home_account_id: Option<&'a str>,
    username: Option<&'a str>,
    scopes: Option<&'a [String]>,
    token_type: Option<&'a str>,
    cached_at: Option<u64>,
    expires_on: Option<u64>,
    refresh_on: Option<u64>,
    expired: Option<bool>,
}

impl<'a> Entry<'a> {
    fn of(entry: &'a InspectedEntry, now: u64) -> Self {
        let home_account_id = entry.home_account_id.as_deref();
        Self {
            kind: entry.kind.name(),
            // A user by name; `app`, or `assertion` where it is not known whose.
            owner: home_account_id.or(entry.owner),
            environment: &entry.environment,
            realm: entry.realm.as_deref(),
            client_id: entry.client_id.as_deref(),
            family_id: entry.family_id.as_deref(),
            home_account_id,
            username: entry.username.as_deref(),
            scopes: entry.scopes.as_deref(),
            token_type: entry.token_type.as_deref(),
            cached_at: entry.cached_at,
            expires_on: entry.expires_on,
            refresh_on: entry.refresh_on,
            expired: entry.expires_on.map(|time| time <= now),
        }
    }
}

#[derive(Serialize)]
struct Verified<'a> {
    entries: usize,
    damaged: usize,
    unknown_sections: &'a [String],
}

impl<'a> Verified<'a> {
    fn of(inspection: &'a Inspection) -> Self {
        Self {
            entries: inspection.report.entries,
            damaged: 0,
            unknown_sections: &inspection.report.unknown_sections,
        }
    }
}

fn damaged(inspection: &Inspection) -> Error {
    let report = &inspection.report;
    let entries = report.damage.iter().map(|damage| {
        let Damage {
            section,
            key,
            reason,
            ..
        } = damage;
        format!("{section} `{key}`: {reason}")
    });
    let collisions = report.collisions.iter().map(|collision| {
        let Collision { section, key, .. } = collision;
        format!("{section} `{key}`: the key stands for two different entries")
    });
    let listed: Vec<String> = entries.chain(collisions).take(NAMED).collect();
    let all = report.damaged + report.collisions.len();
    let more = match all.saturating_sub(listed.len()) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let what = format!(
        "{all} of the file's entries are damaged: {}{more}",
        listed.join("; ")
    );
    broken(what)
}

fn broken(why: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Cache).because(why)
}

/// What a cache takes.
const LARGEST: u64 = 256 << 20;
/// How many damaged entries an error names.
const NAMED: usize = 20;
