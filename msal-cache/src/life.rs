use std::sync::Arc;
use std::time::Duration;

use msal_core::Timestamp;
use msal_core::store::AppMetadataEntry;

use crate::TokenCache;

impl TokenCache {
    /// Whether nobody's tokens are here, and nothing that we do not understand: what may be left is about applications
    /// alone.
    pub(crate) fn is_spent(&self) -> bool {
        let writer = self.writer();
        writer.tally.entries() == 0 && writer.tally.unreadable == 0 && writer.sections.is_empty()
    }

    /// After what time nothing here is of use, a second at least: when the last access token expires, where there is
    /// nothing but such.
    pub(crate) fn life(&self, now: Timestamp) -> Option<Duration> {
        let writer = self.writer();
        let tally = &writer.tally;
        if tally.refresh_tokens + tally.unreadable > 0 || !writer.sections.is_empty() {
            return None;
        }
        let tokens = self.0.table.tokens().into_iter();
        let last = tokens.map(|(token, _)| token.expires_on()).max()?;
        let left = last.as_secs().saturating_sub(now.as_secs());
        Some(Duration::from_secs(left.max(1)))
    }

    /// What is known of applications.
    pub(crate) fn apps(&self) -> Vec<Arc<AppMetadataEntry>> {
        self.0.table.apps().iter().cloned().collect()
    }
}
