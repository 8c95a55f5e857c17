//! Opening the user's browser: a program that is given the address as an argument, never a shell.

mod child;
mod linux;
mod macos;
mod no_browser;
mod plan;
mod surroundings;
mod windows;

use std::ffi::{OsStr, OsString};
use std::io;

use url::{Host, Url};

pub use no_browser::NoBrowser;
pub use plan::{Attempt, plan};
pub use surroundings::{Surroundings, System};

/// Shows an address to the user.
///
/// A closure is one too:
///
/// ```
/// use msal::interactive::Browser;
/// use url::Url;
///
/// fn is_browser(_: &impl Browser) {}
/// is_browser(&|url: &Url| {
///     eprintln!("please open {url}");
///     Ok(())
/// });
/// ```
pub trait Browser: Send + Sync {
    /// Begins to show the address, and does not wait until it is shown.
    ///
    /// # Errors
    ///
    /// It cannot be shown here.
    fn open(&self, url: &Url) -> io::Result<()>;
}

impl<F: Fn(&Url) -> io::Result<()> + Send + Sync> Browser for F {
    fn open(&self, url: &Url) -> io::Result<()> {
        self(url)
    }
}

/// The user's default browser.
///
/// Where none can open (in a container, over SSH without a display, as root through `sudo`) it says so: the error's
/// source is a [`NoBrowser`]. What becomes of the browser afterwards nobody hears of, so show the address as well.
///
/// The environment variable `BROWSER` is kept from the program that opens it, since that would run what it says.
#[derive(Clone, Debug)]
pub struct SystemBrowser {
    surroundings: Surroundings,
    honours_variable: bool,
}

impl SystemBrowser {
    /// The default browser of whoever runs this program.
    pub fn new() -> Self {
        Self::in_surroundings(Surroundings::of_this_process())
    }

    /// Leaves `BROWSER` in the environment, which `xdg-open` and others honour.
    #[must_use]
    pub fn honour_browser_variable(mut self) -> Self {
        self.honours_variable = true;
        self
    }

    #[doc(hidden)]
    pub fn in_surroundings(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            honours_variable: false,
        }
    }
}

impl Default for SystemBrowser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> io::Result<()> {
        let url = checked(url)?;
        let attempts = plan(&self.surroundings, url)
            .map_err(|reason| io::Error::new(io::ErrorKind::Unsupported, reason))?;
        child::start(attempts, self.honours_variable)
    }
}

/// A program that is given the address as its only argument.
///
/// It may stay in the foreground and write: it is not waited for, and what it writes is not shown.
#[derive(Clone, Debug)]
pub struct OpenWith(OsString);

impl OpenWith {
    /// This program, by its path or by a name to look for in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self(program.as_ref().to_owned())
    }
}

impl Browser for OpenWith {
    fn open(&self, url: &Url) -> io::Result<()> {
        let attempt = Attempt::new(&self.0, [checked(url)?.as_str()]);
        child::start(vec![attempt], false)
    }
}

/// Only what a sign-in page can have as its address: no file, no program's own scheme, and nothing that a program
/// could take for an option.
fn checked(url: &Url) -> io::Result<&Url> {
    let is_web = match url.scheme() {
        "https" => url.has_host(),
        // A provider of one's own, for tests.
        "http" => match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    };
    match is_web {
        true => Ok(url),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "only an https address is shown in a browser",
        )),
    }
}
