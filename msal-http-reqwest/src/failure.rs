//! Tells from a client's error how far the request came.

use std::error::Error as StdError;
use std::io;

use msal_core::TransportError;

/// Classes an error of the sending or the reading, and takes the URL from its text.
pub(crate) fn transport_error(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_builder() || error.is_redirect() {
        return TransportError::refused(error);
    }
    if error.is_connect() {
        return match find::<rustls::Error>(&error) {
            Some(_) => TransportError::tls(error),
            None => TransportError::connect(error),
        };
    }
    match find::<hyper::Error>(&error) {
        // The connection was found dead before the request was begun.
        Some(hyper) if hyper.is_canceled() => TransportError::connect(error),
        _ if error.is_timeout() => TransportError::timeout(),
        _ => TransportError::interrupted(error),
    }
}

/// The first error of type `E` among `error` and its causes. An [`io::Error`] hides what it wraps from `source()`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
