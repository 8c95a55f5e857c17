use msal_core::store::{Entity, OwnerRef};
use msal_core::{Error, Scopes, Timestamp};
use serde::Serialize;

use super::read::read;
use super::{Kind, Report};

/// What a cache file holds, without any of its secrets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The entries that could be read, in the order of the file.
    pub entries: Vec<InspectedEntry>,
    /// What else there is, and what is wrong.
    pub report: Report,
}

/// One entry of a cache file. Absent is what the entry does not have, or its kind never has.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct InspectedEntry {
    /// What it is.
    pub kind: Kind,
    /// For whom a token was issued: `account`, `app` or `assertion`.
    pub owner: Option<&'static str>,
    /// The user, by home account id.
    pub home_account_id: Option<String>,
    /// What the user signs in with.
    pub username: Option<String>,
    /// The host of the authority.
    pub environment: String,
    /// The tenant.
    pub realm: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The family of clients.
    pub family_id: Option<String>,
    /// The granted scopes.
    pub scopes: Option<Vec<String>>,
    /// The type of an access token.
    pub token_type: Option<String>,
    /// When it was issued, or last written, in seconds since the epoch.
    pub cached_at: Option<u64>,
    /// When it stops working.
    pub expires_on: Option<u64>,
    /// From when it should be renewed.
    pub refresh_on: Option<u64>,
}

/// Lists what is in a cache file. Fails where [`merge`](crate::TokenCache::merge) would.
///
/// ```
/// let file = br#"{"Account": {"damaged": {}}}"#;
/// let inspection = msal_cache::inspect(file)?;
/// assert_eq!(inspection.report.damage[0].reason, "`environment` is missing");
/// # Ok::<(), msal_core::Error>(())
/// ```
pub fn inspect(file: &[u8]) -> Result<Inspection, Error> {
    let parsed = read(file, usize::MAX)?;
    Ok(Inspection {
        entries: parsed.entities.iter().filter_map(inspected).collect(),
        report: parsed.report,
    })
}

fn inspected(entity: &Entity) -> Option<InspectedEntry> {
    let own = |text: &std::sync::Arc<str>| Some(text.to_string());
    let blank = |kind, environment: &str| InspectedEntry {
        kind,
        owner: None,
        home_account_id: None,
        username: None,
        environment: environment.to_owned(),
        realm: None,
        client_id: None,
        family_id: None,
        scopes: None,
        token_type: None,
        cached_at: None,
        expires_on: None,
        refresh_on: None,
    };
    Some(match entity {
        Entity::AccessToken(token) => InspectedEntry {
            owner: Some(match token.owner() {
                OwnerRef::Account(_) => "account",
                OwnerRef::App => "app",
                OwnerRef::Assertion(_) => "assertion",
            }),
            home_account_id: token.home_account_id().and_then(own),
            realm: own(token.realm()),
            client_id: own(token.client_id()),
            scopes: Some(listed(token.scopes())),
            token_type: Some(match token.binding() {
                Some(binding) => binding.token_type.to_owned(),
                None => "Bearer".to_owned(),
            }),
            cached_at: known(token.cached_at()),
            expires_on: Some(token.expires_on().as_secs()),
            refresh_on: token.refresh_on().and_then(known),
            ..blank(Kind::AccessToken, token.environment())
        },
        Entity::RefreshToken(token) => InspectedEntry {
            home_account_id: own(&token.home_account_id).filter(|id| !id.is_empty()),
            client_id: own(&token.client_id),
            family_id: token.family_id.as_ref().and_then(own),
            cached_at: known(token.last_modified),
            ..blank(Kind::RefreshToken, &token.environment)
        },
        Entity::IdToken(token) => InspectedEntry {
            home_account_id: own(&token.home_account_id).filter(|id| !id.is_empty()),
            realm: own(&token.realm),
            client_id: own(&token.client_id),
            ..blank(Kind::IdToken, &token.environment)
        },
        Entity::Account(account) => InspectedEntry {
            home_account_id: own(&account.home_account_id),
            username: own(&account.username),
            realm: own(&account.realm),
            ..blank(Kind::Account, &account.environment)
        },
        Entity::AppMetadata(app) => InspectedEntry {
            client_id: own(&app.client_id),
            family_id: app.family_id.as_ref().and_then(own),
            ..blank(Kind::AppMetadata, &app.environment)
        },
        _ => return None,
    })
}

fn listed(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(str::to_owned).collect()
}

fn known(time: Timestamp) -> Option<u64> {
    Some(time.as_secs()).filter(|seconds| *seconds != 0)
}
