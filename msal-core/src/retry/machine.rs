//! The schedules of the token services of Azure's machines, as MSAL .NET and Node keep them.
//!
//! Source: <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#retry-guidance>.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::Tried;
use crate::exchange::retry_after;
use crate::{Response, Timestamp, TransportError, TransportErrorKind};

/// A service that says 410 is being updated, which takes up to 70 seconds.
pub(super) fn imds(tried: Tried, outcome: &Result<Response, TransportError>) -> Option<Duration> {
    let status = match outcome {
        Ok(response) => Some(response.status()),
        Err(error) if error.kind() == TransportErrorKind::Timeout => None,
        Err(_) => return None,
    };
    let is_retried = status.is_none_or(|status| {
        status.is_server_error() || matches!(status.as_u16(), 404 | 408 | 410 | 429)
    });
    let most = match tried.first {
        Some(StatusCode::GONE) => 7,
        _ => 3,
    };
    if !is_retried || tried.failed >= most {
        return None;
    }
    Some(match status {
        Some(StatusCode::GONE) => GONE,
        _ => Duration::from_secs(1 << tried.failed.min(2)),
    })
}

pub(super) fn other(
    tried: Tried,
    outcome: &Result<Response, TransportError>,
    is_not_found_final: bool,
    now: Timestamp,
) -> Option<Duration> {
    if tried.failed >= 3 {
        return None;
    }
    let response = match outcome {
        Ok(response) => response,
        Err(error) if error.kind() == TransportErrorKind::Timeout => return Some(SECOND),
        Err(_) => return None,
    };
    let is_retried = match response.status().as_u16() {
        404 => !is_not_found_final,
        408 | 429 | 500 | 503 | 504 => true,
        _ => false,
    };
    let asked = asked_pause(response, now).unwrap_or(SECOND);
    is_retried.then(|| asked.clamp(SECOND, LONGEST))
}

/// The pause that a machine's service asks for, of which some write a fraction of a second.
pub(crate) fn asked_pause(response: &Response, now: Timestamp) -> Option<Duration> {
    retry_after(response, now).or_else(|| {
        let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        let pause = Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()?;
        Some(pause.min(LONGEST))
    })
}

const GONE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
/// A service that asks for more is asked then.
const LONGEST: Duration = Duration::from_secs(60);
