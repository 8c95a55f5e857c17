//! Files and variables that arguments name.

use std::borrow::Cow;
use std::env::VarError;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use msal::{Error, ErrorKind};

/// Reads a file of at most `limit` bytes; `what` names it in errors. It may be a pipe.
pub(crate) fn file(path: &Path, what: &'static str, limit: u64) -> Result<Vec<u8>, Error> {
    let name = format!("`{}`", path.display());
    whole(File::open(path), &name, what, limit)
}

/// Reads a file that holds text.
pub(crate) fn text(path: &Path, what: &'static str, limit: u64) -> Result<String, Error> {
    utf8(file(path, what, limit)?, what)
}

/// Reads text from standard input, to its end.
pub(crate) fn standard(what: &'static str, limit: u64) -> Result<String, Error> {
    utf8(whole(Ok(io::stdin()), "standard input", what, limit)?, what)
}

/// Reads a variable that holds a secret, and is not empty.
pub(crate) fn secret(name: &str, what: &'static str) -> Result<String, Error> {
    let value = variable(name, what)?;
    match value.trim().is_empty() {
        true => Err(wrong(what, format!("the variable `{name}` is empty"))),
        false => Ok(value),
    }
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

fn whole(
    source: io::Result<impl Read>,
    name: &str,
    what: &'static str,
    limit: u64,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    source
        .and_then(|source| {
            let mut limited = source.take(limit.saturating_add(1));
            limited.read_to_end(&mut bytes)
        })
        .map_err(|error| wrong(what, format!("{name} cannot be read: {error}")))?;
    match bytes.len() as u64 > limit {
        true => Err(wrong(what, format!("{name} is larger than {limit} bytes"))),
        false => Ok(bytes),
    }
}

fn utf8(bytes: Vec<u8>, what: &'static str) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| wrong(what, "it is not UTF-8"))
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(is_part)
}

/// Less than a key of 32 bytes has, however it is written.
const LONGEST_NAME: usize = 42;
/// Enough for any key, certificate chain or token.
pub(crate) const SMALL: u64 = 1 << 20;
