//! The settings of a transport.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Proxy};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use msal_core::{Error, ErrorKind, TransportError};

use crate::clients::Terms;
use crate::failure::transport_error;
use crate::proxy::ProxyUrl;
use crate::tls::Tls;
use crate::transport::ReqwestTransport;

/// Builds a [`ReqwestTransport`]. What is not set has a good default.
#[must_use]
pub struct ReqwestTransportBuilder {
    settings: Settings,
    invalid: Option<Error>,
}

impl ReqwestTransportBuilder {
    /// Sends every request through this proxy: an `http://` or `https://` URL, credentials in it allowed.
    ///
    /// `NO_PROXY` is not looked at then. A request whose terms forbid a proxy still goes straight to its server.
    pub fn proxy(mut self, proxy: impl AsRef<str>) -> Self {
        match ProxyUrl::parse(proxy.as_ref()) {
            Ok(proxy) => self.settings.proxy = ProxyChoice::Fixed(proxy),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.settings.proxy = ProxyChoice::Never;
        self
    }

    /// Trusts the certificates in `pem` as roots, beside those of the platform.
    pub fn add_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.settings.tls().add_roots(pem.as_ref()) {
            self.fail(error);
        }
        self
    }

    /// Does the cryptography of TLS with this provider instead of aws-lc-rs.
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.settings.tls().set_provider(provider);
        self
    }

    /// Uses this TLS configuration: its roots, its client certificate, its provider. The protocol is set to HTTP/1.1.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.settings.tls().set_config(config);
        self
    }

    /// Gives up on a connection after this long, 10 seconds by default: name look-up, proxy and TLS included.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.connect_timeout = Some(limit);
        self
    }

    /// Calls itself this in the `User-Agent` header of requests that have none.
    pub fn user_agent(mut self, name: impl AsRef<str>) -> Self {
        match http::HeaderValue::from_str(name.as_ref()) {
            Ok(_) => self.settings.user_agent = Some(name.as_ref().to_owned()),
            Err(source) => {
                self.fail(Error::new(ErrorKind::InvalidArgument("user agent")).with_source(source));
            }
        }
        self
    }

    /// Checks the settings. The client is made for the first request, and the trust store read for the first TLS.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        if let Some(tls) = &self.settings.tls {
            tls.check()?;
        }
        Ok(ReqwestTransport::with(self.settings))
    }

    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            invalid: None,
        }
    }

    pub(crate) fn on(base: impl Fn() -> ClientBuilder + Send + Sync + 'static) -> Self {
        let mut builder = Self::new();
        builder.settings.base = Some(Arc::new(base));
        builder
    }

    fn fail(&mut self, error: Error) {
        self.invalid.get_or_insert(error);
    }
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

/// What a client is made from.
#[derive(Default)]
pub(crate) struct Settings {
    base: Option<Arc<dyn Fn() -> ClientBuilder + Send + Sync>>,
    proxy: ProxyChoice,
    tls: Option<Tls>,
    connect_timeout: Option<Duration>,
    user_agent: Option<String>,
}

impl Settings {
    /// Makes the client for these terms.
    pub(crate) fn client(&self, terms: Terms) -> Result<Client, TransportError> {
        let builder = self.configured_tls(self.begin(), terms)?;
        self.proxy(builder, terms)?
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            // RFC 6761 section 6.3: never a name server's to say.
            .resolve_to_addrs("localhost", &LOCALHOST)
            .build()
            .map_err(transport_error)
    }

    /// The program's own builder, or ours; what was set beside it outranks both.
    fn begin(&self) -> ClientBuilder {
        let mut builder = match &self.base {
            Some(base) => base(),
            None => Client::builder()
                .http1_only()
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(POOL_IDLE_TIMEOUT)
                .pool_max_idle_per_host(POOL_MAX_IDLE)
                .user_agent(USER_AGENT),
        };
        if let Some(limit) = self.connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        if let Some(name) = &self.user_agent {
            builder = builder.user_agent(name);
        }
        builder
    }

    fn configured_tls(
        &self,
        builder: ClientBuilder,
        terms: Terms,
    ) -> Result<ClientBuilder, TransportError> {
        let config = match (terms.pin, &self.tls, &self.base) {
            (None, None, Some(_)) => return Ok(builder),
            (None, tls, _) => tls.clone().unwrap_or_default().ordinary()?,
            (Some(pin), tls, _) => tls.clone().unwrap_or_default().pinned(pin)?,
        };
        Ok(builder.tls_backend_preconfigured(config))
    }

    fn tls(&mut self) -> &mut Tls {
        self.tls.get_or_insert_default()
    }

    fn proxy(&self, builder: ClientBuilder, terms: Terms) -> Result<ClientBuilder, TransportError> {
        if !terms.proxied {
            return Ok(builder.no_proxy());
        }
        match &self.proxy {
            ProxyChoice::Unset => Ok(builder),
            ProxyChoice::Never => Ok(builder.no_proxy()),
            ProxyChoice::Fixed(url) => {
                let proxy = Proxy::all(url.as_url().clone()).map_err(transport_error)?;
                Ok(builder.no_proxy().proxy(proxy))
            }
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("own_builder", &self.base.is_some())
            .field("proxy", &self.proxy)
            .field("tls", &self.tls)
            .field("connect_timeout", &self.connect_timeout)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

#[derive(Debug, Default)]
enum ProxyChoice {
    /// The program's own builder decides, or else the environment.
    #[default]
    Unset,
    Never,
    Fixed(ProxyUrl),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

// Shorter than any front end of the identity provider keeps a silent connection open.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(45);

const POOL_MAX_IDLE: usize = 16;

// Port 0 stands for the URL's port.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

const USER_AGENT: &str = concat!("msal-rust/", env!("CARGO_PKG_VERSION"));
