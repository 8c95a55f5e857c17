//! The application that the common options describe, over the transport that was asked for.

use msal::{
    AuthenticationResult, Call, ConfidentialClientApplication, Error, ErrorKind, Explanation,
    ReqwestTransport, TokenCache, UreqTransport, blocking, request::ForClient,
};

use crate::input::{self, SMALL};
use crate::options::{CommonOptions, Switch, TransportChoice};

/// A confidential client.
pub(crate) enum Confidential {
    Async(ConfidentialClientApplication),
    Blocking(blocking::ConfidentialClientApplication),
}

/// What a call for an app token is told.
pub(crate) struct AppTokenCall<'a> {
    pub(crate) common: &'a CommonOptions,
    pub(crate) force_refresh: bool,
    pub(crate) fmi_path: Option<&'a str>,
}

/// The same settings for the builders of both APIs, which share no type that can be named.
macro_rules! configured {
    ($builder:expr, $common:expr, $region:expr, $cache:expr) => {{
        let common: &CommonOptions = $common;
        let mut builder = match common.oidc {
            true => $builder.oidc_authority(&common.authority),
            false => $builder.authority(&common.authority),
        };
        builder = builder
            .token_cache($cache.clone())
            .client_capabilities(&common.client_capabilities)
            .instance_discovery(common.instance_discovery == Switch::On);
        if let Some(region) = $region {
            builder = builder.azure_region(region);
        }
        if let Some(timeout) = common.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(credential) = common.credential.read()? {
            builder = builder.credential(credential);
        }
        builder
    }};
}

/// The same settings for both transports.
macro_rules! connected {
    ($builder:expr, $common:expr) => {{
        let common: &CommonOptions = $common;
        let mut builder = $builder;
        if let Some(proxy) = &common.proxy {
            builder = builder.proxy(proxy);
        }
        if let Some(path) = &common.ca_file {
            let pem = input::file(path, "root certificates", SMALL)?;
            builder = builder.add_root_certificates_pem(pem);
        }
        builder.build()?
    }};
}

impl Confidential {
    /// Makes the client. Reads its credential and sends nothing.
    pub(crate) fn new(
        common: &CommonOptions,
        region: Option<&str>,
        cache: &TokenCache,
    ) -> Result<Self, Error> {
        let id = common.client_id()?;
        Ok(match common.transport {
            TransportChoice::Reqwest => {
                let transport = connected!(ReqwestTransport::builder(), common);
                let builder = ConfidentialClientApplication::builder(id).transport(transport);
                Self::Async(configured!(builder, common, region, cache).build()?)
            }
            TransportChoice::Ureq => {
                let transport = connected!(UreqTransport::builder(), common);
                let builder =
                    blocking::ConfidentialClientApplication::builder(id).transport(transport);
                Self::Blocking(configured!(builder, common, region, cache).build()?)
            }
        })
    }

    /// Gets an app token.
    pub(crate) fn acquire(&self, call: &AppTokenCall<'_>) -> Result<AuthenticationResult, Error> {
        match self {
            Self::Async(app) => block_on(
                call.on(app.acquire_token_for_client(&call.common.scopes))
                    .into_future(),
            ),
            Self::Blocking(app) => call
                .on(app.acquire_token_for_client(&call.common.scopes))
                .send(),
        }
    }

    /// Says what the cache has for the call. Fails where the call would before anything is sent.
    pub(crate) fn explain(&self, call: &AppTokenCall<'_>) -> Result<Explanation, Error> {
        match self {
            Self::Async(app) => call
                .on(app.acquire_token_for_client(&call.common.scopes))
                .explain(),
            Self::Blocking(app) => call
                .on(app.acquire_token_for_client(&call.common.scopes))
                .explain(),
        }
    }
}

impl AppTokenCall<'_> {
    fn on<'a, A, S>(&self, mut call: Call<'a, A, ForClient<S>>) -> Call<'a, A, ForClient<S>> {
        // A renewal beside the call would end with the process.
        call = call.wait_for_refresh();
        if let Some(claims) = &self.common.claims {
            call = call.claims(claims);
        }
        if let Some(claims) = &self.common.client_claims {
            call = call.client_claims(claims);
        }
        if let Some(id) = self.common.correlation_id {
            call = call.correlation_id(id);
        }
        if let Some(path) = self.fmi_path {
            call = call.fmi_path(path);
        }
        if self.force_refresh {
            call = call.force_refresh();
        }
        for (name, value) in &self.common.extra {
            call = call.extra_parameter(name, value);
        }
        call
    }
}

/// Runs the future on this thread.
fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Declined("runtime")).with_source(error))?;
    let outcome = runtime.block_on(future);
    // A name look-up that hangs must not hold up a call that has timed out.
    runtime.shutdown_background();
    outcome
}
