//! When a connection must be there.

use std::io;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};

use msal_core::TransportError;

/// The end of the time for one connection, over all its steps.
pub(crate) struct Deadline {
    at: Option<Instant>,
    timeout: NextTimeout,
}

impl Deadline {
    pub(crate) fn of(details: &ConnectionDetails<'_>) -> Self {
        let after = details.timeout.after;
        let at = match after.is_not_happening() {
            true => None,
            false => Instant::now().checked_add(*after),
        };
        Self {
            at,
            timeout: details.timeout,
        }
    }

    /// What is left for the next step.
    pub(crate) fn left(&self) -> Result<NextTimeout, TransportError> {
        let mut timeout = self.timeout;
        if let Some(left) = self.time_left()? {
            timeout.after = left.into();
        }
        Ok(timeout)
    }

    /// What is left, where there is a limit.
    pub(crate) fn time_left(&self) -> Result<Option<Duration>, TransportError> {
        let Some(at) = self.at else {
            return Ok(None);
        };
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Self::passed());
        }
        Ok(Some(left))
    }

    /// The error of a step that failed before a byte of the request was sent.
    pub(crate) fn failure(&self, error: ureq::Error) -> TransportError {
        match error {
            ureq::Error::Timeout(_) => Self::passed(),
            ureq::Error::Io(error) => TransportError::connect(error),
            error => TransportError::connect(error),
        }
    }

    pub(crate) fn passed() -> TransportError {
        TransportError::connect(io::Error::new(
            io::ErrorKind::TimedOut,
            "the time for making a connection passed",
        ))
    }
}
