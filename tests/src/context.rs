use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::time::Duration;

use crate::browser::Browser;
use crate::certificate::{ServerCertificate, TlsIdentity};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::hold::Gates;
use crate::journal::Journal;
use crate::machine::Machines;
use crate::registry::Registry;
use crate::sign_in::SignIns;
use crate::signing_key::SigningKey;

/// What every part of a running provider shares.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) connection_faults: Faults,
    pub(crate) faults: Faults,
    pub(crate) gates: Arc<Gates>,
    pub(crate) journal: Journal,
    pub(crate) machines: Machines,
    pub(crate) sign_ins: SignIns,
    pub(crate) signing_key: &'static SigningKey,
    pub(crate) tls: TlsIdentity,
    address: OnceLock<SocketAddr>,
    browsers: Mutex<HashMap<String, Browser>>,
    connections: AtomicU64,
    latency_micros: AtomicU64,
    region: Mutex<String>,
    registry: RwLock<Registry>,
    tuning: Mutex<Tuning>,
    spent_assertions: Mutex<HashSet<String>>,
}

/// What is fixed when the provider starts.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What can be changed later.
    pub(crate) tuning: Tuning,
    /// Length of opaque access tokens, in place of signed ones.
    pub(crate) opaque_tokens: Option<usize>,
    /// Refuses a client assertion that was seen before. Entra ID does not.
    pub(crate) single_use_assertions: bool,
    /// Where Azure Arc's agent writes its keys.
    pub(crate) arc_keys: Option<PathBuf>,
    /// Serves the surface for tests in other languages.
    pub(crate) control: bool,
    /// What a client of the proxy must send, already in the form of the header's value.
    pub(crate) proxy_authorization: Option<String>,
}

/// What a test may change while the provider runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// The lifetime of access tokens in seconds, where the token's resource does not decide.
    pub(crate) lifetime: i64,
    /// Seconds after which a client should refresh. None leaves it to the lifetime.
    pub(crate) refresh_in: Option<i64>,
    /// A refresh token is good for one use; a second one ends all that came of the sign-in.
    pub(crate) rotating_refresh_tokens: bool,
    /// Tells a client that polls faster than it may to slow down.
    pub(crate) strict_polling: bool,
}

impl Context {
    pub(crate) fn new(
        settings: Settings,
        registry: Registry,
        certificate: ServerCertificate,
    ) -> io::Result<Self> {
        Ok(Self {
            tuning: Mutex::new(settings.tuning),
            clock: Clock::default(),
            connection_faults: Faults::default(),
            faults: Faults::default(),
            gates: Arc::new(Gates::new()),
            journal: Journal::new(),
            machines: Machines::new(settings.arc_keys.clone()),
            sign_ins: SignIns::default(),
            signing_key: SigningKey::of_this_process()?,
            tls: TlsIdentity::new(certificate)?,
            address: OnceLock::new(),
            browsers: Mutex::default(),
            connections: AtomicU64::new(0),
            latency_micros: AtomicU64::new(0),
            region: Mutex::new("westeurope".to_owned()),
            registry: RwLock::new(registry),
            settings,
            spent_assertions: Mutex::default(),
        })
    }

    pub(crate) fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the provider listens, once it does.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    pub(crate) fn set_address(&self, address: SocketAddr) {
        // It listens once.
        let _ = self.address.set(address);
    }

    /// The browsers that tests in other languages sign in with, by what they call them.
    pub(crate) fn browsers(&self) -> MutexGuard<'_, HashMap<String, Browser>> {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection, and gives its number.
    pub(crate) fn count_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_micros.load(Ordering::Relaxed))
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency_micros.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn region(&self) -> String {
        self.region
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_region(&self, region: &str) {
        region.clone_into(&mut self.region.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn tuning(&self) -> Tuning {
        *self.tuning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tune(&self, change: impl FnOnce(&mut Tuning)) {
        change(&mut self.tuning.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Remembers an assertion, and says whether it was new.
    pub(crate) fn spend_assertion(&self, id: String) -> bool {
        self.spent_assertions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id)
    }
}
