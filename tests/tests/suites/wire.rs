//! The real transports, with a counter, and a way to let one kind of request reach a port where nobody listens.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use msal::{
    AsyncTransport, Request, ReqwestTransport, Response, Transport, TransportError, UreqTransport,
};
use msal_testing::{Endpoint, LocalIdentityProvider};

/// What a transport was asked to send.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sent: Vec<Endpoint>,
    refused: Option<(Endpoint, u16)>,
}

impl Traffic {
    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        let state = self.0.lock().unwrap();
        state.sent.iter().filter(|sent| **sent == endpoint).count()
    }

    pub(crate) fn total(&self) -> usize {
        self.0.lock().unwrap().sent.len()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap() = State::default();
    }

    /// From now on requests of this kind go to a port where nobody listens.
    pub(crate) fn refuse(&self, endpoint: Endpoint) {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        self.0.lock().unwrap().refused = Some((endpoint, port));
    }

    /// Counts the request. If it is to be refused, it is given the address for that.
    fn note(&self, request: &mut Request) -> bool {
        let endpoint = endpoint(request);
        let mut state = self.0.lock().unwrap();
        state.sent.push(endpoint);
        match state.refused {
            Some((refused, port)) if refused == endpoint => {
                let address = format!("https://127.0.0.1:{port}/");
                *request.uri_mut() = address.parse().unwrap();
                true
            }
            _ => false,
        }
    }
}

/// A transport that counts.
pub(crate) struct Counted<T> {
    traffic: Traffic,
    to_provider: T,
    straight: T,
}

impl Counted<ReqwestTransport> {
    pub(crate) fn reqwest(provider: &LocalIdentityProvider, traffic: &Traffic) -> Self {
        let builder = || ReqwestTransport::builder().add_root_certificates_pem(provider.ca_pem());
        Self {
            traffic: traffic.clone(),
            to_provider: builder().proxy(provider.proxy_url()).build().unwrap(),
            straight: builder().no_proxy().build().unwrap(),
        }
    }
}

impl Counted<UreqTransport> {
    pub(crate) fn ureq(provider: &LocalIdentityProvider, traffic: &Traffic) -> Self {
        let builder = || UreqTransport::builder().add_root_certificates_pem(provider.ca_pem());
        Self {
            traffic: traffic.clone(),
            to_provider: builder().proxy(provider.proxy_url()).build().unwrap(),
            straight: builder().no_proxy().build().unwrap(),
        }
    }
}

#[async_trait::async_trait]
impl<T: AsyncTransport> AsyncTransport for Counted<T> {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        match self.traffic.note(&mut request) {
            true => self.straight.send(request).await,
            false => self.to_provider.send(request).await,
        }
    }

    async fn send_on_terms(&self, mut request: Request) -> Result<Response, TransportError> {
        self.traffic.note(&mut request);
        self.to_provider.send_on_terms(request).await
    }
}

impl<T: Transport> Transport for Counted<T> {
    fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        match self.traffic.note(&mut request) {
            true => self.straight.send(request),
            false => self.to_provider.send(request),
        }
    }

    fn send_on_terms(&self, mut request: Request) -> Result<Response, TransportError> {
        self.traffic.note(&mut request);
        self.to_provider.send_on_terms(request)
    }
}

fn endpoint(request: &Request) -> Endpoint {
    let path = request.uri().path();
    if path.ends_with("/discovery/instance") {
        Endpoint::InstanceDiscovery
    } else if path.ends_with("/.well-known/openid-configuration") {
        Endpoint::OpenIdConfiguration
    } else if path.ends_with("/token") {
        Endpoint::Token
    } else if path.ends_with("/devicecode") {
        Endpoint::DeviceAuthorization
    } else if path.starts_with("/common/userrealm/") {
        Endpoint::UserRealm
    } else if path.ends_with("/trust/mex") {
        Endpoint::FederationMetadata
    } else if path.starts_with("/adfs/services/trust/") {
        Endpoint::WsTrust
    } else if path.starts_with("/metadata/instance") {
        Endpoint::InstanceMetadata
    } else {
        Endpoint::Unknown
    }
}
