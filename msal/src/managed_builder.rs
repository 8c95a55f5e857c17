//! How applications under a managed identity are made: the same options, async and blocking.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use msal_cache::TokenCache;
use msal_core::app::ManagedIdentityBuilder as CoreBuilder;
use msal_core::managed_identity::{Machine, ManagedIdentityId, ManagedIdentitySource};
use msal_core::store::TokenStore;
use msal_core::{Env, Error};

use crate::builder::{Buildable, check_store};
use crate::machine::Keys;
use crate::means::Takes;
use crate::{env, machine};

/// Makes an application of the type `A`, which is [`ManagedIdentityApplication`](crate::ManagedIdentityApplication) or
/// its namesake in [`blocking`](crate::blocking). Mistakes come out at `build()`.
#[must_use = "a builder does nothing until `build()`"]
pub struct ManagedIdentityBuilder<A: Buildable> {
    core: CoreBuilder,
    cache: Option<Arc<dyn TokenStore>>,
    env: Option<Env>,
    machine: Option<Machine>,
    arc_keys: Option<PathBuf>,
    pub(crate) means: A::Means,
    application: PhantomData<fn() -> A>,
}

impl<A: Buildable> ManagedIdentityBuilder<A> {
    pub(crate) fn new(id: ManagedIdentityId) -> Self {
        Self {
            core: CoreBuilder::new(id),
            cache: None,
            env: None,
            machine: None,
            arc_keys: None,
            means: A::Means::default(),
            application: PhantomData,
        }
    }

    /// Which service to ask, rather than the one that the environment tells of.
    pub fn source(self, source: ManagedIdentitySource) -> Self {
        self.with_core(|core| core.source(source))
    }

    /// What the application is able to handle; `CP1` says that it answers claims challenges.
    pub fn client_capabilities<S: Into<String>>(
        self,
        capabilities: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with_core(|core| core.client_capabilities(capabilities))
    }

    /// Whether a service that is not well is asked again within a call, as its documentation wants; it is by default.
    /// Without, a program that retries by itself does not do so twice.
    pub fn retries(self, on: bool) -> Self {
        self.with_core(|core| core.retries(on))
    }

    /// How long a call may take that is not given a limit of its own; 120 seconds by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with_core(|core| core.timeout(timeout))
    }

    /// Where tokens are kept: a [`TokenCache`] in memory, which several applications can share. By default each has one of
    /// its own.
    pub fn token_cache(self, cache: impl TokenStore + 'static) -> Self {
        self.token_store(Arc::new(cache))
    }

    /// Where tokens are kept: a store of the program's own.
    pub fn token_store(self, store: Arc<dyn TokenStore>) -> Self {
        Self {
            cache: Some(store),
            ..self
        }
    }

    /// What sends the requests: an [`AsyncTransport`](crate::AsyncTransport) for the async API, a
    /// [`Transport`](crate::Transport) for the blocking one. It must be able to send
    /// [on terms](crate::Transport::send_on_terms): past every proxy, and for Service Fabric to a pinned certificate.
    pub fn transport<T>(mut self, transport: T) -> Self
    where
        A::Means: Takes<T>,
    {
        self.means.take(transport);
        self
    }

    /// What the machine says of itself, for tests. By default this one's environment and files, read at `build()`.
    pub fn machine(self, machine: Machine) -> Self {
        Self {
            machine: Some(machine),
            ..self
        }
    }

    /// Where Azure Arc's agent leaves its keys, for tests. By default where it does on this platform. No file is read that
    /// is elsewhere, and none through a link.
    pub fn arc_keys(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            arc_keys: Some(folder.into()),
            ..self
        }
    }

    /// The clock and the randomness, for tests. By default the machine's.
    pub fn env(self, env: Env) -> Self {
        Self {
            env: Some(env),
            ..self
        }
    }

    pub(crate) fn parts(self) -> Result<(msal_core::ManagedIdentityApplication, A::Means), Error> {
        let store = self.cache.unwrap_or_else(|| Arc::new(TokenCache::new()));
        check_store::<A>(&*store)?;
        let env = self.env.unwrap_or_else(env::system);
        let machine = self.machine.unwrap_or_else(machine::this);
        let machine = match self.arc_keys {
            Some(folder) => machine.with_arc_keys(folder, Arc::new(Keys)),
            None => machine,
        };
        let core = self.core.build(machine, store, env)?;
        Ok((core, self.means))
    }

    fn with_core(self, change: impl FnOnce(CoreBuilder) -> CoreBuilder) -> Self {
        Self {
            core: change(self.core),
            ..self
        }
    }
}

impl<A: Buildable> fmt::Debug for ManagedIdentityBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityBuilder")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}
