//! The provider's clock, which a test can set ahead or back.

use std::sync::atomic::{AtomicI64, Ordering};

use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// The system's time plus an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> OffsetDateTime {
        let offset = Duration::seconds(self.offset_seconds.load(Ordering::Relaxed));
        OffsetDateTime::now_utc().saturating_add(offset)
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// The value of a `Date` header (RFC 9110 section 5.6.7), if the clock is not the system's.
    pub(crate) fn date_header(&self) -> Option<String> {
        if self.offset_seconds.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.now().format(format).ok()
    }

    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset_seconds.store(seconds, Ordering::Relaxed);
    }
}
