//! Sending over ureq.

use std::fmt;
use std::time::Duration;

use http::{Method, request::Parts};
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody};

use msal_core::{Request, Response, SendOptions, ServerTrust, Transport, TransportError};

use crate::body;
use crate::builder::{Settings, UreqTransportBuilder};
use crate::clients::{Clients, Terms};
use crate::failure::transport_error;

/// Sends requests with [`ureq`], on the caller's thread.
///
/// Made once and shared by every application of the program, it keeps connections open and reuses them. Nothing is read or
/// opened before the first request.
pub struct UreqTransport {
    settings: Settings,
    agents: Clients<Agent>,
}

impl UreqTransport {
    /// A transport with the default settings: the environment's proxy and the platform's trust store.
    pub fn new() -> Self {
        Self::with(UreqTransportBuilder::new().finish())
    }

    /// Begins to set a transport up.
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::new()
    }

    /// Begins with a [`ureq`] configuration of the program's own, which is finished so that it does what a transport must:
    /// no redirect followed, nothing decompressed, every status an answer.
    ///
    /// Its TLS settings do not count, only those given here: the connections are this crate's own.
    ///
    /// ```
    /// use msal_http_ureq::UreqTransport;
    ///
    /// let config = ureq::Agent::config_builder().max_idle_connections(2);
    /// let transport = UreqTransport::from_config_builder(config).build()?;
    /// # Ok::<(), msal_core::Error>(())
    /// ```
    pub fn from_config_builder(base: ConfigBuilder<AgentScope>) -> UreqTransportBuilder {
        UreqTransportBuilder::on(base)
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self {
            settings,
            agents: Clients::new(),
        }
    }
}

impl Default for UreqTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let options = SendOptions::of(&request);
        if options.trust != ServerTrust::Platform && request.uri().scheme_str() != Some("https") {
            return Err(TransportError::refused(
                "a pinned certificate needs an https URL",
            ));
        }
        if options.time_left.is_zero() {
            return Err(TransportError::timeout());
        }
        let terms = Terms::of(&options)?;
        let agent = self.agents.get(terms, || self.settings.agent(terms))?;
        let (parts, body) = request.into_parts();
        if body.is_empty() && matches!(parts.method, Method::GET | Method::HEAD | Method::DELETE) {
            return exchange(&agent, parts, (), &options);
        }
        exchange(&agent, parts, &*body, &options)
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.send(request)
    }
}

impl fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UreqTransport")
            .field("settings", &self.settings)
            .finish()
    }
}

fn exchange(
    agent: &Agent,
    parts: Parts,
    body: impl AsSendBody,
    options: &SendOptions,
) -> Result<Response, TransportError> {
    let request = agent
        .configure_request(http::Request::from_parts(parts, body))
        .timeout_global(Some(options.time_left.min(LONGEST)))
        // The connector knows the way.
        .proxy(None)
        .build();
    let answer = agent.run(request).map_err(transport_error)?;
    let (parts, body) = answer.into_parts();
    let mut response = Response::new(body::read(body, options.max_body)?);
    *response.status_mut() = parts.status;
    *response.version_mut() = parts.version;
    *response.headers_mut() = parts.headers;
    Ok(response)
}

// A deadline that no clock can hold would panic.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
