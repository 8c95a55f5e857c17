use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{Error, ErrorKind};

/// The GUID that ties one call's requests, logs and errors together; sent as `client-request-id`.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct CorrelationId(Uuid);

impl From<Uuid> for CorrelationId {
    fn from(guid: Uuid) -> Self {
        Self(guid)
    }
}

impl FromStr for CorrelationId {
    type Err = Error;

    /// Reads the hyphenated form, `8-4-4-4-12` hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        match Uuid::try_parse(text) {
            Ok(guid) if text.len() == HYPHENATED => Ok(Self(guid)),
            _ => Err(Error::new(ErrorKind::InvalidArgument("correlation id"))
                .because("it must be a GUID, as in 8-4-4-4-12 hexadecimal digits")),
        }
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const HYPHENATED: usize = 36;
