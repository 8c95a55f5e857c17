//! A whole cache read and written, beside structs of texts that serde_json reads and writes; and as one of its callers
//! has it.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;

use msal::store::TokenStore as _;
use msal::{Compatibility, TokenCache};
use serde::{Deserialize, Serialize};

use crate::support::race::{Race, repeated};
use crate::support::report::{note, row, time};
use crate::support::signed_in::signed_in;
use crate::support::unlimited;

/// What the schema is to whoever knows nothing but its texts.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Bare {
    access_token: BTreeMap<String, Token>,
    refresh_token: BTreeMap<String, Token>,
    id_token: BTreeMap<String, Token>,
    account: BTreeMap<String, Account>,
    app_metadata: BTreeMap<String, Account>,
}

#[derive(Deserialize, Serialize)]
struct Token {
    home_account_id: String,
    environment: String,
    credential_type: String,
    client_id: String,
    secret: String,
    realm: Option<String>,
    target: Option<String>,
    cached_at: Option<String>,
    expires_on: Option<String>,
    extended_expires_on: Option<String>,
    token_type: Option<String>,
    family_id: Option<String>,
    last_modification_time: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Account {
    home_account_id: Option<String>,
    environment: String,
    realm: Option<String>,
    local_account_id: Option<String>,
    username: Option<String>,
    authority_type: Option<String>,
    name: Option<String>,
    client_info: Option<String>,
    account_source: Option<String>,
    #[serde(rename = "tenantProfiles")]
    tenant_profiles: Option<Vec<String>>,
}

/// Ten thousand accounts.
pub(crate) fn read() -> Result<(), Box<dyn Error>> {
    let (_, file, size) = filled()?;
    let mut read = repeated(|| {
        let cache = unlimited();
        let report = cache.replace(black_box(&file));
        assert!(report.is_ok_and(|report| report.is_clean()));
        black_box(&cache);
        // To forget the tokens is no part of reading them.
        std::mem::forget(cache);
    });
    let mut read_bare = repeated(|| {
        let bare: Result<Bare, _> = serde_json::from_slice(black_box(&file));
        std::mem::forget(black_box(bare.expect("the cache's own schema")));
    });
    let race = Race::run(ROUNDS, 1, [&mut read_bare, &mut read]);
    note(&format!("bare structs read, {size}"), &time(race.time(0)));
    told(&format!("read {size}"), &race, 1.5, 100.0);
    Ok(())
}

/// The same.
pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let (cache, file, size) = filled()?;
    let bare: Bare = serde_json::from_slice(&file)?;
    let mut write = repeated(|| {
        let file = cache.serialize(Compatibility::Standard);
        black_box(file.expect("it can be written"));
    });
    let mut write_bare = repeated(|| {
        let file = serde_json::to_vec(black_box(&bare));
        black_box(file.expect("it can be written"));
    });
    let race = Race::run(ROUNDS, 1, [&mut write_bare, &mut write]);
    note(
        &format!("bare structs written, {size}"),
        &time(race.time(0)),
    );
    told(&format!("write {size}"), &race, 1.32, 150.0);
    Ok(())
}

/// A cache, what it is in a file, and a word for its size.
fn filled() -> Result<(TokenCache, Vec<u8>, String), Box<dyn Error>> {
    let cache = unlimited();
    for user in 0..USERS {
        cache.apply(&signed_in(user, true));
    }
    let file = cache.serialize(Compatibility::Standard)?.to_vec();
    let size = format!("{USERS} accounts, {:.0} MB", file.len() as f64 / 1e6);
    Ok((cache, file, size))
}

/// Holds against the bare structs of the same run: the machine may be slower than the one of the milliseconds.
fn told(work: &str, race: &Race<2>, most: f64, milliseconds: f64) {
    let ratio = race.ratio(1, 0);
    let reach = format!("≤ {most} × bare, or ≤ {milliseconds:.0} ms");
    let measured = format!("{}, {ratio:.2} × bare", time(race.time(1)));
    let holds = ratio <= most || race.time(1) <= milliseconds * 1e6;
    row(work, &reach, &measured, holds);
}

const USERS: usize = 10_000;

const ROUNDS: usize = 15;
