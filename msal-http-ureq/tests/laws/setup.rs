//! Transports and requests for the laws.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use msal_core::{
    Error, ProxyUse, Request, Response, SendOptions, ServerTrust, Thumbprint, TransportError,
    TransportErrorKind,
};
use msal_testing::LocalIdentityProvider;

/// What to set on a builder.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: bool,
    pub(crate) roots: Vec<String>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) user_agent: Option<String>,
    pub(crate) provider: Option<Arc<rustls::crypto::CryptoProvider>>,
    pub(crate) tls: Option<rustls::ClientConfig>,
}

impl Setup {
    /// Straight to servers that `provider` vouches for.
    pub(crate) fn trusting(provider: &LocalIdentityProvider) -> Self {
        Self {
            no_proxy: true,
            roots: vec![provider.ca_pem().to_owned()],
            ..Self::default()
        }
    }

    /// Through `provider` as a proxy.
    pub(crate) fn through(provider: &LocalIdentityProvider) -> Self {
        Self {
            proxy: Some(provider.proxy_url()),
            no_proxy: false,
            ..Self::trusting(provider)
        }
    }
}

/// A transport, whichever it is.
pub(crate) struct Sender {
    pub(crate) send: Send,
    pub(crate) send_on_terms: Send,
    pub(crate) debug: String,
}

type Send = Box<dyn Fn(Request) -> Result<Response, TransportError> + std::marker::Send + Sync>;

impl Sender {
    pub(crate) fn send(&self, request: Request) -> Result<Response, TransportError> {
        (self.send)(request)
    }

    pub(crate) fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        (self.send_on_terms)(request)
    }

    /// The kind of the error that this request must end in.
    pub(crate) fn fail(&self, request: Request) -> TransportErrorKind {
        self.send(request).expect_err("an error").kind()
    }
}

/// Makes a transport as set up.
pub(crate) type Make = fn(Setup) -> Result<Sender, Error>;

pub(crate) fn start() -> LocalIdentityProvider {
    LocalIdentityProvider::start().unwrap()
}

pub(crate) fn token_url(provider: &LocalIdentityProvider) -> String {
    format!("{}/contoso/oauth2/v2.0/token", provider.base_url())
}

pub(crate) fn get(url: &str) -> Request {
    with(Bytes::new(), "GET", url, SendOptions::default())
}

pub(crate) fn post(url: &str) -> Request {
    post_with(url, SendOptions::default())
}

pub(crate) fn post_with(url: &str, options: SendOptions) -> Request {
    with(Bytes::from_static(FORM), "POST", url, options)
}

pub(crate) fn with(body: Bytes, method: &str, url: &str, options: SendOptions) -> Request {
    http::Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(options)
        .body(body)
        .unwrap()
}

pub(crate) fn within(time_left: Duration) -> SendOptions {
    let mut options = SendOptions::default();
    options.time_left = time_left;
    options
}

pub(crate) fn at_most(max_body: usize) -> SendOptions {
    let mut options = SendOptions::default();
    options.max_body = max_body;
    options
}

pub(crate) fn pinned(pin: Thumbprint) -> SendOptions {
    let mut options = SendOptions::default();
    options.proxy = ProxyUse::Never;
    options.trust = ServerTrust::PinnedLeaf(pin);
    options
}

pub(crate) fn unproxied() -> SendOptions {
    let mut options = SendOptions::default();
    options.proxy = ProxyUse::Never;
    options
}

pub(crate) const FORM: &[u8] = b"grant_type=client_credentials&client_id=app";
