//! What a flow may observe of the outside world without asking its driver: the time and chance.
//!
//! Both are injected, so that a test decides them and so that this crate calls no operating system.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use uuid::{Builder, Uuid};

use crate::{CorrelationId, Timestamp};

/// The clock and the randomness of an application. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Env {
    /// An environment with this clock and this source of randomness.
    pub fn new(clock: impl Clock + 'static, random: impl Random + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            random: Arc::new(random),
        }
    }

    /// The wall-clock time: what tokens expire by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time on a clock that never goes back: what deadlines and pauses are measured by.
    pub fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// A fresh random GUID (version 4).
    pub fn guid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.id(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A duration between zero and `most`, for full-jitter backoff.
    pub fn jitter(&self, most: Duration) -> Duration {
        let mut bytes = [0; 4];
        self.random.id(&mut bytes);
        let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
        most.mul_f64(share)
    }

    /// Fills `bytes` with randomness fit for secrets, straight from the operating system.
    pub fn secret_bytes(&self, bytes: &mut [u8]) {
        self.random.secret(bytes);
    }

    /// Makes correlation ids without holding on to this environment.
    pub(crate) fn id_source(&self) -> IdSource {
        IdSource(self.random.detached())
    }
}

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// The wall-clock time. It may jump.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, on a clock that never goes back.
    fn uptime(&self) -> Duration;
}

/// Fills bytes at random.
pub trait Random: Debug + Send + Sync {
    /// Fills `bytes` for identifiers: unpredictable, made in bulk, never repeated after a fork.
    fn id(&self, bytes: &mut [u8]);

    /// Fills `bytes` for secrets (state, nonce, PKCE verifier): straight from the operating system.
    fn secret(&self, bytes: &mut [u8]);

    /// [`id`](Self::id) as a plain function, so that a cache hit can make its correlation id when first
    /// asked for it and until then costs nothing, not even a shared reference count.
    fn detached(&self) -> fn(&mut [u8]);
}

/// Makes the correlation id of a cache hit, late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdSource(fn(&mut [u8]));

impl IdSource {
    pub(crate) fn correlation_id(self) -> CorrelationId {
        let mut bytes = [0; 16];
        (self.0)(&mut bytes);
        CorrelationId::from(Builder::from_random_bytes(bytes).into_uuid())
    }
}
