//! Caches that other programs on the machine keep, to be looked into.
//!
//! They are read and never written, unless [asked](FileStore::read_only): `known::azure_cli()?.read_only(false)`.
//! On Windows and macOS these programs encrypt what they keep unless told otherwise, and nothing is found here then.
//!
//! ```
//! use msal_cache::file::known;
//! use msal_cache::persist::PersistentCache;
//!
//! let store = known::azure_cli_in(|name| (name == "HOME").then(|| "/home/ada".into()))?;
//! # #[cfg(unix)]
//! assert_eq!(store.path().to_str(), Some("/home/ada/.azure/msal_token_cache.json"));
//! let cache = PersistentCache::new(store);
//! # Ok::<(), msal_cache::file::FileError>(())
//! ```

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, FileStore};

/// The name that azure-identity gives its cache unless told otherwise.
pub const AZURE_IDENTITY: &str = "msal.cache";

/// The cache of the Azure CLI: `msal_token_cache.json` in the folder that `AZURE_CONFIG_DIR` names, or else in `.azure`
/// in the user's home.
///
/// Fails when neither is known.
pub fn azure_cli() -> Result<FileStore, FileError> {
    azure_cli_in(|name| std::env::var_os(name))
}

/// [`azure_cli`] in another environment.
pub fn azure_cli_in(
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<FileStore, FileError> {
    let folder = match folder(&environment, "AZURE_CONFIG_DIR") {
        Some(folder) => folder,
        None => home(&environment)?.join(".azure"),
    };
    looked_at(&folder.join("msal_token_cache.json"))
}

/// The cache of azure-identity of this name, such as [`AZURE_IDENTITY`], in `.IdentityService` in the user's home.
///
/// It keeps two: `has_cae` tells which, the one of tokens that can be revoked at any time (continuous access evaluation)
/// or the one of those that cannot. On Linux it is there only where programs allowed that nothing is encrypted.
///
/// Fails when the name is no file's, or the user's home is not known.
pub fn azure_identity(name: &str, has_cae: bool) -> Result<FileStore, FileError> {
    azure_identity_in(name, has_cae, |name| std::env::var_os(name))
}

/// [`azure_identity`] in another environment.
pub fn azure_identity_in(
    name: &str,
    has_cae: bool,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<FileStore, FileError> {
    let whole = Path::new(name);
    if whole.file_name() != Some(whole.as_os_str()) {
        return Err(missing("using", whole, io::ErrorKind::InvalidInput));
    }
    let suffix = match has_cae {
        true => ".cae",
        false => ".nocae",
    };
    let local = folder(&environment, "LOCALAPPDATA").filter(|_| cfg!(windows));
    let base = match local {
        Some(folder) => folder,
        None => home(&environment)?,
    };
    let folder = base.join(".IdentityService");
    looked_at(&folder.join([name, suffix].concat()))
}

fn looked_at(path: &Path) -> Result<FileStore, FileError> {
    Ok(FileStore::new(path)?.shared(true).read_only(true))
}

fn home(environment: &impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, FileError> {
    let variable = match cfg!(windows) {
        true => "USERPROFILE",
        false => "HOME",
    };
    let home = folder(environment, variable);
    home.ok_or_else(|| missing("finding", Path::new("~"), io::ErrorKind::NotFound))
}

/// An empty variable is none.
fn folder(environment: &impl Fn(&str) -> Option<OsString>, variable: &str) -> Option<PathBuf> {
    let value = environment(variable).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

fn missing(doing: &'static str, path: &Path, kind: io::ErrorKind) -> FileError {
    FileError::io(doing, path)(io::Error::from(kind))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_azure_cli_keeps_its_cache_where_it_is_told() {
        let at = |pairs: &[(&str, &str)]| path(azure_cli_in(given(pairs)));
        let home = ("HOME", "/home/ada");
        let default = "/home/ada/.azure/msal_token_cache.json";
        assert_eq!(at(&[home]).as_deref(), Some(default));
        assert_eq!(
            at(&[home, ("AZURE_CONFIG_DIR", "")]).as_deref(),
            Some(default)
        );
        let told = at(&[("AZURE_CONFIG_DIR", "/srv/az")]);
        assert_eq!(told.as_deref(), Some("/srv/az/msal_token_cache.json"));
        assert_eq!(at(&[]), None);
        assert_eq!(at(&[("HOME", "")]), None);
    }

    #[test]
    fn azure_identity_keeps_two_caches_of_a_name() {
        let at = |name, has_cae| path(azure_identity_in(name, has_cae, given(&[HOME])));
        let folder = "/home/ada/.IdentityService/";
        assert_eq!(
            at(AZURE_IDENTITY, false),
            Some(format!("{folder}msal.cache.nocae"))
        );
        assert_eq!(
            at(AZURE_IDENTITY, true),
            Some(format!("{folder}msal.cache.cae"))
        );
        assert_eq!(at("mine", true), Some(format!("{folder}mine.cae")));
        for name in ["", ".", "..", "../x", "/x", "a/b", "a/"] {
            assert_eq!(at(name, false), None, "{name}");
        }
    }

    #[test]
    fn what_is_known_is_only_read_unless_asked() {
        let store = azure_cli_in(given(&[HOME])).expect("the home is known");
        assert!(store.is_read_only());
        assert!(!store.read_only(false).is_read_only());
    }

    fn given(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        }
    }

    fn path(store: Result<FileStore, FileError>) -> Option<String> {
        let path = store.ok()?.path();
        path.to_str().map(str::to_owned)
    }

    const HOME: (&str, &str) = ("HOME", "/home/ada");
}
