//! Single flight: the first to ask for something flies, whoever asks for the same meanwhile waits for the landing.
//!
//! A flight ends in an answer or an error, which everyone who waited gets, or cancelled, and then the next in line
//! leads. A follower registers in constant time, and different keys never wait for each other.

mod seat;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seat::{Seat, Wake};

use crate::store::{AccessTokenEntry, TokenKey};
use crate::{Claims, Error, Scopes};

pub(crate) use seat::{End, Join};
pub use seat::{Joined, Landing};

/// The flights now in the air. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<FlightKey, Runway>>>);

impl Flights {
    /// Joins the flight for `key`, or opens it. A flight whose leader has stopped moving no longer binds.
    pub(crate) fn enter(&self, key: &FlightKey, uptime: Duration) -> Turn {
        let mut runways = self.lock();
        let runway = match runways.entry(key.clone()) {
            Entry::Occupied(runway) => runway.into_mut(),
            Entry::Vacant(free) => {
                let runway = free.insert(Runway::new(uptime));
                return Turn::Lead(self.flight(key, runway.progress.clone()));
            }
        };
        let bound_for = runway.progress.bound_for(uptime);
        if bound_for.is_zero() {
            runway.progress = Progress::from(uptime);
            return Turn::Lead(self.flight(key, runway.progress.clone()));
        }
        let seat = Arc::new(Seat::default());
        runway.queue.push_back(seat.clone());
        Turn::Follow(Landing::new(seat), bound_for)
    }

    /// Whether somebody is at work on `key`.
    pub(crate) fn is_in_the_air(&self, key: &FlightKey, uptime: Duration) -> bool {
        let runways = self.lock();
        runways
            .get(key)
            .is_some_and(|runway| !runway.progress.bound_for(uptime).is_zero())
    }

    /// Takes `flight` off the map, if it still leads, and hands back who waited for it.
    fn close(&self, flight: &Flight) -> VecDeque<Arc<Seat>> {
        let mut runways = self.lock();
        match runways.entry(flight.key.clone()) {
            Entry::Occupied(runway) if runway.get().progress.is(&flight.progress) => {
                runway.remove().queue
            }
            _ => VecDeque::new(),
        }
    }

    /// Hands a cancelled flight to the next in line, or closes it when nobody waits.
    fn pass_on(&self, flight: &Flight) -> Option<Wake> {
        let mut runways = self.lock();
        let runway = runways.get_mut(&flight.key)?;
        if !runway.progress.is(&flight.progress) {
            return None;
        }
        while let Some(seat) = runway.queue.pop_front() {
            let progress = runway.progress.renewed();
            match seat.take(End::Lead(self.flight(&flight.key, progress.clone()))) {
                Ok(wake) => {
                    runway.progress = progress;
                    return Some(wake);
                }
                // Whoever sat there is gone.
                Err(End::Lead(mut unclaimed)) => unclaimed.over = true,
                Err(_) => {}
            }
        }
        runways.remove(&flight.key);
        None
    }

    fn flight(&self, key: &FlightKey, progress: Progress) -> Flight {
        Flight {
            key: key.clone(),
            flights: self.clone(),
            progress,
            over: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlightKey, Runway>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({} in the air)", self.lock().len())
    }
}

/// What a flight is after. Cheap to clone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum FlightKey {
    /// What an authority says of itself.
    Discovery(Arc<str>),
    /// The use of a refresh token: of this user in this cloud, for this client or family.
    RefreshToken(Arc<RefreshFlight>),
    /// A token.
    Token(Arc<TokenFlight>),
}

/// The refresh token that flows take turns at.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(crate) struct RefreshFlight {
    pub(crate) cloud: String,
    pub(crate) owner: String,
    pub(crate) client_or_family: String,
}

/// The token that a flight is after: the whole cache key, the scopes asked for, and what goes past the cache.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(crate) struct TokenFlight {
    pub(crate) key: TokenKey,
    pub(crate) scopes: Scopes,
    pub(crate) past_cache: bool,
    pub(crate) claims: Option<Claims>,
}

/// Who does the work and who waits for it.
pub(crate) enum Turn {
    /// Does the work.
    Lead(Flight),
    /// Waits, and enters again if nothing has come of it when the flight no longer binds.
    Follow(Landing, Duration),
}

/// Held by the flow that does the work. Dropped without an end, it counts as cancelled.
pub(crate) struct Flight {
    key: FlightKey,
    flights: Flights,
    progress: Progress,
    over: bool,
}

impl Flight {
    /// Ends with an answer: a token, or nothing where the answer lies elsewhere.
    pub(crate) fn land(mut self, answer: Option<&Arc<AccessTokenEntry>>) {
        self.end(|| End::Landed(answer.cloned()));
    }

    /// Ends with an error that everyone who waits would meet as well.
    pub(crate) fn fail(mut self, error: &Error) {
        self.end(|| End::Failed(error.clone()));
    }

    /// Where the leader writes down that it is moving.
    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn end(&mut self, end: impl Fn() -> End) {
        self.over = true;
        for seat in self.flights.close(self) {
            if let Ok(wake) = seat.take(end()) {
                wake.now();
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Some(wake) = self.flights.pass_on(self) {
            wake.now();
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flight")
    }
}

/// Until when the leader is busy with what it last asked for, in milliseconds of uptime.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Writes down that the leader moves, and is busy until then.
    pub(crate) fn moved(&self, busy_until: Duration) {
        self.0.store(millis(busy_until), Ordering::Relaxed);
    }

    fn from(uptime: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(millis(uptime))))
    }

    fn renewed(&self) -> Self {
        Self(Arc::new(AtomicU64::new(self.0.load(Ordering::Relaxed))))
    }

    /// For how long the flight still binds those who follow, unless its leader moves.
    fn bound_for(&self, uptime: Duration) -> Duration {
        let busy_until = Duration::from_millis(self.0.load(Ordering::Relaxed));
        busy_until.saturating_add(PATIENCE).saturating_sub(uptime)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

struct Runway {
    progress: Progress,
    queue: VecDeque<Arc<Seat>>,
}

impl Runway {
    fn new(uptime: Duration) -> Self {
        Self {
            progress: Progress::from(uptime),
            queue: VecDeque::new(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How long a leader may stand still, past the end of what it last asked for, before others stop waiting for it.
const PATIENCE: Duration = Duration::from_secs(35);
