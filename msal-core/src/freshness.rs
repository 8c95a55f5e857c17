use std::sync::Arc;
use std::time::Duration;

use crate::Timestamp;
use crate::store::AccessTokenEntry;

/// How good a cached token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// It works for less than five minutes: renewed before it is handed out.
    Expiring,
    /// It works, and need not be renewed.
    Fresh,
    /// There is none that works.
    Missing,
    /// It works, and should be renewed: handed out at once, and renewed beside.
    Stale,
}

impl Freshness {
    /// How good `token` is at this time.
    ///
    /// A token from the future is none: the clock has been set back, and how long the token works is unknown.
    pub fn of(token: &AccessTokenEntry, now: Timestamp) -> Self {
        let left = token.expires_on().since(now);
        if left.is_zero() || token.cached_at() > now + SKEW {
            Self::Missing
        } else if left < RENEWAL_MARGIN {
            Self::Expiring
        } else if token.refresh_on().is_some_and(|time| time <= now) {
            Self::Stale
        } else {
            Self::Fresh
        }
    }

    /// The freshness as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expiring => "expiring",
            Self::Fresh => "fresh",
            Self::Missing => "missing",
            Self::Stale => "stale",
        }
    }

    /// The token with its freshness, and without the token where that is of no use.
    pub(crate) fn sorted(
        token: Option<Arc<AccessTokenEntry>>,
        now: Timestamp,
    ) -> (Self, Option<Arc<AccessTokenEntry>>) {
        match token {
            Some(token) => match Self::of(&token, now) {
                Self::Missing => (Self::Missing, None),
                freshness => (freshness, Some(token)),
            },
            None => (Self::Missing, None),
        }
    }
}

/// What every existing library keeps between a token's end and handing it out.
const RENEWAL_MARGIN: Duration = Duration::from_secs(300);
const SKEW: Duration = Duration::from_secs(300);
