//! What goes wrong, as one type with a kind to match, a source to print, and nothing secret.

mod sanitize;
mod server;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use sanitize::sanitized;
pub use server::ServerError;

use crate::{CorrelationId, TransportError};

/// Why a call ended without what it was asked for. Cheap to clone: everyone who waited for one request gets the same.
///
/// ```
/// # use msal_core::{Error, ErrorKind};
/// # fn sign_in(_claims: Option<&str>) {}
/// # fn later(_pause: std::time::Duration) {}
/// # let outcome: Result<(), Error> = Err(Error::new(ErrorKind::InteractionRequired));
/// match outcome {
///     Err(error) if error.needs_interaction() => sign_in(error.claims()),
///     Err(error) if error.is_retryable() => later(error.retry_after().unwrap_or_default()),
///     Err(error) => eprintln!("{error} (correlation id {:?})", error.correlation_id()),
///     Ok(()) => {}
/// }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Option<Cow<'static, str>>,
    correlation_id: Option<CorrelationId>,
    retry_after: Option<Duration>,
    server: Option<Arc<ServerError>>,
    source: Option<Source>,
}

type Source = Arc<dyn StdError + Send + Sync>;

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: None,
            correlation_id: None,
            retry_after: None,
            server: None,
            source: None,
        }))
    }

    /// Says what happened and what to do about it. Never put a secret, a response body or a URL's query here.
    #[must_use]
    pub fn because(self, message: impl Into<Cow<'static, str>>) -> Self {
        self.with(|inner| inner.message = Some(message.into()))
    }

    /// Names the underlying cause.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with(|inner| inner.source = Some(source.into().into()))
    }

    /// Ties the error to a call, unless it is tied to one already.
    #[must_use]
    pub fn with_correlation_id(self, id: CorrelationId) -> Self {
        if self.0.correlation_id.is_some() {
            return self;
        }
        self.with(|inner| inner.correlation_id = Some(id))
    }

    /// Says how long to wait before the same call may succeed.
    #[must_use]
    pub fn with_retry_after(self, pause: Duration) -> Self {
        self.with(|inner| inner.retry_after = Some(pause))
    }

    /// Keeps what the identity provider said.
    #[must_use]
    pub fn with_server_error(self, server: ServerError) -> Self {
        self.with(|inner| inner.server = Some(Arc::new(server)))
    }

    /// What to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether only the user can mend this, by signing in again.
    pub fn needs_interaction(&self) -> bool {
        self.0.kind == ErrorKind::InteractionRequired
    }

    /// Whether the user, or their administrator, said no: nothing is broken, and asking again at once would be rude.
    pub fn is_declined(&self) -> bool {
        matches!(
            self.code(),
            Some("access_denied" | "authorization_declined")
        )
    }

    /// Whether the same call may succeed when made again, after [`retry_after`](Self::retry_after) where it is given.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Throttled | ErrorKind::Timeout => true,
            ErrorKind::Transport => self.transport().is_none_or(TransportError::is_retryable),
            ErrorKind::Server => self.server().is_some_and(ServerError::is_transient),
            _ => false,
        }
    }

    /// How long to wait before the same call may succeed, where somebody said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The claims challenge to pass to the next interactive call, as received: the text of a JSON object.
    pub fn claims(&self) -> Option<&str> {
        self.server()?.claims()
    }

    /// The OAuth error code (RFC 6749 section 5.2); none when the error is not the identity provider's.
    pub fn code(&self) -> Option<&str> {
        self.server()?.code()
    }

    /// The `AADSTS` numbers of the identity provider's answer. They may change: prefer [`kind`](Self::kind).
    pub fn aadsts_codes(&self) -> &[u32] {
        self.server().map_or(&[], ServerError::aadsts_codes)
    }

    /// Everything the identity provider said that is safe to show.
    pub fn server(&self) -> Option<&ServerError> {
        self.0.server.as_deref()
    }

    /// The id that the failed call's requests carried.
    pub fn correlation_id(&self) -> Option<CorrelationId> {
        self.0.correlation_id
    }

    fn transport(&self) -> Option<&TransportError> {
        self.0.source.as_deref()?.downcast_ref()
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let kind = match error.kind() {
            crate::TransportErrorKind::Timeout => ErrorKind::Timeout,
            crate::TransportErrorKind::TooLarge => ErrorKind::InvalidResponse("response body"),
            crate::TransportErrorKind::Unsupported(what) => ErrorKind::Unsupported(what),
            _ => ErrorKind::Transport,
        };
        Self::new(kind).with_source(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        if let Some(server) = &self.0.server {
            write!(f, ": {server}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind);
        if let Some(message) = &self.0.message {
            out.field("message", message);
        }
        if let Some(server) = &self.0.server {
            out.field("server", server);
        }
        if let Some(id) = &self.0.correlation_id {
            out.field("correlation_id", id);
        }
        if let Some(pause) = &self.0.retry_after {
            out.field("retry_after", pause);
        }
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The cases a caller can act upon.
///
/// [`name`](Self::name) is the stable spelling that the `msal` command prints.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The identity provider's host, or what discovery said of it, cannot be trusted or understood.
    Authority,
    /// The browser could not be waited for: its port is taken, or something is playing with it.
    Browser,
    /// A cache could not be read or written.
    Cache,
    /// A callback that the program supplied panicked; later calls work.
    CallbackPanicked(&'static str),
    /// Somebody gave up waiting: the program, or the person in front of it.
    Cancelled,
    /// The client's credential cannot serve: unreadable, of the wrong kind, refused by its own callback.
    Credential,
    /// Whoever drives the flow has no way to do what it asked for.
    Declined(&'static str),
    /// What the user had to do was not done while it could be.
    Expired(&'static str),
    /// Only the user can mend this, by signing in.
    InteractionRequired,
    /// A defect of this library, in the flow of this name.
    Internal(&'static str),
    /// What the program passed in under this name is malformed; nothing was sent.
    InvalidArgument(&'static str),
    /// The answer of this name could not be understood.
    InvalidResponse(&'static str),
    /// The cache has no such token, and nothing else was to be asked; a call that may ask could renew it.
    NotCached,
    /// The server answered with a redirect, which is never followed.
    Redirected,
    /// The identity provider refused, see [`Error::server`].
    Server,
    /// The identity provider asked for a pause, see [`Error::retry_after`].
    Throttled,
    /// The call's deadline passed.
    Timeout,
    /// The request could not be sent, or its answer not be received.
    Transport,
    /// What was asked for is not to be had here.
    Unsupported(&'static str),
}

impl ErrorKind {
    /// The kind as a stable word in snake case.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Browser => "browser",
            Self::Cache => "cache",
            Self::CallbackPanicked(_) => "callback_panicked",
            Self::Cancelled => "cancelled",
            Self::Credential => "credential",
            Self::Declined(_) => "declined",
            Self::Expired(_) => "expired",
            Self::InteractionRequired => "interaction_required",
            Self::Internal(_) => "internal",
            Self::InvalidArgument(_) => "invalid_argument",
            Self::InvalidResponse(_) => "invalid_response",
            Self::NotCached => "not_cached",
            Self::Redirected => "redirected",
            Self::Server => "server",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Unsupported(_) => "unsupported",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority => f.write_str("the authority cannot be used"),
            Self::Browser => f.write_str("the browser cannot be waited for"),
            Self::Cache => f.write_str("the token cache failed"),
            Self::CallbackPanicked(what) => write!(f, "the {what} panicked"),
            Self::Cancelled => f.write_str("the call was cancelled"),
            Self::Credential => f.write_str("the client credential cannot be used"),
            Self::Declined(what) => write!(f, "the driver declined the {what}"),
            Self::Expired(what) => write!(f, "the {what} has expired"),
            Self::InteractionRequired => f.write_str("the user must sign in"),
            Self::Internal(flow) => {
                write!(f, "internal error in the flow `{flow}`, please report it")
            }
            Self::InvalidArgument(what) => write!(f, "invalid {what}"),
            Self::InvalidResponse(what) => write!(f, "the {what} could not be understood"),
            Self::NotCached => {
                f.write_str("the cache holds no such token, and nothing else was to be asked")
            }
            Self::Redirected => {
                f.write_str("the server answered with a redirect, which is not followed")
            }
            Self::Server => f.write_str("the identity provider refused the request"),
            Self::Throttled => {
                f.write_str("the identity provider asked to wait before trying again")
            }
            Self::Timeout => f.write_str("the call did not end in time"),
            Self::Transport => f.write_str("the request could not be sent"),
            Self::Unsupported(what) => write!(f, "{what} is not supported here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_correlation_id_stays() {
        let id = |text: &str| text.parse::<CorrelationId>().unwrap();
        let first = id("00000000-0000-4000-8000-000000000001");
        let error = Error::new(ErrorKind::Timeout)
            .with_correlation_id(first)
            .with_correlation_id(id("00000000-0000-4000-8000-000000000002"));
        assert_eq!(error.correlation_id(), Some(first));
    }

    #[test]
    fn a_clone_does_not_see_what_the_original_learns_later() {
        let error = Error::new(ErrorKind::Timeout);
        let later = error.clone().because("the token endpoint was slow");
        assert_eq!(error.to_string(), "the call did not end in time");
        assert_eq!(
            later.to_string(),
            "the call did not end in time: the token endpoint was slow"
        );
    }
}
