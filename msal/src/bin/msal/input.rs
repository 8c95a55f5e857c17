//! Files and variables that arguments name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use msal::{Error, ErrorKind};

/// Reads a file of at most `limit` bytes; `what` names it in errors. It may be a pipe.
pub(crate) fn file(path: &Path, what: &'static str, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| {
            wrong(
                what,
                format!("`{}` cannot be read: {error}", path.display()),
            )
        })?;
    if bytes.len() as u64 > limit {
        let why = format!("`{}` is larger than {limit} bytes", path.display());
        return Err(wrong(what, why));
    }
    Ok(bytes)
}

/// Reads a variable that holds a secret; it may be empty.
pub(crate) fn variable(name: &str, what: &'static str) -> Result<String, Error> {
    std::env::var(name).map_err(|error| {
        wrong(
            what,
            match error {
                std::env::VarError::NotPresent => format!("the variable `{name}` is not set"),
                std::env::VarError::NotUnicode(_) => {
                    format!("the variable `{name}` does not hold UTF-8")
                }
            },
        )
    })
}

pub(crate) fn wrong(what: &'static str, why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument(what)).because(why)
}

/// Enough for any key, certificate chain or token.
pub(crate) const SMALL: u64 = 1 << 20;
