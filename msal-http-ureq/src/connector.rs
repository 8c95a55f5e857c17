//! Connects to servers: in the clear or over TLS, straight or through a proxy.

use std::sync::Arc;

use http::Uri;
use rustls::ClientConfig;
use ureq::unversioned::transport::{ConnectionDetails, Connector, TcpConnector, Transport};

use msal_core::TransportError;

use crate::deadline::Deadline;
use crate::failure::NotConnected;
use crate::resolve::resolve;
use crate::route::{Proxy, Route};
use crate::stream::{CutOff, TlsStream};
use crate::tunnel;

/// Makes the connections of one agent.
#[derive(Debug)]
pub(crate) struct ServerConnector {
    pub(crate) route: Route,
    pub(crate) tls: Arc<ClientConfig>,
}

impl Connector<()> for ServerConnector {
    type Out = CutOff;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<CutOff>, ureq::Error> {
        // Wrapped, so that an error of the connection is told from one of the request.
        self.open(details)
            .map(|stream| Some(CutOff(stream)))
            .map_err(|error| ureq::Error::Other(Box::new(NotConnected(error))))
    }
}

impl ServerConnector {
    fn open(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, TransportError> {
        let deadline = Deadline::of(details);
        let stream = match self.route.proxy_for(details.uri) {
            None => tcp(details, &deadline, details.uri)?,
            Some(proxy) => self.tunnel(details, &deadline, &proxy)?,
        };
        if !details.needs_tls() {
            return Ok(stream);
        }
        self.tls(details, &deadline, details.uri, stream)
    }

    fn tunnel(
        &self,
        details: &ConnectionDetails<'_>,
        deadline: &Deadline,
        proxy: &Proxy,
    ) -> Result<Box<dyn Transport>, TransportError> {
        let stream = match proxy.uri.scheme_str() {
            Some("http") => tcp(details, deadline, &proxy.uri)?,
            Some("https") => {
                let stream = tcp(details, deadline, &proxy.uri)?;
                self.tls(details, deadline, &proxy.uri, stream)?
            }
            _ => return Err(TransportError::connect(UnknownProxy)),
        };
        tunnel::open(details, deadline, proxy, stream)
    }

    fn tls(
        &self,
        details: &ConnectionDetails<'_>,
        deadline: &Deadline,
        server: &Uri,
        stream: Box<dyn Transport>,
    ) -> Result<Box<dyn Transport>, TransportError> {
        let host = server.host().unwrap_or_default();
        let tls = TlsStream::handshake(Arc::clone(&self.tls), host, details, deadline, stream)?;
        Ok(Box::new(tls))
    }
}

fn tcp(
    details: &ConnectionDetails<'_>,
    deadline: &Deadline,
    server: &Uri,
) -> Result<Box<dyn Transport>, TransportError> {
    let addrs = resolve(server, details, deadline)?;
    let details = ConnectionDetails {
        uri: server,
        addrs,
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: (details.current_time)(),
        timeout: deadline.left()?,
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    };
    match TcpConnector::default().connect(&details, None::<()>) {
        Ok(Some(stream)) => Ok(Box::new(stream)),
        Ok(None) => Err(TransportError::connect(ureq::Error::ConnectionFailed)),
        Err(error) => Err(deadline.failure(error)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the proxy's scheme is neither http nor https")]
struct UnknownProxy;
