//! The port to the network: one request out, one response back, nothing else.
//!
//! A transport sends a request once. It never retries, follows a redirect or decompresses; the flows do the first
//! and refuse the others, so that they hold for every transport, a program's own included.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// A request to send. Its [`SendOptions`] are among its extensions.
pub type Request = http::Request<Bytes>;

/// What came back, read whole.
pub type Response = http::Response<Bytes>;

/// Sends requests on the caller's thread.
///
/// ```
/// use msal_core::{Request, Response, Transport, TransportError};
///
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(&self, _request: Request) -> Result<Response, TransportError> {
///         Err(TransportError::connect(std::io::Error::other("this machine has no network")))
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Sends `request` once and reads the whole answer, within the limits of its [`SendOptions`].
    fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Sends a request whose [`SendOptions`] demand something of the connection, or refuses before any byte is sent.
    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        Err(TransportError::unsupported(
            SendOptions::of(&request).demands(),
        ))
    }
}

/// Sends requests without holding up a thread.
///
/// Implemented with [`async_trait`](macro@async_trait):
///
/// ```
/// use msal_core::{AsyncTransport, Request, Response, TransportError};
///
/// struct Offline;
///
/// #[async_trait::async_trait]
/// impl AsyncTransport for Offline {
///     async fn send(&self, _request: Request) -> Result<Response, TransportError> {
///         Err(TransportError::connect(std::io::Error::other("this machine has no network")))
///     }
/// }
/// ```
#[async_trait]
pub trait AsyncTransport: Send + Sync {
    /// Sends `request` once and reads the whole answer, within the limits of its [`SendOptions`].
    async fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Sends a request whose [`SendOptions`] demand something of the connection, or refuses before any byte is sent.
    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        Err(TransportError::unsupported(
            SendOptions::of(&request).demands(),
        ))
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send(request)
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send_on_terms(request)
    }
}

#[async_trait]
impl<T: AsyncTransport + ?Sized> AsyncTransport for Arc<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send(request).await
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send_on_terms(request).await
    }
}

/// The limits of one sending, and what it demands of the connection. An extension of every [`Request`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SendOptions {
    /// How long connecting, sending and reading the whole answer may take.
    pub time_left: Duration,
    /// How many bytes the answer's body may have, counted as received.
    pub max_body: usize,
    /// Whether a proxy may be used.
    pub proxy: ProxyUse,
    /// Whom to trust as the server.
    pub trust: ServerTrust,
}

impl SendOptions {
    /// The options of `request`, or the default limits where it has none.
    pub fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Names what is demanded of the connection beyond an ordinary sending; empty when nothing is.
    pub fn demands(&self) -> &'static str {
        match (self.proxy, &self.trust) {
            (ProxyUse::Configured, ServerTrust::Platform) => "",
            (ProxyUse::Never, ServerTrust::Platform) => "sending without a proxy",
            (_, ServerTrust::PinnedLeaf(_)) => "a pinned server certificate",
        }
    }
}

impl Default for SendOptions {
    /// 30 seconds and 1 MiB, and no demands.
    fn default() -> Self {
        Self {
            time_left: Duration::from_secs(30),
            max_body: 1024 * 1024,
            proxy: ProxyUse::Configured,
            trust: ServerTrust::Platform,
        }
    }
}

/// Marks a request whose path ends in a user's name, which `Debug` does not show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamesUser;

/// Whether a request may go through a proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProxyUse {
    /// Whatever the transport is configured for.
    Configured,
    /// Straight to the server: a link-local service would refuse, or a proxy would see a secret.
    Never,
}

/// Whose certificate a request accepts.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ServerTrust {
    /// Whatever the transport is configured for, by default the platform's roots.
    Platform,
    /// Just the leaf certificate of this thumbprint, whoever signed it and whatever name it bears.
    PinnedLeaf(Thumbprint),
}

/// The hash of a certificate's DER form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Thumbprint {
    /// SHA-1, which Service Fabric still defines.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// Why no response came back.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// No connection came about: no byte of the request was sent.
    pub fn connect(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Connect, source)
    }

    /// The connection ended early, or what came back is no HTTP: the request may have been received.
    pub fn interrupted(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Interrupted, source)
    }

    /// The request could not be put together for this transport, or came back from where it was not sent.
    pub fn refused(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Refused, source)
    }

    /// The time was up: the request may have been received.
    pub fn timeout() -> Self {
        Self {
            kind: TransportErrorKind::Timeout,
            source: None,
        }
    }

    /// The server could not prove who it is: no byte of the request was sent.
    pub fn tls(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Tls, source)
    }

    /// The answer was larger than [`SendOptions::max_body`].
    pub fn too_large() -> Self {
        Self {
            kind: TransportErrorKind::TooLarge,
            source: None,
        }
    }

    /// This transport cannot do what the request demands: no byte was sent.
    pub fn unsupported(what: &'static str) -> Self {
        Self {
            kind: TransportErrorKind::Unsupported(what),
            source: None,
        }
    }

    /// What to match on.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have received the request.
    pub fn may_have_been_sent(&self) -> bool {
        use TransportErrorKind::{Interrupted, Timeout, TooLarge};
        matches!(self.kind, Interrupted | Timeout | TooLarge)
    }

    /// Whether the same request may get through at another time.
    pub fn is_retryable(&self) -> bool {
        use TransportErrorKind::{Connect, Interrupted, Timeout};
        matches!(self.kind, Connect | Interrupted | Timeout)
    }

    fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into().into()),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Connect => f.write_str("no connection could be made"),
            TransportErrorKind::Interrupted => {
                f.write_str("the connection ended before the answer was complete")
            }
            TransportErrorKind::Refused => f.write_str("the transport refused the request"),
            TransportErrorKind::Timeout => f.write_str("no answer came in time"),
            TransportErrorKind::Tls => f.write_str("the server could not prove who it is"),
            TransportErrorKind::TooLarge => f.write_str("the answer was too large"),
            TransportErrorKind::Unsupported(what) => {
                write!(f, "this transport does not support {what}")
            }
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The cases of a [`TransportError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection came about.
    Connect,
    /// The connection ended early, or what came back is no HTTP.
    Interrupted,
    /// The request cannot be sent by this transport, or its answer came from elsewhere.
    Refused,
    /// The time was up.
    Timeout,
    /// The server could not prove who it is.
    Tls,
    /// The answer was larger than allowed.
    TooLarge,
    /// The request demands what this transport cannot do.
    Unsupported(&'static str),
}
