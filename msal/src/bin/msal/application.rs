//! The application that the common options describe, over the transport that was asked for.
//!
//! There are four types of application. A command says by which of them its call is offered (`any`, or the
//! `confidential` or `public` ones alone), and [`make!`] makes the call on the one that there is.

use std::sync::Arc;

use msal::store::TokenStore;
use msal::{
    ConfidentialClientApplication, Error, ErrorKind, PublicClientApplication, ReqwestTransport,
    UreqTransport, blocking,
};

use crate::input::{self, SMALL, wrong};
use crate::options::{CommonOptions, Switch, TransportChoice};

/// A confidential client where a credential was given, a public one otherwise.
pub(crate) enum Application {
    Confidential(Driven<ConfidentialClientApplication, blocking::ConfidentialClientApplication>),
    Public(Driven<PublicClientApplication, blocking::PublicClientApplication>),
}

/// A client of the async API, or of the blocking one.
pub(crate) enum Driven<A, B> {
    Async(A, Executor),
    Blocking(B),
}

/// The same settings for the builders of all types, which share no trait that can be named.
macro_rules! built {
    ($builder:expr, $common:expr, $region:expr, $cache:expr) => {{
        let common: &CommonOptions = $common;
        let mut builder = match common.oidc {
            true => $builder.oidc_authority(&common.authority),
            false => $builder.authority(&common.authority),
        };
        builder = builder
            .token_store($cache.clone())
            .client_capabilities(&common.client_capabilities)
            .instance_discovery(common.instance_discovery == Switch::On);
        if let Some(region) = $region {
            builder = builder.azure_region(region);
        }
        builder.build()?
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

impl Application {
    /// Makes the application. Reads its credential and sends nothing.
    pub(crate) fn new(
        common: &CommonOptions,
        region: Option<&str>,
        cache: &Arc<dyn TokenStore>,
    ) -> Result<Self, Error> {
        let id = common.client_id()?;
        let credential = common.credential.read()?;
        Ok(match (credential, common.transport) {
            (Some(credential), TransportChoice::Reqwest) => {
                let builder = ConfidentialClientApplication::builder(id)
                    .credential(credential)
                    .transport(connected!(ReqwestTransport::builder(), common));
                let app = built!(builder, common, region, cache);
                Self::Confidential(Driven::Async(app, Executor::new()?))
            }
            (Some(credential), TransportChoice::Ureq) => {
                let builder = blocking::ConfidentialClientApplication::builder(id)
                    .credential(credential)
                    .transport(connected!(UreqTransport::builder(), common));
                Self::Confidential(Driven::Blocking(built!(builder, common, region, cache)))
            }
            (None, TransportChoice::Reqwest) => {
                let builder = PublicClientApplication::builder(id)
                    .transport(connected!(ReqwestTransport::builder(), common));
                let app = built!(builder, common, region, cache);
                Self::Public(Driven::Async(app, Executor::new()?))
            }
            (None, TransportChoice::Ureq) => {
                let builder = blocking::PublicClientApplication::builder(id)
                    .transport(connected!(UreqTransport::builder(), common));
                Self::Public(Driven::Blocking(built!(builder, common, region, cache)))
            }
        })
    }
}

/// Makes a call: `make!(application, any |app| app.accounts())`.
macro_rules! make {
    ($application:expr, $kind:ident |$app:ident| $call:expr) => {
        crate::application::each!($application, $kind driven => match driven {
            crate::application::Driven::Async($app, executor) => executor.run($call.into_future()),
            crate::application::Driven::Blocking($app) => $call.send(),
        })
    };
}

/// Finds what is wrong with a call before anything is sent for it. What the cache holds is an answer too.
macro_rules! check {
    ($application:expr, $kind:ident |$app:ident| $call:expr) => {
        crate::application::each!($application, $kind driven => {
            let ready = match driven {
                crate::application::Driven::Async($app, _) => $call.into_flow().try_ready(),
                crate::application::Driven::Blocking($app) => $call.into_flow().try_ready(),
            };
            match ready {
                Ok(Err(error)) => Err(error),
                _ => Ok(()),
            }
        })
    };
}

/// Says why a call would be answered from the cache, or why not.
macro_rules! explain {
    ($application:expr, $kind:ident |$app:ident| $call:expr) => {
        crate::application::each!($application, $kind driven => match driven {
            crate::application::Driven::Async($app, _) => $call.explain(),
            crate::application::Driven::Blocking($app) => $call.explain(),
        })
    };
}

/// Evaluates a result for whichever kind of application there is, if it is one of those that will do.
macro_rules! each {
    ($application:expr, any $driven:ident => $result:expr) => {
        match &$application {
            crate::application::Application::Confidential($driven) => $result,
            crate::application::Application::Public($driven) => $result,
        }
    };
    ($application:expr, confidential $driven:ident => $result:expr) => {
        match &$application {
            crate::application::Application::Confidential($driven) => $result,
            crate::application::Application::Public(_) => {
                Err(crate::application::credential_missing())
            }
        }
    };
    ($application:expr, public $driven:ident => $result:expr) => {
        match &$application {
            crate::application::Application::Confidential(_) => {
                Err(crate::application::credential_given())
            }
            crate::application::Application::Public($driven) => $result,
        }
    };
}

/// Adds to a call what the common options say of every request for a token.
macro_rules! told {
    ($call:expr, $common:expr) => {{
        let common: &crate::options::CommonOptions = $common;
        // A renewal beside the call would end with the process.
        let mut call = $call.wait_for_refresh();
        if let Some(claims) = &common.claims {
            call = call.claims(claims);
        }
        if let Some(claims) = &common.client_claims {
            call = call.client_claims(claims);
        }
        if let Some(id) = common.correlation_id {
            call = call.correlation_id(id);
        }
        if let Some(timeout) = common.timeout {
            call = call.timeout(timeout);
        }
        for (name, value) in &common.extra {
            call = call.extra_parameter(name, value);
        }
        call
    }};
}

pub(crate) use {check, connected, each, explain, make, told};

pub(crate) fn credential_missing() -> Error {
    wrong(
        "command line",
        "this command is for confidential clients: give a credential, such as --secret-env",
    )
}

pub(crate) fn credential_given() -> Error {
    wrong(
        "command line",
        "this command is for public clients: leave the credential out",
    )
}

/// Runs the futures of the async API on this thread.
pub(crate) struct Executor(Option<tokio::runtime::Runtime>);

impl Executor {
    pub(crate) fn new() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(ErrorKind::Declined("runtime")).with_source(error))?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn run<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match &self.0 {
            Some(runtime) => runtime.block_on(future),
            None => Err(Error::new(ErrorKind::Internal("executor"))),
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // A name look-up that hangs must not hold up a call that has timed out.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
