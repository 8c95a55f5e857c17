//! The options that say where tokens are kept, and how.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use msal::{Compatibility, Error};

use crate::input::wrong;

/// Where tokens are kept, and how.
#[derive(Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CacheOptions {
    /// Where tokens are kept: a file in the JSON that all MSALs share; without it nothing is kept
    #[arg(long = "cache", global = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// For which other MSAL app tokens are written
    #[arg(
        long = "cache-compatible",
        global = true,
        value_name = "MSAL",
        value_enum,
        default_value = "standard"
    )]
    compatible: CacheCompatible,
    /// How the file is kept: file as it is, encrypted with a key that is given, keyring with one in the key store of the
    /// system; or a redis:// or rediss:// URL, without a file; file unless set
    #[arg(long = "cache-store", global = true, value_name = "STORE")]
    store: Option<String>,
    /// The variable that holds the encrypted file's key: 32 bytes as base64 or hex
    #[arg(long = "cache-key-env", global = true, value_name = "VAR")]
    key_env: Option<String>,
    /// The file that holds it
    #[arg(long = "cache-key-file", global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Where tokens are kept.
pub(crate) enum Place<'o> {
    Encrypted(&'o Path, KeySource<'o>),
    File(&'o Path),
    Keyring(&'o Path),
    Nowhere,
    Redis(&'o str),
}

/// What holds a key.
pub(crate) enum KeySource<'o> {
    File(&'o Path),
    Variable(&'o str),
}

impl CacheOptions {
    /// Where tokens are kept. Finds options that contradict or miss each other, and reads nothing.
    pub(crate) fn place(&self) -> Result<Place<'_>, Error> {
        let place = match (self.store.as_deref(), self.file.as_deref()) {
            (None, None) => Place::Nowhere,
            (None | Some("file"), Some(file)) => Place::File(file),
            (Some("encrypted"), Some(file)) => return Ok(Place::Encrypted(file, self.key()?)),
            (Some("keyring"), Some(file)) => Place::Keyring(file),
            (Some(url), None) if is_redis(url) => Place::Redis(url),
            (Some(url), Some(_)) if is_redis(url) => {
                return Err(usage("a cache in Redis has no file: leave --cache out"));
            }
            (Some("encrypted" | "file" | "keyring"), None) => {
                return Err(usage("--cache-store needs --cache, unless it is Redis"));
            }
            // Not quoted: it may be a URL with a password, mistyped.
            (Some(_), _) => {
                return Err(usage(
                    "--cache-store is none of file, encrypted, keyring, redis://… and rediss://…",
                ));
            }
        };
        match self.key_env.is_some() || self.key_file.is_some() {
            true => Err(usage(
                "--cache-key-env and --cache-key-file are for --cache-store encrypted",
            )),
            false => Ok(place),
        }
    }

    /// Whether one was named at all.
    pub(crate) fn is_named(&self) -> bool {
        self.file.is_some() || self.store.is_some()
    }

    pub(crate) fn compatibility(&self) -> Compatibility {
        self.compatible.into()
    }

    fn key(&self) -> Result<KeySource<'_>, Error> {
        match (&self.key_env, &self.key_file) {
            (Some(variable), None) => Ok(KeySource::Variable(variable)),
            (None, Some(file)) => Ok(KeySource::File(file)),
            (Some(_), Some(_)) => Err(usage(
                "--cache-key-env and --cache-key-file are two keys: give one",
            )),
            (None, None) => Err(usage(
                "an encrypted cache needs a key: give --cache-key-env or --cache-key-file",
            )),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CacheCompatible {
    Standard,
    Python,
    Node,
    Dotnet,
    #[value(name = "python+node")]
    PythonAndNode,
}

impl From<CacheCompatible> for Compatibility {
    fn from(choice: CacheCompatible) -> Self {
        match choice {
            CacheCompatible::Standard => Self::Standard,
            CacheCompatible::Python => Self::Python,
            CacheCompatible::Node => Self::Node,
            CacheCompatible::Dotnet => Self::Dotnet,
            CacheCompatible::PythonAndNode => Self::PythonAndNode,
        }
    }
}

fn is_redis(store: &str) -> bool {
    let scheme = store.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("redis") || scheme.eq_ignore_ascii_case("rediss")
    })
}

fn usage(why: &'static str) -> Error {
    wrong("command line", why)
}
