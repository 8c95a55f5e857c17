mod machine;

use std::time::Duration;

use http::StatusCode;

pub(crate) use machine::asked_pause;

use crate::{Env, Response, TransportError, TransportErrorKind};

/// How often a failed sending is repeated, and after which pauses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RetryPolicy {
    /// As for identity providers.
    Backoff(Backoff),
    /// As for the instance metadata service of Azure's virtual machines.
    Imds,
    /// As for the other token services of machines. Some mean it when they say that there is no such identity.
    Machine { is_not_found_final: bool },
}

/// What has been tried already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tried {
    /// How many sendings failed before this one.
    pub(crate) failed: u32,
    /// The status of the first answer.
    pub(crate) first: Option<StatusCode>,
}

/// Few retries, soon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// How many times to send again.
    retries: u32,
    /// Whether to send again although the server may have acted on the first.
    repeatable: bool,
    /// Whether to send again what the server has answered, if only with a failure of its own.
    answered: bool,
}

impl RetryPolicy {
    /// For what can be repeated at no harm: reading a document, client credentials.
    pub(crate) const REPEATABLE: Self = Self::Backoff(Backoff {
        retries: 1,
        repeatable: true,
        answered: true,
    });

    /// For what may be missing: the machine's own services, which answer at once where they are.
    pub(crate) const UNLESS_SILENT: Self = Self::Backoff(Backoff {
        retries: 1,
        repeatable: false,
        answered: true,
    });

    /// For what may be used once only: sent again if it never reached the server.
    pub(crate) const UNLESS_REACHED: Self = Self::Backoff(Backoff {
        retries: 1,
        repeatable: false,
        answered: false,
    });

    /// For who asks again anyway.
    pub(crate) const NEVER: Self = Self::Backoff(Backoff {
        retries: 0,
        repeatable: false,
        answered: false,
    });

    /// How long to wait before sending again, or `None` to accept the outcome.
    pub(crate) fn pause_after(
        self,
        tried: Tried,
        outcome: &Result<Response, TransportError>,
        env: &Env,
    ) -> Option<Duration> {
        match self {
            Self::Backoff(backoff) => backoff.pause_after(tried.failed, outcome, env),
            Self::Imds => machine::imds(tried, outcome),
            Self::Machine { is_not_found_final } => {
                machine::other(tried, outcome, is_not_found_final, env.now())
            }
        }
    }
}

impl Backoff {
    fn pause_after(
        self,
        attempt: u32,
        outcome: &Result<Response, TransportError>,
        env: &Env,
    ) -> Option<Duration> {
        let again = match outcome {
            // A server that names a pause is not asked again within this call.
            Ok(response) => {
                self.answered
                    && is_transient(response.status())
                    && !response.headers().contains_key(http::header::RETRY_AFTER)
            }
            Err(error) => match error.kind() {
                TransportErrorKind::Connect => true,
                TransportErrorKind::Interrupted | TransportErrorKind::Timeout => self.repeatable,
                _ => false,
            },
        };
        (again && attempt < self.retries).then(|| env.jitter(longest_pause(attempt)))
    }
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// Full jitter: the pause is anything up to this.
fn longest_pause(attempt: u32) -> Duration {
    (SHORTEST_STEP * 2_u32.saturating_pow(attempt.min(8))).min(LONGEST_STEP)
}

const SHORTEST_STEP: Duration = Duration::from_millis(250);
const LONGEST_STEP: Duration = Duration::from_secs(4);
