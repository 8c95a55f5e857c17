//! What flows ask of what keeps the cache beyond the process. Where nothing does, they ask nothing.

use std::time::Duration;

use crate::app::App;
use crate::callback::Task;
use crate::flow::Io;
use crate::store::{AccessTokenLookup, Lease, LeaseKey, Partition};
use crate::{Error, ErrorKind, Timestamp};

/// Whether others may have written what the memory is about to be asked.
pub(crate) fn is_due(lookup: &AccessTokenLookup<'_>, app: &App, now: Timestamp) -> bool {
    let persistence = app.persistence.as_ref();
    persistence.is_some_and(|persistence| persistence.is_due(lookup, now))
}

/// Takes over what others have written. Where that fails, the memory is what there is.
///
/// Leaves most of the call's time for what is done without the store, should it not answer.
pub(crate) async fn load(partition: &Partition, app: &App, io: &mut Io) -> Result<(), Error> {
    let limit = DISK.min(io.time_left() / 3);
    load_within(limit, partition, app, io).await
}

/// The same for who has an answer in memory, and waits no longer than that is worth.
pub(crate) async fn glance(partition: &Partition, app: &App, io: &mut Io) {
    // A failure has been told; what is in memory will do.
    drop(load_within(GLANCE, partition, app, io).await);
}

/// Writes what the memory has and the store has not. What fails is written with the next change.
pub(crate) async fn save(partition: &Partition, app: &App, io: &mut Io) -> Result<(), Error> {
    let Some(persistence) = &app.persistence else {
        return Ok(());
    };
    let task = persistence.save(partition, io.now());
    ask(task, DISK, "the token cache could not be written", io).await
}

/// Whose turn it is among processes: this flow's, until this is dropped.
#[derive(Debug, Default)]
#[must_use = "a turn ends when it is dropped"]
pub(crate) struct Turn {
    lease: Lease,
    end: Duration,
}

impl Turn {
    /// Nobody to take turns with.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// When others stop waiting, on the clock of `Env::uptime`: what was found under the lease may be used up then.
    pub(crate) fn end(&self) -> Option<Duration> {
        self.lease.is_held().then_some(self.end)
    }
}

/// Takes the turn among processes, and takes over what the one before wrote. Without a lease the flow goes on alone.
pub(crate) async fn lease(key: &LeaseKey, app: &App, io: &mut Io) -> Turn {
    if app.persistence.is_none() || io.stuck().is_some() {
        return Turn::none();
    }
    let mut lease = take(key, app, io).await;
    let is_missed = lease.as_ref().is_some_and(|lease| !lease.is_held());
    if is_missed && !io.time_left().is_zero() {
        // Whoever holds it stands still, or holds it for another key. Those who gave up waiting must not all go on at
        // once.
        lease = take(&key.second(), app, io).await;
    }
    let end = io.env().uptime() + LEASE;
    // A failure has been told; what is in memory will do.
    drop(load(key.partition(), app, io).await);
    Turn {
        lease: lease.unwrap_or_default(),
        end,
    }
}

/// None where that fails.
async fn take(key: &LeaseKey, app: &App, io: &mut Io) -> Option<Lease> {
    let persistence = app.persistence.as_ref()?;
    let task = persistence.lease(key, LEASE.min(io.time_left()));
    let missed = "no lease could be had on the token cache";
    ask(task, LEASE + GRACE, missed, io).await.ok()
}

async fn load_within(
    limit: Duration,
    partition: &Partition,
    app: &App,
    io: &mut Io,
) -> Result<(), Error> {
    let Some(persistence) = &app.persistence else {
        return Ok(());
    };
    if let Some(error) = io.stuck() {
        return Err(error.clone());
    }
    let task = persistence.load(partition, io.now());
    match ask(task, limit, "the token cache could not be read", io).await {
        // Who drives this keeps no store: the memory is all there is.
        Err(error) if is_declined(&error) => Ok(()),
        loaded => loaded,
    }
}

async fn ask<R: Send + 'static>(
    task: Task<R>,
    limit: Duration,
    failure: &'static str,
    io: &mut Io,
) -> Result<R, Error> {
    let error = match io.call_within(limit, task).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    if is_declined(&error) {
        tracing::debug!(target: "msal", %error, "{failure}");
        return Err(error);
    }
    let error = match error.kind() {
        ErrorKind::Timeout => {
            let error = Error::new(ErrorKind::Cache)
                .because("it did not answer in time")
                .with_source(error);
            io.store_is_stuck(&error);
            error
        }
        _ => error,
    };
    tracing::warn!(target: "msal", error = error.kind().name(), %error, "{failure}");
    Err(error)
}

fn is_declined(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Declined(_))
}

/// How long a flow waits for the store: longer than the store does for its locks.
const DISK: Duration = Duration::from_secs(15);
/// The same where there is a good answer without it.
const GLANCE: Duration = Duration::from_secs(2);
/// How long a flow waits for another process that does the same.
const LEASE: Duration = Duration::from_secs(35);
/// So that a lease which ends in time is told by who waits for it.
const GRACE: Duration = Duration::from_secs(1);
