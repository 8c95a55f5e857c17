use std::time::{Duration, Instant};

use super::RedisError;

/// How long to try to write in all.
pub(super) struct Wait {
    since: Instant,
    longest: Duration,
}

impl Wait {
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            since: Instant::now(),
            longest,
        }
    }

    /// Sleeps, or gives up.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), RedisError> {
        let waited = self.since.elapsed();
        if waited >= self.longest {
            return Err(RedisError::Busy { waited });
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Pauses of random length, which grow but stay so short that a turn is taken soon after it is free.
#[derive(Default)]
pub(super) struct Pauses(u32);

impl Pauses {
    pub(super) fn next(&mut self) -> Duration {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.0).min(LAST_PAUSE);
        self.0 = self.0.saturating_add(1).min(16);
        rand::random_range(Duration::ZERO..=longest)
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(1);

const LAST_PAUSE: Duration = Duration::from_millis(16);
