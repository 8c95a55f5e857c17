use std::time::Duration;

use msal_core::Timestamp;

use crate::TokenCache;

impl TokenCache {
    /// Whether nobody's tokens are here: what may be left is about applications alone.
    pub(crate) fn is_spent(&self) -> bool {
        let statistics = self.statistics();
        statistics.entries() == 0 && statistics.unreadable == 0
    }

    /// After what time nothing here is of use: when the last access token expires, where there is nothing but such.
    pub(crate) fn life(&self, now: Timestamp) -> Option<Duration> {
        let statistics = self.statistics();
        if statistics.refresh_tokens + statistics.unreadable > 0 {
            return None;
        }
        let last = self.last_expiry()?;
        Some(Duration::from_secs(
            last.as_secs().saturating_sub(now.as_secs()),
        ))
    }
}
