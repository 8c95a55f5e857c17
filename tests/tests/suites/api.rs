//! Applications of both APIs under one name, so that each case is played on both.

use std::sync::Arc;
use std::time::Duration;

use msal::{
    AsyncHost, AsyncTransport, AuthenticationResult, AuthoritySettings, ClientCredential,
    CorrelationId, Env, Error, Host, Request, ReqwestTransport, Response, TokenCache, Transport,
    TransportError, UreqTransport, run, run_async,
};
use msal_core::app::{ApplicationBuilder, ClientCredentialOptions};
use msal_core::authority::region::RegionSetting;
use msal_testing::LocalIdentityProvider;
use tokio::runtime::Runtime;

use crate::wire::{Counted, Traffic};

/// One of the two APIs, over its own transport.
#[derive(Clone)]
pub(crate) enum Api {
    Async(Arc<Runtime>, Arc<Counted<ReqwestTransport>>),
    Blocking(Arc<Counted<UreqTransport>>),
}

impl Api {
    pub(crate) fn asynchronous(provider: &LocalIdentityProvider, traffic: &Traffic) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // A server that floods one connection keeps one worker busy; the other keeps the time.
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let transport = Counted::reqwest(provider, traffic);
        Self::Async(Arc::new(runtime), Arc::new(transport))
    }

    pub(crate) fn blocking(provider: &LocalIdentityProvider, traffic: &Traffic) -> Self {
        Self::Blocking(Arc::new(Counted::ureq(provider, traffic)))
    }

    pub(crate) fn app(&self, setup: Setup) -> App {
        if let Some(imds) = setup.instance_metadata {
            // The facade reads this from the environment, which a test cannot set for itself.
            let mut settings = AuthoritySettings::default();
            settings.region = Some(RegionSetting::Auto);
            settings.region_environment.imds_host = Some(imds);
            let builder = ApplicationBuilder::new(setup.client_id)
                .authority(&setup.authority)
                .authority_settings(settings)
                .credential(setup.credential);
            let core = builder.confidential(Arc::new(setup.cache), setup.env);
            return App::Core(self.clone(), core.unwrap());
        }
        macro_rules! configured {
            ($builder:expr, $transport:expr) => {
                $builder
                    .authority(&setup.authority)
                    .azure_region("off")
                    .credential(setup.credential)
                    .token_cache(setup.cache)
                    .transport($transport.clone())
                    .env(setup.env)
                    .build()
                    .unwrap()
            };
        }
        match self {
            Self::Async(runtime, transport) => {
                let builder = msal::ConfidentialClientApplication::builder(setup.client_id);
                App::Async(runtime.clone(), configured!(builder, transport))
            }
            Self::Blocking(transport) => {
                let builder =
                    msal::blocking::ConfidentialClientApplication::builder(setup.client_id);
                App::Blocking(configured!(builder, transport))
            }
        }
    }
}

/// What an application is made of.
pub(crate) struct Setup {
    pub(crate) client_id: String,
    pub(crate) authority: String,
    /// Where the machine's region is asked for; no region is used without.
    pub(crate) instance_metadata: Option<String>,
    pub(crate) credential: ClientCredential,
    pub(crate) cache: TokenCache,
    pub(crate) env: Env,
}

/// An application of either API.
pub(crate) enum App {
    Async(Arc<Runtime>, msal::ConfidentialClientApplication),
    Blocking(msal::blocking::ConfidentialClientApplication),
    /// Without the facade.
    Core(Api, msal_core::ConfidentialClientApplication),
}

/// What a call is given.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) correlation_id: Option<CorrelationId>,
    pub(crate) force_refresh: bool,
    pub(crate) claims: Option<String>,
    pub(crate) client_claims: Option<String>,
    pub(crate) fmi_path: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
}

impl App {
    pub(crate) fn acquire(
        &self,
        scope: &str,
        options: &Options,
    ) -> Result<AuthenticationResult, Error> {
        macro_rules! configured {
            ($app:expr) => {{
                let mut call = $app.acquire_token_for_client([scope.to_owned()]);
                if let Some(timeout) = options.timeout {
                    call = call.timeout(timeout);
                }
                if let Some(id) = options.correlation_id {
                    call = call.correlation_id(id);
                }
                if options.force_refresh {
                    call = call.force_refresh();
                }
                if let Some(claims) = &options.claims {
                    call = call.claims(claims);
                }
                if let Some(claims) = &options.client_claims {
                    call = call.client_claims(claims);
                }
                if let Some(path) = &options.fmi_path {
                    call = call.fmi_path(path);
                }
                if let Some(tenant) = &options.tenant {
                    call = call.tenant(tenant);
                }
                for (name, value) in &options.parameters {
                    call = call.extra_parameter(name, value);
                }
                call
            }};
        }
        match self {
            Self::Async(runtime, app) => {
                let call = configured!(app).into_future();
                runtime.block_on(call)
            }
            Self::Blocking(app) => configured!(app).send(),
            Self::Core(api, app) => {
                let mut given = ClientCredentialOptions::default();
                given.call.timeout = options.timeout;
                given.call.correlation_id = options.correlation_id;
                given.force_refresh = options.force_refresh;
                let flow = app.acquire_token_for_client([scope], Some(Box::new(given)));
                match api {
                    Api::Async(runtime, transport) => {
                        runtime.block_on(run_async(flow, &Driver(transport.clone())))
                    }
                    Api::Blocking(transport) => run(flow, &Driver(transport.clone())),
                }
            }
        }
    }
}

/// A transport, and the least that flows need beside it.
struct Driver<T>(Arc<T>);

impl<T: AsyncTransport> AsyncHost for Driver<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send_on_terms(request).await
    }

    async fn wait(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }
}

impl<T: Transport> Host for Driver<T> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request)
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send_on_terms(request)
    }

    fn wait(&self, delay: Duration) {
        std::thread::sleep(delay);
    }
}
