//! A clock that runs, and can skip pauses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use msal::{Clock, Env, Random, Timestamp};

/// The machine's clocks, which a test can set ahead.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    start: Instant,
    /// In milliseconds.
    uptime_ahead: AtomicU64,
    /// In seconds.
    wall_ahead: AtomicU64,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Hands {
            start: Instant::now(),
            uptime_ahead: AtomicU64::new(0),
            wall_ahead: AtomicU64::new(0),
        }))
    }

    /// An application's environment under this clock. Backoff takes no time in it.
    pub(crate) fn env(&self) -> Env {
        Env::new(self.clone(), Counting)
    }

    /// Lets all pauses, and all that was found out, be over; tokens and assertions keep their age.
    pub(crate) fn let_pauses_pass(&self) {
        self.pass(Duration::from_secs(2 * 24 * 60 * 60));
    }

    /// Lets a wait be over at once.
    pub(crate) fn pass(&self, wait: Duration) {
        let wait = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap();
        self.0.uptime_ahead.fetch_add(wait, Ordering::SeqCst);
    }

    /// Makes tokens older.
    pub(crate) fn age(&self, seconds: u64) {
        self.0.wall_ahead.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let ahead = self.0.wall_ahead.load(Ordering::SeqCst);
        Timestamp::from_secs(since.as_secs() + ahead)
    }

    fn uptime(&self) -> Duration {
        let ahead = Duration::from_millis(self.0.uptime_ahead.load(Ordering::SeqCst));
        self.0.start.elapsed() + ahead
    }
}

/// Ids that never repeat. Where four bytes are asked for, as for backoff, it is none at all.
#[derive(Debug)]
struct Counting;

impl Random for Counting {
    fn id(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn secret(&self, bytes: &mut [u8]) {
        count(bytes);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        count
    }
}

fn count(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    bytes.fill(0);
    if bytes.len() > 4 {
        let number = NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        for (byte, digit) in bytes.iter_mut().zip(number) {
            *byte = digit;
        }
    }
}
