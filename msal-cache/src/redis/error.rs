use std::io;
use std::sync::Arc;
use std::time::Duration;

use msal_core::{Error, ErrorKind};
use redis::ErrorKind as Cause;

/// Why a value in Redis could not be read or written. Nothing of values, passwords and the server's own words is told:
/// those may repeat what was sent.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The answer is none that Redis gives to this.
    #[error("{doing} in Redis gave an answer that could not be understood")]
    Answer {
        /// What was tried, such as `writing`.
        doing: &'static str,
    },
    /// Others wrote the value all the time. Nothing was changed.
    #[error("a value in Redis was written by others for {} ms", waited.as_millis())]
    Busy {
        /// For how long it was tried.
        waited: Duration,
    },
    /// There is no connection: nobody listens there, or it cannot be trusted (TLS).
    #[error("Redis at `{address}` cannot be reached")]
    Connect {
        /// Host and port.
        address: Arc<str>,
        /// What the operating system or TLS said.
        source: Arc<io::Error>,
    },
    /// The connection was lost before the answer came.
    #[error("the connection to Redis was lost while {doing}")]
    Lost {
        /// What was tried.
        doing: &'static str,
        /// What the operating system or TLS said, if anything.
        source: Option<Arc<io::Error>>,
    },
    /// The future is not polled on tokio.
    #[error("no tokio runtime is here: use the blocking store, or tokio")]
    NoRuntime,
    /// Redis does not accept the user name and password, or was not given any.
    #[error("Redis at `{address}` refuses this user name and password")]
    Password {
        /// Host and port.
        address: Arc<str>,
    },
    /// Redis said no.
    #[error("Redis refused {doing} ({code}){}", hint(code))]
    Refused {
        /// What was tried.
        doing: &'static str,
        /// The first word of what it said, such as `NOPERM` or `OOM`.
        code: Arc<str>,
    },
    /// No answer came in time.
    #[error("Redis did not answer within {} ms while {doing}", after.as_millis())]
    Timeout {
        /// What was tried.
        doing: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The value would become larger than it may be. Nothing was changed.
    #[error("a value for Redis has {bytes} bytes, more than the {limit} it may have")]
    TooLarge {
        /// How large.
        bytes: u64,
        /// How large it may be.
        limit: u64,
    },
}

impl RedisError {
    /// What became of a request, by what the driver says.
    pub(super) fn of(doing: &'static str, error: &redis::RedisError) -> Self {
        match error.kind() {
            Cause::Io => Self::Lost {
                doing,
                source: io_source(error),
            },
            // The driver's words for an answer that ends in its middle.
            Cause::Parse
                if error
                    .detail()
                    .is_some_and(|text| text.contains("end of input")) =>
            {
                Self::Lost {
                    doing,
                    source: None,
                }
            }
            Cause::Parse | Cause::UnexpectedReturnType => Self::Answer { doing },
            _ => match error.code() {
                Some(code) => Self::Refused {
                    doing,
                    code: word(code),
                },
                None => Self::Answer { doing },
            },
        }
    }

    /// Whether the same may succeed when tried again: a value in demand, a lost connection, a server that starts.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Connect { .. } | Self::Lost { .. } | Self::Timeout { .. } => {
                true
            }
            Self::Refused { code, .. } => TRANSIENT.contains(&&**code),
            _ => false,
        }
    }

    /// Whether the connection is of no use any more.
    pub(super) fn ends_connection(&self) -> bool {
        match self {
            Self::Answer { .. } | Self::Lost { .. } | Self::Timeout { .. } => true,
            // After a failover the name may lead to another server.
            Self::Refused { code, .. } => **code == *"READONLY" || **code == *"MASTERDOWN",
            _ => false,
        }
    }

    pub(super) fn is_unknown_script(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if **code == *"NOSCRIPT")
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        Self::new(ErrorKind::Cache)
            .because(error.to_string())
            .with_source(error)
    }
}

fn io_source(error: &redis::RedisError) -> Option<Arc<io::Error>> {
    let source = std::error::Error::source(error)?;
    let source = source
        .downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>()
        .map_or(source, |shared| &**shared);
    let io = source.downcast_ref::<io::Error>()?;
    Some(Arc::new(io::Error::new(io.kind(), io.to_string())))
}

/// Codes are one word in capitals; what is none may be anything.
fn word(code: &str) -> Arc<str> {
    let is_code = code.len() <= LONGEST && code.bytes().all(|byte| byte.is_ascii_uppercase());
    match is_code && !code.is_empty() {
        true => code.into(),
        false => "ERR".into(),
    }
}

fn hint(code: &str) -> &'static str {
    match code {
        "ASK" | "CLUSTERDOWN" | "MOVED" => ": the keys of a cluster need a proxy",
        "CROSSSLOT" => ": all keys of a name belong on one node",
        "LOADING" => ": it is starting",
        "MISCONF" => ": it cannot save to its disk",
        "NOAUTH" => ": put user name and password into the URL",
        "NOPERM" => ": this user lacks a right that the documentation names",
        "OOM" => ": it has no memory left",
        "READONLY" => ": it is a replica",
        "WRONGTYPE" => ": the key is another program's, so use another prefix",
        _ => "",
    }
}

const TRANSIENT: [&str; 7] = [
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "OOM",
    "READONLY",
    "TRYAGAIN",
];

const LONGEST: usize = 32;
