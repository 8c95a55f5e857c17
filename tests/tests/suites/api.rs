//! Applications of both APIs under one name, so that each case is played on both.

use std::sync::Arc;
use std::time::Duration;

use msal::{
    AsyncHost, AsyncTransport, AuthenticationResult, AuthoritySettings, ClientCredential,
    CorrelationId, Env, Error, Flow, Host, Request, ReqwestTransport, Response, TokenCache,
    Transport, TransportError, UreqTransport, run, run_async,
};
use msal_core::app::{ApplicationBuilder, ClientCredentialOptions};
use msal_core::authority::region::RegionSetting;
use msal_testing::LocalIdentityProvider;
use tokio::runtime::Runtime;

use crate::clock::TestClock;
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
        match self.web(setup) {
            Side::Async(runtime, app) => App::Async(runtime, app),
            Side::Blocking(app) => App::Blocking(app),
        }
    }

    pub(crate) fn web(&self, setup: Setup) -> Web {
        let credential = setup.credential.clone();
        match self {
            Self::Async(runtime, transport) => {
                let builder = msal::ConfidentialClientApplication::builder(&setup.client_id);
                let builder = builder.credential(credential);
                Side::Async(runtime.clone(), configured!(builder, setup, transport))
            }
            Self::Blocking(transport) => {
                let builder =
                    msal::blocking::ConfidentialClientApplication::builder(&setup.client_id);
                let builder = builder.credential(credential);
                Side::Blocking(configured!(builder, setup, transport))
            }
        }
    }

    /// The credential of the setup is left out.
    pub(crate) fn desktop(&self, setup: Setup) -> Desktop {
        match self {
            Self::Async(runtime, transport) => {
                let builder = msal::PublicClientApplication::builder(&setup.client_id);
                Side::Async(runtime.clone(), configured!(builder, setup, transport))
            }
            Self::Blocking(transport) => {
                let builder = msal::blocking::PublicClientApplication::builder(&setup.client_id);
                Side::Blocking(configured!(builder, setup, transport))
            }
        }
    }

    /// Drives a flow whose waits take no time.
    pub(crate) fn drive<T>(&self, flow: Flow<T>, clock: &TestClock) -> Result<T, Error> {
        let clock = Some(clock.clone());
        match self {
            Self::Async(runtime, transport) => {
                runtime.block_on(run_async(flow, &Driver(transport.clone(), clock)))
            }
            Self::Blocking(transport) => run(flow, &Driver(transport.clone(), clock)),
        }
    }
}

/// An application of either API, one type for both.
pub(crate) enum Side<A, B> {
    Async(Arc<Runtime>, A),
    Blocking(B),
}

/// An application that cannot keep a secret.
pub(crate) type Desktop =
    Side<msal::PublicClientApplication, msal::blocking::PublicClientApplication>;
/// An application that can.
pub(crate) type Web =
    Side<msal::ConfidentialClientApplication, msal::blocking::ConfidentialClientApplication>;

/// Makes a call on an application of either API.
macro_rules! make {
    ($application:expr, |$app:ident| $call:expr) => {
        match $application {
            $crate::api::Side::Async(runtime, $app) => runtime.block_on($call.into_future()),
            $crate::api::Side::Blocking($app) => $call.send(),
        }
    };
}
pub(crate) use make;

/// What an application is made of.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) client_id: String,
    pub(crate) authority: String,
    /// Where the machine's region is asked for; no region is used without.
    pub(crate) instance_metadata: Option<String>,
    pub(crate) credential: ClientCredential,
    pub(crate) cache: TokenCache,
    pub(crate) env: Env,
}

/// What is the same for the builders of all applications.
macro_rules! configured {
    ($builder:expr, $setup:expr, $transport:expr) => {
        $builder
            .authority(&$setup.authority)
            .azure_region("off")
            .show_refresh_tokens(true)
            .token_cache($setup.cache)
            .transport($transport.clone())
            .env($setup.env)
            .build()
            .unwrap()
    };
}
use configured;

/// An application of either API, for its own tokens.
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
                        runtime.block_on(run_async(flow, &Driver(transport.clone(), None)))
                    }
                    Api::Blocking(transport) => run(flow, &Driver(transport.clone(), None)),
                }
            }
        }
    }
}

/// A transport, and the least that flows need beside it. Under a clock, waits are over at once.
struct Driver<T>(Arc<T>, Option<TestClock>);

impl<T: AsyncTransport> AsyncHost for Driver<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send_on_terms(request).await
    }

    async fn wait(&self, delay: Duration) {
        match &self.1 {
            Some(clock) => clock.pass(delay),
            None => tokio::time::sleep(delay).await,
        }
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
        match &self.1 {
            Some(clock) => clock.pass(delay),
            None => std::thread::sleep(delay),
        }
    }
}
