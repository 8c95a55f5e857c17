//! The settings of a transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use log::{Level, log_enabled, warn};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use ureq::Agent;
use ureq::config::{AutoHeaderValue, Config, ConfigBuilder};
use ureq::typestate::AgentScope;

use msal_core::{Error, ErrorKind, TransportError};

use crate::clients::Terms;
use crate::connector::ServerConnector;
use crate::environment::Environment;
use crate::proxy::ProxyUrl;
use crate::resolve::NotYet;
use crate::route::Route;
use crate::tls::Tls;
use crate::transport::UreqTransport;

/// Builds a [`UreqTransport`]. What is not set has a good default.
#[must_use]
pub struct UreqTransportBuilder {
    base: Option<ConfigBuilder<AgentScope>>,
    proxy: ProxyChoice,
    tls: Tls,
    connect_timeout: Option<Duration>,
    user_agent: Option<String>,
    invalid: Option<Error>,
}

impl UreqTransportBuilder {
    /// Sends every request through this proxy: an `http://` or `https://` URL, credentials in it allowed.
    ///
    /// `NO_PROXY` is not looked at then. A request whose terms forbid a proxy still goes straight to its server.
    pub fn proxy(mut self, proxy: impl AsRef<str>) -> Self {
        match ProxyUrl::parse(proxy.as_ref()) {
            Ok(proxy) => self.proxy = ProxyChoice::Fixed(proxy),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::Never;
        self
    }

    /// Trusts the certificates in `pem` as roots, beside those of the platform.
    pub fn add_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.tls.add_roots(pem.as_ref()) {
            self.fail(error);
        }
        self
    }

    /// Does the cryptography of TLS with this provider instead of aws-lc-rs.
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.tls.set_provider(provider);
        self
    }

    /// Uses this TLS configuration: its roots, its client certificate, its provider. The protocol is set to HTTP/1.1.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.tls.set_config(config);
        self
    }

    /// Gives up on a connection after this long, 10 seconds by default: name look-up, proxy and TLS included.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// Calls itself this in the `User-Agent` header of requests that have none.
    pub fn user_agent(mut self, name: impl AsRef<str>) -> Self {
        match http::HeaderValue::from_str(name.as_ref()) {
            Ok(_) => self.user_agent = Some(name.as_ref().to_owned()),
            Err(source) => {
                self.fail(Error::new(ErrorKind::InvalidArgument("user agent")).with_source(source));
            }
        }
        self
    }

    /// Checks the settings. The agent is made for the first request, and the trust store read for the first TLS.
    pub fn build(self) -> Result<UreqTransport, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        self.tls.check()?;
        Ok(UreqTransport::with(self.finish()))
    }

    pub(crate) fn new() -> Self {
        Self {
            base: None,
            proxy: ProxyChoice::Unset,
            tls: Tls::default(),
            connect_timeout: None,
            user_agent: None,
            invalid: None,
        }
    }

    pub(crate) fn on(base: ConfigBuilder<AgentScope>) -> Self {
        Self {
            base: Some(base),
            ..Self::new()
        }
    }

    /// The settings without what could make them invalid.
    pub(crate) fn finish(self) -> Settings {
        let own = self.base.is_some();
        let mut builder = self.base.unwrap_or_else(defaults);
        if let Some(name) = &self.user_agent {
            builder = builder.user_agent(name);
        }
        if let Some(limit) = self.connect_timeout {
            builder = builder.timeout_connect(Some(limit));
        }
        let config = builder
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .save_redirect_history(false)
            .accept_encoding(AutoHeaderValue::None)
            .build();
        let proxy = match self.proxy {
            ProxyChoice::Unset if own => ProxyChoice::Configured(config.proxy().cloned()),
            chosen => chosen,
        };
        Settings {
            config,
            proxy,
            tls: self.tls,
        }
    }

    fn fail(&mut self, error: Error) {
        self.invalid.get_or_insert(error);
    }
}

impl fmt::Debug for UreqTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UreqTransportBuilder")
            .field("own_config", &self.base.is_some())
            .field("proxy", &self.proxy)
            .field("tls", &self.tls)
            .field("connect_timeout", &self.connect_timeout)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

/// What an agent is made from.
pub(crate) struct Settings {
    config: Config,
    proxy: ProxyChoice,
    tls: Tls,
}

impl Settings {
    /// Makes the agent for these terms.
    pub(crate) fn agent(&self, terms: Terms) -> Result<Agent, TransportError> {
        warn_of_dumps();
        let tls = match terms.pin {
            Some(pin) => self.tls.pinned(pin)?,
            None => self.tls.ordinary()?,
        };
        let connector = ServerConnector {
            route: self.route(terms),
            tls: Arc::new(tls),
        };
        Ok(Agent::with_parts(self.config.clone(), connector, NotYet))
    }

    fn route(&self, terms: Terms) -> Route {
        if !terms.proxied {
            return Route::Direct;
        }
        match &self.proxy {
            ProxyChoice::Unset => Route::Environment(Environment::read()),
            ProxyChoice::Never | ProxyChoice::Configured(None) => Route::Direct,
            ProxyChoice::Fixed(url) => Route::through(url),
            // The agent's own reading of the environment differs: it has one proxy for all schemes.
            ProxyChoice::Configured(Some(proxy)) if proxy.is_from_env() => {
                Route::Environment(Environment::read())
            }
            ProxyChoice::Configured(Some(proxy)) => Route::Configured(proxy.clone()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("proxy", &self.proxy)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

enum ProxyChoice {
    /// The environment decides.
    Unset,
    /// The program's own configuration has decided.
    Configured(Option<ureq::Proxy>),
    Fixed(ProxyUrl),
    Never,
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("Unset"),
            Self::Configured(_) => f.write_str("Configured"),
            Self::Fixed(proxy) => proxy.fmt(f),
            Self::Never => f.write_str("Never"),
        }
    }
}

fn warn_of_dumps() {
    if log_enabled!(target: "ureq_proto::util", Level::Trace) {
        warn!("the crate `ureq_proto` logs tokens at level TRACE: keep it at DEBUG");
    }
}

fn defaults() -> ConfigBuilder<AgentScope> {
    Config::builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .max_idle_age(POOL_IDLE_TIMEOUT)
        .max_idle_connections(POOL_MAX_IDLE)
        .max_idle_connections_per_host(POOL_MAX_IDLE)
        .max_response_header_size(MAX_HEAD)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .user_agent(USER_AGENT)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

// Shorter than any front end of the identity provider keeps a silent connection open.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(45);

const POOL_MAX_IDLE: usize = 16;

const MAX_HEAD: usize = 64 * 1024;

// The head of an answer must fit.
const INPUT_BUFFER: usize = MAX_HEAD + 16 * 1024;

const OUTPUT_BUFFER: usize = 16 * 1024;

const USER_AGENT: &str = concat!("msal-rust/", env!("CARGO_PKG_VERSION"));
