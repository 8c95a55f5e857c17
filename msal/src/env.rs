//! The clock and the randomness of this machine.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use msal_core::{Clock, Env, Random, Timestamp};
use rand::rngs::SysRng;
use rand::{Rng, TryRng};

/// The environment that applications have unless they are given another.
pub(crate) fn system() -> Env {
    Env::new(SystemClock, SystemRandom)
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as 1970.
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_secs(since.as_secs())
    }

    fn uptime(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

#[derive(Debug)]
struct SystemRandom;

impl Random for SystemRandom {
    fn id(&self, bytes: &mut [u8]) {
        fill_id(bytes);
    }

    fn secret(&self, bytes: &mut [u8]) {
        SysRng
            .try_fill_bytes(bytes)
            .expect("the operating system always has randomness");
    }

    fn detached(&self) -> fn(&mut [u8]) {
        fill_id
    }
}

/// A generator per thread that the operating system seeds, again after each 64 KiB and, so that a forked process
/// does not repeat its parent's ids, in each process.
fn fill_id(bytes: &mut [u8]) {
    thread_local! {
        static SEEDED_IN: Cell<u32> = const { Cell::new(0) };
    }
    let mut random = rand::rng();
    let process = std::process::id();
    if SEEDED_IN.replace(process) != process {
        random
            .reseed()
            .expect("the operating system always has randomness");
    }
    random.fill_bytes(bytes);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat() {
        let env = system();
        let ids: HashSet<_> = (0..10_000).map(|_| env.guid()).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn uptime_does_not_go_back() {
        let env = system();
        let first = env.uptime();
        assert!(env.uptime() >= first);
    }
}
