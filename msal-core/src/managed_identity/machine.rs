use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::Error;

/// What a machine says of itself, read once: environment variables, and what Azure Arc's agent has left on it.
///
/// ```
/// use msal_core::managed_identity::{Machine, ManagedIdentitySource};
///
/// let machine = Machine::read(|name| match name {
///     "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:41741/msi/token".to_owned()),
///     "IDENTITY_HEADER" => Some("secret".to_owned()),
///     _ => None,
/// });
/// assert_eq!(ManagedIdentitySource::detect(&machine), ManagedIdentitySource::AppService);
/// ```
#[derive(Clone, Default)]
pub struct Machine {
    variables: BTreeMap<&'static str, Zeroizing<String>>,
    has_arc_agent: bool,
    arc_keys: Option<(PathBuf, Arc<dyn KeyFiles>)>,
}

/// Reads the keys of Azure Arc's agent. A server names the file, so whoever reads must not be led elsewhere: no links,
/// regular files alone.
pub trait KeyFiles: fmt::Debug + Send + Sync {
    /// All of the file of this name in `folder`. Fails where it is more than `limit` bytes.
    fn read(&self, folder: &Path, name: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error>;
}

impl Machine {
    /// A machine of these environment variables; one that is empty counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &&'static str| {
            let value = variable(name)?;
            (!value.is_empty()).then(|| (*name, Zeroizing::new(value)))
        };
        Self {
            variables: VARIABLES.iter().filter_map(read).collect(),
            ..Self::default()
        }
    }

    /// Whether Azure Arc's agent is installed.
    #[must_use]
    pub fn with_arc_agent(self, has_arc_agent: bool) -> Self {
        Self {
            has_arc_agent,
            ..self
        }
    }

    /// Where Azure Arc's agent leaves its keys, and who reads them. Without, Azure Arc cannot be used.
    #[must_use]
    pub fn with_arc_keys(self, folder: impl Into<PathBuf>, files: Arc<dyn KeyFiles>) -> Self {
        // The agent names no path with a separator at the end of its folder.
        let folder = folder.into().components().collect();
        Self {
            arc_keys: Some((folder, files)),
            ..self
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.as_str())
    }

    pub(crate) fn has_arc_agent(&self) -> bool {
        self.has_arc_agent
    }

    pub(crate) fn arc_keys(&self) -> Option<&(PathBuf, Arc<dyn KeyFiles>)> {
        self.arc_keys.as_ref()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some of the values are secrets.
        f.debug_struct("Machine")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("has_arc_agent", &self.has_arc_agent)
            .field(
                "arc_keys",
                &self.arc_keys.as_ref().map(|(folder, _)| folder),
            )
            .finish()
    }
}

pub(super) const DEFAULT_IDENTITY_CLIENT_ID: &str = "DEFAULT_IDENTITY_CLIENT_ID";
pub(super) const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
pub(super) const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
pub(super) const IDENTITY_SERVER_THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";
pub(super) const IMDS_ENDPOINT: &str = "IMDS_ENDPOINT";
pub(super) const MSI_ENDPOINT: &str = "MSI_ENDPOINT";
pub(super) const MSI_SECRET: &str = "MSI_SECRET";
pub(super) const POD_IDENTITY_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

const VARIABLES: &[&str] = &[
    DEFAULT_IDENTITY_CLIENT_ID,
    IDENTITY_ENDPOINT,
    IDENTITY_HEADER,
    IDENTITY_SERVER_THUMBPRINT,
    IMDS_ENDPOINT,
    MSI_ENDPOINT,
    MSI_SECRET,
    POD_IDENTITY_HOST,
];
