//! Files and variables that arguments name.

use std::borrow::Cow;
use std::env::VarError;
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
                VarError::NotPresent if is_name(name) => {
                    format!("the variable `{name}` is not set")
                }
                // Not quoted: it may be the secret itself, given by mistake.
                VarError::NotPresent => "what was given is no name of a variable".to_owned(),
                VarError::NotUnicode(_) => format!("the variable `{name}` does not hold UTF-8"),
            },
        )
    })
}

pub(crate) fn wrong(what: &'static str, why: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument(what)).because(why)
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(is_part)
}

const LONGEST_NAME: usize = 64;
/// Enough for any key, certificate chain or token.
pub(crate) const SMALL: u64 = 1 << 20;
