//! What flows ask of what keeps the cache beyond the process. Where nothing does, they ask nothing.

use std::time::Duration;

use crate::app::App;
use crate::flow::Io;
use crate::store::{AccessTokenLookup, Lease, LeaseKey, Partition};
use crate::{Error, Timestamp};

/// Whether others may have written what the memory is about to be asked.
pub(crate) fn is_due(lookup: &AccessTokenLookup<'_>, app: &App, now: Timestamp) -> bool {
    let persistence = app.persistence.as_ref();
    persistence.is_some_and(|persistence| persistence.is_due(lookup, now))
}

/// Takes over what others have written. Where that fails, the memory is what there is.
pub(crate) async fn load(partition: &Partition, app: &App, io: &mut Io) -> Result<(), Error> {
    let Some(persistence) = &app.persistence else {
        return Ok(());
    };
    let task = persistence.load(partition, io.now());
    let loaded = io.call_within(DISK, task).await;
    loaded.inspect_err(|error| tell(error, "the token cache could not be read"))
}

/// Writes what the memory has and the store has not. What fails is written with the next change.
pub(crate) async fn save(partition: &Partition, app: &App, io: &mut Io) -> Result<(), Error> {
    let Some(persistence) = &app.persistence else {
        return Ok(());
    };
    let task = persistence.save(partition, io.now());
    let saved = io.call_within(DISK, task).await;
    saved.inspect_err(|error| tell(error, "the token cache could not be written"))
}

/// Takes the turn among processes, and takes over what the one before wrote. Without a lease the flow goes on alone.
pub(crate) async fn lease(key: &LeaseKey, app: &App, io: &mut Io) -> Lease {
    let Some(persistence) = &app.persistence else {
        return Lease::none();
    };
    let limit = LEASE.min(io.time_left());
    let task = persistence.lease(key, limit);
    let lease = io.call_within(LEASE + GRACE, task).await;
    let lease = lease.unwrap_or_else(|error| {
        tell(&error, "no lease could be had on the token cache");
        Lease::none()
    });
    // A failure has been told; what is in memory will do.
    drop(load(key.partition(), app, io).await);
    lease
}

fn tell(error: &Error, what: &'static str) {
    tracing::warn!(target: "msal", error = error.kind().name(), %error, "{what}");
}

/// How long a flow waits for the store: longer than the store does for its locks.
const DISK: Duration = Duration::from_secs(15);
/// How long a flow waits for another process that does the same.
const LEASE: Duration = Duration::from_secs(35);
/// So that a lease which ends in time is told by who waits for it.
const GRACE: Duration = Duration::from_secs(1);
