//! The refresh tokens of the cache: which there are, in which order they are tried, and what becomes of one that no
//! longer works.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::cached::Wanted;
use super::claim::turn;
use super::finish::Whose;
use super::stored;
use super::user_grant::UserGrant;
use crate::app::App;
use crate::exchange::Asker;
use crate::flights::{FlightKey, RefreshFlight};
use crate::flow::Io;
use crate::freshness::Freshness;
use crate::protocol::{UserHint, UserRequest, refresh};
use crate::result::User;
use crate::store::{Change, Entity, LeaseKey, Partition, RefreshTokenEntry, Removal, UserFilter};
use crate::{AuthenticationResult, Error, ErrorKind};

/// Obtains a token by the refresh tokens that `filter` finds: the family's first where the client may be of it, then
/// its own.
///
/// A family's that is refused as another client's is passed over. One that was refused for good is removed. Where
/// somebody put another in its place, that is tried then.
pub(crate) async fn redeem(
    filter: UserFilter<'_>,
    whose: Whose<'_>,
    wanted: &Wanted,
    app: &App,
    io: &mut Io,
) -> Result<AuthenticationResult, Error> {
    let mut tried: Vec<Arc<RefreshTokenEntry>> = Vec::new();
    let (mut last, mut foreign) = (None, None);
    let partition = wanted.partition(app);
    while let Some(token) = next(filter, &tried, wanted, app) {
        // Two that send the same refresh token at once would look like a thief to an identity provider that rotates.
        let refresh = Arc::new(flight(&token, filter, wanted));
        let key = FlightKey::RefreshToken(refresh.clone());
        let flight = turn(&key, &app.flights, io).await?;
        let lease = stored::lease(&refresh.lease(&partition), app, io).await;
        // Whoever had the turn before may have been granted what is wanted here, too.
        if let (Freshness::Fresh, Some(token)) = wanted.held(app, io.now()) {
            let user = User::cached(app.clone(), whose.account().cloned());
            return Ok(AuthenticationResult::from_cache(token, app.ids).with_user(Some(user)));
        }
        // Whoever had the turn before may have put another in its place, and the user may have signed out.
        let now = next(filter, &tried, wanted, app);
        let Some(token) = now.filter(|now| self::flight(now, filter, wanted) == *refresh) else {
            continue;
        };
        let outcome = redeem_one(&token, lease.end(), whose, wanted, app, io).await;
        let error = match outcome {
            Ok(result) => return Ok(result),
            // Nothing has been sent: it is another turn.
            Err(error) if *error.kind() == TURN_IS_OVER => continue,
            Err(error) => error,
        };
        let Some(server) = error.server().filter(|server| !server.is_transient()) else {
            return Err(error);
        };
        let is_foreign = token.family_id.is_some() && server.is_client_mismatch();
        let is_refused = server.code() == Some("invalid_grant");
        if is_refused || server.ends_refresh_token() {
            // Somebody who knows no leases may have put another in its place. What fails has been told.
            drop(stored::load(&partition, app, io).await);
        }
        if server.ends_refresh_token() {
            app.store
                .apply(&Change::remove(Removal::RefreshToken(token.clone())));
            drop(stored::save(&partition, app, io).await);
        } else if !is_foreign && !is_refused {
            return Err(error);
        }
        drop((flight, lease));
        tried.push(token);
        // What the client's own token meets says more than that the family's was not for it.
        match is_foreign {
            true => foreign = Some(error),
            false => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| no_token(foreign.as_ref())))
}

/// Whether the cache holds any refresh token that could be tried.
pub(crate) fn is_any(filter: UserFilter<'_>, wanted: &Wanted, app: &App) -> bool {
    next(filter, &[], wanted, app).is_some()
}

async fn redeem_one(
    token: &RefreshTokenEntry,
    turn_ends: Option<Duration>,
    whose: Whose<'_>,
    wanted: &Wanted,
    app: &App,
    io: &mut Io,
) -> Result<AuthenticationResult, Error> {
    let grant = UserGrant {
        user: UserHint::HomeAccountId(&token.home_account_id),
        asker: Asker::Silent,
        ..UserGrant::new(whose.going_on(&token.home_account_id), wanted, app)
    };
    let make = |user: &UserRequest<'_>, endpoint: &Url, id| {
        // A process that stood still, or asked the authority first for long, finds that another went ahead.
        if turn_ends.is_some_and(|end| app.env.uptime() > end) {
            return Err(Error::new(TURN_IS_OVER));
        }
        refresh::request(&token.secret, user, endpoint, id)
    };
    grant.redeem(make, io).await
}

/// The family that the application is of, or may be since nobody said yet.
pub(crate) fn family(cloud: &str, app: &App) -> Option<Arc<str>> {
    if app.credential.is_some() {
        return None;
    }
    match app.store.app_metadata(cloud, &app.client_id) {
        Some(known) => known.family_id.clone(),
        None => Some(FAMILY.into()),
    }
}

/// The next refresh token to try, of those that have not been.
fn next(
    filter: UserFilter<'_>,
    tried: &[Arc<RefreshTokenEntry>],
    wanted: &Wanted,
    app: &App,
) -> Option<Arc<RefreshTokenEntry>> {
    let cloud = wanted.authority.cloud();
    let tries_family = family(cloud, app).is_some();
    let users = app.store.users(cloud, filter);
    let tokens = users
        .iter()
        .flat_map(|user| user.iter())
        .filter_map(|entity| match entity {
            Entity::RefreshToken(token) => Some(token),
            _ => None,
        });
    let is_own = |token: &RefreshTokenEntry| token.client_id == app.client_id;
    let is_usable = |token: &RefreshTokenEntry| {
        is_own(token) || (tries_family && token.family_id.as_deref() == Some(FAMILY))
    };
    let is_new = |token: &RefreshTokenEntry| !tried.iter().any(|one| one.secret == token.secret);
    tokens
        .filter(|token| is_usable(token) && is_new(token))
        .max_by_key(|token| {
            let of_family = tries_family && token.family_id.is_some();
            (of_family, is_own(token), token.last_modified)
        })
        .cloned()
}

fn no_token(foreign: Option<&Error>) -> Error {
    let error = Error::new(ErrorKind::InteractionRequired)
        .because("the cache holds no refresh token of this account for this application");
    match foreign.and_then(Error::server) {
        Some(server) => error.with_server_error(server.clone()),
        None => error,
    }
}

fn flight(token: &RefreshTokenEntry, filter: UserFilter<'_>, wanted: &Wanted) -> RefreshFlight {
    let owner = match filter {
        UserFilter::Assertion(hash) => ["assertion ", hash].concat(),
        _ => ["account ", &*token.home_account_id].concat(),
    };
    let client_or_family = match &token.family_id {
        Some(family) => ["family ", family].concat(),
        None => ["client ", &*token.client_id].concat(),
    };
    RefreshFlight {
        cloud: wanted.authority.cloud().to_owned(),
        owner,
        client_or_family,
    }
}

impl RefreshFlight {
    /// What processes take turns at.
    fn lease(&self, partition: &Partition) -> LeaseKey {
        let subject = [&self.cloud, &self.owner, &self.client_or_family];
        let subject = subject.into_iter().map(String::as_str);
        LeaseKey::new(
            partition.clone(),
            std::iter::once("refresh token").chain(subject),
        )
    }
}

/// How a refresh token is told not to be sent, for all that happened since it was looked up.
const TURN_IS_OVER: ErrorKind = ErrorKind::Internal("turn");

/// The one family of clients that there is.
const FAMILY: &str = "1";
