use std::error::Error;
use std::fmt;
use std::io;

/// Why listening, or waiting for the response, failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// The port could not be had, for another reason than being in use.
    Bind {
        /// The port asked for; 0 for any free one.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// The port is in use.
    Busy {
        /// The port asked for.
        port: u16,
    },
    /// The [`CancelHandle`](crate::interactive::CancelHandle) was used.
    Cancelled,
    /// Connections, or threads for them, could not be had.
    Io(io::Error),
    /// What says whose a response is panicked.
    Panicked,
    /// The path of the redirect URI is none, or none that a browser keeps as it is.
    Path,
    /// The deadline passed.
    TimedOut,
    /// 1,000 connections came, and the response by none of them: something is playing with the port.
    TooManyRequests,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { port: 0, .. } => {
                f.write_str("no port of the loopback address could be had")
            }
            Self::Bind { port, .. } => {
                write!(f, "port {port} of the loopback address could not be had")
            }
            Self::Busy { port } => write!(
                f,
                "port {port} of the loopback address is in use: close the program that holds it, or ask for another"
            ),
            Self::Cancelled => f.write_str("the sign-in was cancelled"),
            Self::Io(_) => f.write_str("connections of the browser could not be accepted"),
            Self::Panicked => f.write_str("the check of the response panicked"),
            Self::Path => {
                f.write_str("the path of the redirect URI is not one that a browser keeps")
            }
            Self::TimedOut => f.write_str("the sign-in did not end in time"),
            Self::TooManyRequests => f.write_str(
                "too many requests came to the loopback listener, and none was the response",
            ),
        }
    }
}

impl Error for ListenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bind { source, .. } | Self::Io(source) => Some(source),
            _ => None,
        }
    }
}
