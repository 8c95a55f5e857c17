//! Sending over reqwest.

use std::fmt;
use std::mem;
use std::time::Duration;

use async_trait::async_trait;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method};
use reqwest::{Client, ClientBuilder};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use msal_core::{
    AsyncTransport, Request, Response, SendOptions, ServerTrust, TransportError, TransportErrorKind,
};

use crate::begun::{Begun, OnceBody};
use crate::body;
use crate::builder::{ReqwestTransportBuilder, Settings};
use crate::clients::{Clients, Terms};
use crate::failure::transport_error;

/// Sends requests with [`reqwest`], on tokio.
///
/// Made once and shared by every application of the program, it keeps connections open and reuses them. Nothing is read or
/// opened before the first request.
pub struct ReqwestTransport {
    source: Source,
}

enum Source {
    Settings {
        settings: Box<Settings>,
        clients: Clients<Client>,
    },
    Finished(Client),
}

impl ReqwestTransport {
    /// A transport with the default settings: the environment's proxy and the platform's trust store.
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// Begins to set a transport up.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new()
    }

    /// Begins with a [`reqwest::ClientBuilder`] of the program's own, which is finished so that it does what a transport
    /// must: no redirect followed, nothing sent twice, nothing decompressed.
    ///
    /// `base` is called for each client that is needed: one for ordinary requests, and one for each kind of terms.
    /// Its TLS and proxy settings stand where none are given here, except that requests with terms are sent by them.
    ///
    /// ```
    /// use msal_http_reqwest::ReqwestTransport;
    ///
    /// let transport = ReqwestTransport::from_client_builder(|| {
    ///     reqwest::Client::builder().pool_max_idle_per_host(2)
    /// })
    /// .build()?;
    /// # Ok::<(), msal_core::Error>(())
    /// ```
    pub fn from_client_builder(
        base: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::on(base)
    }

    /// Takes a finished client, whose settings can neither be seen nor changed.
    ///
    /// The danger: a client that follows redirects hands the secrets of a request to whomever the server names. An answer
    /// from another URL is an error, but by then they are sent. Requests with terms are refused as unsupported.
    pub fn danger_from_client(client: Client) -> Self {
        Self {
            source: Source::Finished(client),
        }
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self {
            source: Source::Settings {
                settings: Box::new(settings),
                clients: Clients::new(),
            },
        }
    }

    fn client(&self, options: &SendOptions) -> Result<Client, TransportError> {
        let terms = Terms::of(options)?;
        match &self.source {
            Source::Settings { settings, clients } => clients.get(terms, || settings.client(terms)),
            Source::Finished(client) if terms.are_ordinary() => Ok(client.clone()),
            Source::Finished(_) => Err(TransportError::unsupported(options.demands())),
        }
    }
}

impl Default for ReqwestTransport {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl AsyncTransport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let options = SendOptions::of(&request);
        if Handle::try_current().is_err() {
            return Err(TransportError::unsupported(
                "sending outside a tokio runtime",
            ));
        }
        if options.trust != ServerTrust::Platform && request.uri().scheme_str() != Some("https") {
            return Err(TransportError::refused(
                "a pinned certificate needs an https URL",
            ));
        }
        if options.time_left.is_zero() {
            return Err(TransportError::timeout());
        }
        let client = self.client(&options)?;
        let (request, begun) = prepared(request)?;
        let deadline = Instant::now() + options.time_left.min(LONGEST);
        let sending = exchange(&client, request, options.max_body);
        let outcome = match timeout_at(deadline, sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TransportError::timeout()),
        };
        outcome.map_err(|error| match begun {
            Some(begun) if begun.take_back() => not_sent(error),
            _ => error,
        })
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.send(request).await
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ReqwestTransport");
        match &self.source {
            Source::Settings { settings, .. } => out.field("settings", settings),
            // A client shows its default headers, which may hold secrets.
            Source::Finished(_) => out.field("client", &"finished"),
        };
        out.finish()
    }
}

/// Turns the request into the client's, and follows its body, where it has any.
fn prepared(request: Request) -> Result<(reqwest::Request, Option<Begun>), TransportError> {
    let (parts, body) = request.into_parts();
    let empty = body.is_empty();
    let (body, begun) = OnceBody::new(body);
    let body = match empty {
        true => reqwest::Body::default(),
        false => reqwest::Body::wrap(body),
    };
    let request = http::Request::from_parts(parts, body);
    let mut request = reqwest::Request::try_from(request).map_err(transport_error)?;
    if !empty {
        return Ok((request, Some(begun)));
    }
    if matches!(
        *request.method(),
        Method::PATCH | Method::POST | Method::PUT
    ) {
        // RFC 9110 section 8.6: these methods give a meaning to a body, so that none is said, too.
        let length = HeaderValue::from_static("0");
        request.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Ok((request, None))
}

async fn exchange(
    client: &Client,
    request: reqwest::Request,
    max_body: usize,
) -> Result<Response, TransportError> {
    let url = request.url().clone();
    let mut answer = client.execute(request).await.map_err(transport_error)?;
    if *answer.url() != url {
        return Err(TransportError::refused(
            "the answer came from another URL than the request was sent to",
        ));
    }
    let body = body::read(&mut answer, max_body).await?;
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.version_mut() = answer.version();
    *response.headers_mut() = mem::take(answer.headers_mut());
    Ok(response)
}

/// Names the error of a request that was never begun: where it looked as if it had been, there was no connection.
fn not_sent(error: TransportError) -> TransportError {
    match error.kind() {
        TransportErrorKind::Interrupted => TransportError::connect(error),
        TransportErrorKind::Timeout => TransportError::connect(TooLate),
        _ => error,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the time for the whole request passed before there was a connection")]
struct TooLate;

// A deadline that no clock can hold would panic.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
