//! Tells from an agent's error how far the request came.

use msal_core::TransportError;
use ureq::Error;

/// What the connector met, before a byte of the request was sent.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct NotConnected(pub(crate) TransportError);

/// Classes an error of the sending or the reading, without any text that may repeat a URL or a header.
pub(crate) fn transport_error(error: Error) -> TransportError {
    match error {
        Error::Other(error) => match error.downcast::<NotConnected>() {
            Ok(not_connected) => not_connected.0,
            Err(error) => TransportError::interrupted(error),
        },
        Error::Io(error) => TransportError::interrupted(error),
        Error::Timeout(_) => TransportError::timeout(),
        Error::Http(error) => TransportError::refused(error),
        Error::BadUri(_) | Error::RequireHttpsOnly(_) => {
            TransportError::refused("the request's URL cannot be used")
        }
        Error::Protocol(error) => protocol(&error.to_string()),
        Error::LargeResponseHeader(..) => {
            TransportError::interrupted("the answer's header is too large")
        }
        error => TransportError::interrupted(error),
    }
}

/// What comes after the first colon may be the value of a header.
fn protocol(text: &str) -> TransportError {
    let what = text.split(':').next().unwrap_or_default();
    TransportError::interrupted(format!("the answer is no proper HTTP: {what}"))
}
