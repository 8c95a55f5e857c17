//! The JSON that MSAL Python, Node, .NET, Go and Java share.

mod buffer;
mod depth;
mod entry;
mod fields;
mod inspect;
mod key;
mod newest;
mod read;
mod report;
mod unreadable;
mod write;

use std::fmt;

pub use inspect::{InspectedEntry, Inspection, inspect};
pub(crate) use newest::newest;
pub(crate) use read::read;
pub use report::{Collision, Damage, Report};
use serde::{Serialize, Serializer};
pub(crate) use unreadable::Unreadable;
pub(crate) use write::write;

/// How tokens of applications are written, on which the libraries that may share the file do not agree.
///
/// | | the member `home_account_id` | found by |
/// |---|---|---|
/// | `Standard`, `Node` | `""` | MSAL Node, Go, Java, .NET |
/// | `Python` | `null` | MSAL Python, Go, Java; a user cache of MSAL .NET fails to load it |
/// | `Dotnet` | absent | MSAL .NET, Go, Java |
/// | `PythonAndNode` | two entries, one with `null` and one with `""` | MSAL Python, Node, Go, Java |
///
/// All are read, whatever is written. A file is written by one setting throughout: entries of other libraries too. Their
/// environment stays as it is; MSAL Python finds a token of an application only under the host of its own authority.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Compatibility {
    /// For MSAL .NET.
    Dotnet,
    /// For MSAL Node.
    Node,
    /// For MSAL Python.
    Python,
    /// For MSAL Python and Node with one file.
    PythonAndNode,
    /// For programs that use this library.
    #[default]
    Standard,
}

/// What an entry of a cache is: the section of the file that it is in.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Kind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An id token.
    IdToken,
    /// An account.
    Account,
    /// What is known of an application.
    AppMetadata,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::AccessToken,
        Self::RefreshToken,
        Self::IdToken,
        Self::Account,
        Self::AppMetadata,
    ];

    /// The name of the section, such as `AccessToken`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "AccessToken",
            Self::RefreshToken => "RefreshToken",
            Self::IdToken => "IdToken",
            Self::Account => "Account",
            Self::AppMetadata => "AppMetadata",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
