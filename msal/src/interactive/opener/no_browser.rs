use std::error::Error;
use std::fmt;

/// Why no browser can be opened here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NoBrowser {
    /// The process runs in a container.
    Container,
    /// There is neither an X nor a Wayland display.
    NoDisplay,
    /// None of the programs that open a browser is there.
    NoProgram,
    /// The user is on another machine, and no display leads there.
    RemoteSession,
    /// The process runs as another user than the one who sits there.
    Sudo,
}

impl fmt::Display for NoBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no browser can be opened here: ")?;
        f.write_str(match self {
            Self::Container => "this is a container",
            Self::NoDisplay => "there is no display",
            Self::NoProgram => "no program was found that opens one",
            Self::RemoteSession => "this is an SSH session without a display",
            Self::Sudo => "this runs through sudo, and a browser is not to run as another user",
        })
    }
}

impl Error for NoBrowser {}
