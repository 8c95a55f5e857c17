use std::ffi::OsString;

use url::Url;

use super::surroundings::{Surroundings, System};
use super::{NoBrowser, linux, macos, windows};

/// A program that opens a browser, and what it is given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// Its path.
    pub program: OsString,
    /// All its arguments.
    pub arguments: Vec<OsString>,
    /// The exit codes that say it went well.
    pub good_codes: &'static [i32],
}

impl Attempt {
    pub(super) fn new<'a>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(OsString::from).collect(),
            good_codes: &[0],
        }
    }
}

/// What to run to open a browser, to be tried in turn.
///
/// # Errors
///
/// Nothing that is run here would show the user a page.
pub fn plan(surroundings: &Surroundings, url: &Url) -> Result<Vec<Attempt>, NoBrowser> {
    let url = url.as_str();
    if ["SUDO_USER", "SUDO_UID", "PKEXEC_UID", "DOAS_USER"]
        .iter()
        .any(|name| surroundings.has(name))
    {
        return Err(NoBrowser::Sudo);
    }
    let is_remote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]
        .iter()
        .any(|name| surroundings.has(name));
    let attempts = match surroundings.system {
        System::MacOs if is_remote => return Err(NoBrowser::RemoteSession),
        System::MacOs => macos::attempts(url),
        System::Windows if is_remote => return Err(NoBrowser::RemoteSession),
        System::Windows => windows::attempts(surroundings, url),
        System::Other => linux::attempts(surroundings, url, is_remote)?,
    };
    match attempts.is_empty() {
        true => Err(NoBrowser::NoProgram),
        false => Ok(attempts),
    }
}
