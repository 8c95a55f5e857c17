//! What is done with a token once it is there.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::store::{AccessTokenEntry, Change, Entity, Lifetime, TokenKey};
use crate::{AccessToken, Scopes, Timestamp};

/// An access token as it was issued, not yet kept.
pub(crate) struct Issued {
    pub(crate) secret: AccessToken,
    pub(crate) scopes: Scopes,
    pub(crate) expires_in: Duration,
    pub(crate) ext_expires_in: Option<Duration>,
    pub(crate) refresh_in: Option<Duration>,
}

/// Keeps the token, unless it was issued for no time at all.
pub(crate) fn keep(
    issued: Issued,
    key: TokenKey,
    app: &App,
    now: Timestamp,
) -> Arc<AccessTokenEntry> {
    let lifetime = Lifetime {
        cached_at: now,
        expires_on: now + issued.expires_in,
        extended_expires_on: issued.ext_expires_in.map(|life| now + life),
        refresh_on: issued
            .refresh_in
            .map(|life| now + life.min(issued.expires_in)),
    };
    let token = Arc::new(AccessTokenEntry::new(
        key,
        issued.scopes,
        issued.secret,
        lifetime,
    ));
    if !issued.expires_in.is_zero() {
        app.store
            .apply(&Change::upsert(Entity::AccessToken(token.clone())));
    }
    token
}
