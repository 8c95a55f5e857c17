//! How applications are made: the same options for every kind, async and blocking.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use msal_cache::TokenCache;
use msal_core::app::ApplicationBuilder;
use msal_core::authority::AuthoritySettings;
use msal_core::authority::region::{RegionEnvironment, RegionSetting};
use msal_core::credential::ClientCredential;
use msal_core::store::TokenStore;
use msal_core::{Authority, Env, Error, ErrorKind};

use crate::env;
use crate::means::Takes;

/// Makes an application of the type `A`, which is [`ConfidentialClientApplication`](crate::ConfidentialClientApplication)
/// or its namesake in [`blocking`](crate::blocking). Mistakes come out at `build()`.
#[must_use = "a builder does nothing until `build()`"]
pub struct Builder<A: Buildable> {
    core: ApplicationBuilder,
    cache: Option<Arc<dyn TokenStore>>,
    env: Option<Env>,
    region: Option<Result<RegionSetting, Error>>,
    settings: AuthoritySettings,
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
            region: None,
            settings: AuthoritySettings::default(),
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

    /// Hosts to trust without asking Microsoft about them, each as `host` or `host:port`.
    pub fn known_authorities<S: Into<String>>(
        mut self,
        hosts: impl IntoIterator<Item = S>,
    ) -> Self {
        self.settings.known_authorities = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a host that is not built in is asked about at Microsoft; it is by default. Without, it is trusted as it
    /// is: for an identity provider that cannot reach the internet, never for a host that somebody else may choose.
    pub fn instance_discovery(mut self, on: bool) -> Self {
        self.settings.instance_discovery = on;
        self
    }

    /// An instance discovery document, so that nobody need be asked about the hosts in it.
    pub fn instance_metadata(mut self, json: impl Into<String>) -> Self {
        self.settings.instance_metadata = Some(json.into());
        self
    }

    /// The authority's OpenID configuration, so that it need not be fetched. It is checked as if it had been.
    pub fn openid_metadata(mut self, json: impl Into<String>) -> Self {
        self.settings.openid_metadata = Some(json.into());
        self
    }

    /// The region whose token service answers client credentials: a name such as `westus2`, `auto` to find out by
    /// `REGION_NAME` and then the machine's metadata service, or `off`, also where `MSAL_FORCE_REGION` is set.
    pub fn azure_region(self, region: impl AsRef<str>) -> Self {
        Self {
            region: Some(RegionSetting::parse(region.as_ref())),
            ..self
        }
    }

    /// Where tokens are kept: a [`TokenCache`] in memory, or a [`PersistentCache`](crate::PersistentCache) that outlives
    /// the process. Give clones of one to several applications to share it. By default each application has one of its
    /// own, in memory.
    ///
    /// ```
    /// use msal::{PersistentCache, PublicClientApplication};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("my-app/tokens.json");
    ///
    /// let app = PublicClientApplication::builder("client-id")
    ///     .token_cache(PersistentCache::file(path)?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Shows the refresh tokens that results bring, for a program that keeps its own. The cache keeps and uses them in
    /// any case.
    pub fn show_refresh_tokens(self, on: bool) -> Self {
        self.with_core(|core| core.show_refresh_tokens(on))
    }

    /// Checks the signatures of id tokens by the keys that the authority publishes. Off by default: the tokens come
    /// straight from the authority over TLS, which OpenID Connect Core section 3.1.3.7 lets stand for their signatures.
    ///
    /// Takes the feature `certificate`; without it `build()` fails.
    pub fn verify_id_tokens(self, on: bool) -> Self {
        self.with_core(|core| core.verify_id_tokens(on))
    }

    /// What sends the requests: an [`AsyncTransport`](crate::AsyncTransport) for the async API, a
    /// [`Transport`](crate::Transport) for the blocking one. By default reqwest and ureq, by the features of those names.
    pub fn transport<T>(mut self, transport: T) -> Self
    where
        A::Means: Takes<T>,
    {
        self.means.take(transport);
        self
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

    /// The application without what drives it, and what the program said of the latter.
    pub(crate) fn confidential(
        self,
    ) -> Result<(msal_core::ConfidentialClientApplication, A::Means), Error> {
        self.parts(ApplicationBuilder::confidential)
    }
}

impl<A: Buildable> Builder<A> {
    /// The application without what drives it, and what the program said of the latter.
    pub(crate) fn public(self) -> Result<(msal_core::PublicClientApplication, A::Means), Error> {
        self.parts(ApplicationBuilder::public)
    }

    fn parts<C>(
        self,
        build: impl FnOnce(ApplicationBuilder, Arc<dyn TokenStore>, Env) -> Result<C, Error>,
    ) -> Result<(C, A::Means), Error> {
        let store = self.cache.unwrap_or_else(|| Arc::new(TokenCache::new()));
        let is_async = store.persistence().is_some_and(|kept| kept.is_async());
        if is_async && !A::IS_ASYNC {
            return Err(Error::new(ErrorKind::Unsupported("an async token cache"))
                .because("a blocking application cannot wait for it: give a store that blocks"));
        }
        let env = self.env.unwrap_or_else(env::system);
        let mut settings = self.settings;
        settings.region = self.region.transpose()?;
        settings.region_environment = RegionEnvironment::read(|name| std::env::var(name).ok());
        let core = build(self.core.authority_settings(settings), store, env)?;
        Ok((core, self.means))
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

        /// Whether its calls are futures.
        const IS_ASYNC: bool;
    }

    /// An application that proves who it is.
    pub trait Confidential {}
}
