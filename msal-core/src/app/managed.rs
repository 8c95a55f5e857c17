use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{App, ApplicationBuilder, CallOptions};
use crate::flow::{Flow, Io};
use crate::flows::cached::{CachePolicy, Job};
use crate::flows::managed_identity::ManagedIdentity;
use crate::managed_identity::{
    Machine, ManagedIdentityId, ManagedIdentitySource, Service, resource,
};
use crate::store::{ExtendedKey, Owner, TokenStore};
use crate::{AuthenticationResult, Authority, Env, Error, ErrorKind};

/// An application that runs on a machine of Azure's, under an identity that Azure has given that machine. Cheap to clone;
/// made once and reused.
///
/// Its methods return [flows](Flow): nothing happens until somebody drives them.
#[derive(Clone)]
pub struct ManagedIdentityApplication {
    app: App,
    id: Arc<ManagedIdentityId>,
    machine: Arc<Machine>,
    service: Arc<Service>,
    key: Option<Arc<ExtendedKey>>,
    retries: bool,
}

impl ManagedIdentityApplication {
    /// Which service of Azure's gives the tokens.
    pub fn source(&self) -> ManagedIdentitySource {
        self.service.source()
    }

    /// A token for one resource, such as `https://vault.azure.net`: from the cache, or by the machine's token service.
    ///
    /// The scope `https://vault.azure.net/.default` means the same. A cached token costs no allocation.
    pub fn acquire_token(
        &self,
        resource: &str,
        options: Option<Box<ManagedIdentityOptions>>,
    ) -> Flow<AuthenticationResult> {
        let resource = self::resource(resource);
        if options.is_none()
            && let Some(result) = self.app.machine_hit(resource, self.key.as_deref())
        {
            return Flow::ready(Ok(result));
        }
        let options = options.map(|options| *options).unwrap_or_default();
        let id = options.call.correlation_id;
        match self.job(resource, options) {
            Ok(job) => job.flow(),
            Err(error) => Flow::ready(Err(self.app.tied(error, id))),
        }
    }

    /// The same as a part of another flow, which proves itself with the token.
    pub(crate) async fn acquire_within(
        &self,
        resource: &str,
        io: &mut Io,
    ) -> Result<AuthenticationResult, Error> {
        let resource = self::resource(resource);
        if let Some(result) = self.app.machine_hit(resource, self.key.as_deref()) {
            return Ok(result);
        }
        let job = self.job(resource, ManagedIdentityOptions::default())?;
        job.within(io).await
    }

    /// Whether its cache is kept by what is awaited, which a blocking application cannot do.
    pub(crate) fn needs_async(&self) -> bool {
        let persistence = self.app.persistence.as_ref();
        persistence.is_some_and(|persistence| persistence.is_async())
    }

    fn job(
        &self,
        resource: &str,
        options: ManagedIdentityOptions,
    ) -> Result<Job<ManagedIdentity>, Error> {
        if resource.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument("resource"))
                .because("it is empty: name the API, such as `https://vault.azure.net`"));
        }
        let call = &options.call;
        let is_more = call.client_claims.is_some()
            || !call.parameters.is_empty()
            || call.tenant.is_some()
            || call.scheme.is_bound();
        if is_more {
            return Err(
                Error::new(ErrorKind::Unsupported("this option of a managed identity")).because(
                    "its services take no client claims, parameters, tenants or bound tokens",
                ),
            );
        }
        let policy = CachePolicy {
            cache_only: false,
            force_refresh: options.force_refresh,
        };
        let mut wanted = self
            .app
            .wanted([resource], Owner::App, policy, options.call)?;
        wanted.extended = self.key.clone();
        let grant = ManagedIdentity {
            id: self.id.clone(),
            machine: self.machine.clone(),
            resource: resource.to_owned(),
            retries: self.retries,
            service: self.service.clone(),
        };
        Ok(Job::new(grant, wanted, &self.app))
    }
}

impl fmt::Debug for ManagedIdentityApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentityApplication")
            .field("id", &self.id)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// What a [`ManagedIdentityApplication`] is made of.
#[derive(Clone, Debug)]
pub struct ManagedIdentityBuilder {
    id: ManagedIdentityId,
    source: Option<ManagedIdentitySource>,
    capabilities: Vec<String>,
    retries: bool,
    timeout: Duration,
}

impl ManagedIdentityBuilder {
    /// An application under this identity.
    pub fn new(id: ManagedIdentityId) -> Self {
        Self {
            id,
            source: None,
            capabilities: Vec::new(),
            retries: true,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Which service to ask, rather than the one that the machine's environment tells of.
    #[must_use]
    pub fn source(self, source: ManagedIdentitySource) -> Self {
        Self {
            source: Some(source),
            ..self
        }
    }

    /// What the application is able to handle, such as `CP1` for claims challenges.
    #[must_use]
    pub fn client_capabilities<S: Into<String>>(
        self,
        capabilities: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            capabilities: capabilities.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Whether a service that does not answer, or is not well, is asked again within a call; it is by default.
    #[must_use]
    pub fn retries(self, retries: bool) -> Self {
        Self { retries, ..self }
    }

    /// How long a call may take that is not given a limit of its own; 120 seconds by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The application. Decides here and now which service is asked, and asks nobody.
    ///
    /// Fails for an empty id, one of a kind that the service does not take, and where the machine does not say enough of
    /// the service, or names an address that secrets must not be sent to.
    pub fn build(
        self,
        machine: Machine,
        store: Arc<dyn TokenStore>,
        env: Env,
    ) -> Result<ManagedIdentityApplication, Error> {
        let source = self
            .source
            .unwrap_or_else(|| ManagedIdentitySource::detect(&machine));
        let service = Service::new(source, &machine)?;
        service.check(&self.id)?;
        let builder = ApplicationBuilder::new(self.id.cached_as())
            .parsed_authority(Authority::of_managed_identities()?)
            .client_capabilities(self.capabilities)
            .timeout(self.timeout);
        Ok(ManagedIdentityApplication {
            app: builder.managed(store, env)?,
            key: self.id.cache_key(source).map(Arc::new),
            id: Arc::new(self.id),
            machine: Arc::new(machine),
            service: Arc::new(service),
            retries: self.retries,
        })
    }
}

/// What a call for a managed identity's token can be given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ManagedIdentityOptions {
    /// What any call can be given: claims, correlation id, timeout, and whether to wait for a renewal.
    pub call: CallOptions,
    /// Whether to go past the cached access token.
    pub force_refresh: bool,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
