//! How applications are made: the same options for every kind, async and blocking.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use msal_cache::TokenCache;
use msal_core::app::ApplicationBuilder;
use msal_core::authority::AuthoritySettings;
use msal_core::credential::ClientCredential;
use msal_core::store::TokenStore;
use msal_core::{Authority, Env, Error};

use crate::env;

/// Makes an application of the type `A`, which is [`ConfidentialClientApplication`](crate::ConfidentialClientApplication)
/// or its namesake in [`blocking`](crate::blocking). Mistakes come out at `build()`.
#[must_use = "a builder does nothing until `build()`"]
pub struct Builder<A: Buildable> {
    core: ApplicationBuilder,
    cache: Option<Arc<dyn TokenStore>>,
    env: Option<Env>,
    pub(crate) means: A::Means,
    application: PhantomData<fn() -> A>,
}

impl<A: Buildable> Builder<A> {
    pub(crate) fn new(client_id: impl Into<String>) -> Self {
        let core = ApplicationBuilder::new(client_id);
        Self {
            core,
            cache: None,
            env: None,
            means: A::Means::default(),
            application: PhantomData,
        }
    }

    /// Whom to ask for tokens, by the URL of its kind:
    ///
    /// | identity provider | URL |
    /// | --- | --- |
    /// | Microsoft Entra ID | `https://login.microsoftonline.com/{tenant id or domain name}`; instead of a tenant `common`, `organizations` or `consumers` |
    /// | Microsoft Entra External ID | `https://{name}.ciamlogin.com` |
    /// | Azure AD B2C | `https://{name}.b2clogin.com/{tenant}/{policy}` |
    /// | AD FS | `https://{host}/adfs` |
    /// | dSTS | `https://{host}/dstsv2/{tenant}` |
    ///
    /// By default `https://login.microsoftonline.com/common`, which is for users, not for app tokens.
    pub fn authority(self, url: impl AsRef<str>) -> Self {
        self.with_core(|core| core.authority(url.as_ref()))
    }

    /// Whom to ask for tokens: any other OpenID Connect issuer, by its URL.
    pub fn oidc_authority(self, issuer: impl AsRef<str>) -> Self {
        self.with_core(|core| core.oidc_authority(issuer.as_ref()))
    }

    /// Whom to ask for tokens, parsed before.
    pub fn parsed_authority(self, authority: Authority) -> Self {
        self.with_core(|core| core.parsed_authority(authority))
    }

    /// How authorities are found out about: instance discovery, known authorities, metadata, region.
    pub fn authority_settings(self, settings: AuthoritySettings) -> Self {
        self.with_core(|core| core.authority_settings(settings))
    }

    /// Where tokens are kept: give the same cache to several applications to share it. By default each application
    /// has one of its own, in memory.
    pub fn token_cache(self, cache: TokenCache) -> Self {
        self.token_store(Arc::new(cache))
    }

    /// Where tokens are kept: a store of the program's own.
    pub fn token_store(self, store: Arc<dyn TokenStore>) -> Self {
        Self {
            cache: Some(store),
            ..self
        }
    }

    /// What the application is able to handle; `CP1` says that it answers claims challenges.
    pub fn client_capabilities<S: Into<String>>(
        self,
        capabilities: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with_core(|core| core.client_capabilities(capabilities))
    }

    /// How long a call may take that is not given a limit of its own; 60 seconds by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with_core(|core| core.timeout(timeout))
    }

    /// The clock and the randomness, for tests. By default the machine's.
    pub fn env(self, env: Env) -> Self {
        Self {
            env: Some(env),
            ..self
        }
    }

    fn with_core(self, change: impl FnOnce(ApplicationBuilder) -> ApplicationBuilder) -> Self {
        Self {
            core: change(self.core),
            ..self
        }
    }
}

impl<A: Buildable + Confidential> Builder<A> {
    /// How the application proves who it is.
    pub fn credential(self, credential: ClientCredential) -> Self {
        self.with_core(|core| core.credential(credential))
    }

    pub(crate) fn core(&mut self) -> Result<msal_core::ConfidentialClientApplication, Error> {
        let store = self
            .cache
            .take()
            .unwrap_or_else(|| Arc::new(TokenCache::new()));
        let env = self.env.take().unwrap_or_else(env::system);
        self.core.clone().confidential(store, env)
    }
}

impl<A: Buildable> fmt::Debug for Builder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}

pub(crate) use sealed::{Buildable, Confidential};

mod sealed {
    /// An application that a builder makes.
    pub trait Buildable {
        /// What it is driven by, as far as the program has said.
        type Means: Default;
    }

    /// An application that proves who it is.
    pub trait Confidential {}
}
