//! What this machine says of itself, for managed identities.

#[cfg(unix)]
mod keys;
#[cfg(not(unix))]
#[path = "keys_other.rs"]
mod keys;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use msal_core::managed_identity::Machine;

pub(crate) use keys::Keys;

/// This machine, as its environment and its files tell now.
pub(crate) fn this() -> Machine {
    let machine = Machine::read(|name| std::env::var(name).ok());
    let Some(places) = Places::here() else {
        return machine;
    };
    machine
        .with_arc_agent(is_there(&places.agent))
        .with_arc_keys(places.keys, Arc::new(Keys))
}

/// Where Azure Arc's agent is, and where it leaves its keys.
struct Places {
    agent: PathBuf,
    keys: PathBuf,
}

impl Places {
    #[cfg(target_os = "linux")]
    fn here() -> Option<Self> {
        Some(Self {
            agent: "/opt/azcmagent/bin/himds".into(),
            keys: "/var/opt/azcmagent/tokens".into(),
        })
    }

    /// Untested: there is no Windows where this was written.
    #[cfg(windows)]
    fn here() -> Option<Self> {
        let folder = |variable| std::env::var_os(variable).map(PathBuf::from);
        let agent = folder("ProgramFiles")?.join("AzureConnectedMachineAgent");
        let keys = folder("ProgramData")?.join("AzureConnectedMachineAgent");
        Some(Self {
            agent: agent.join("himds.exe"),
            keys: keys.join("Tokens"),
        })
    }

    #[cfg(not(any(target_os = "linux", windows)))]
    fn here() -> Option<Self> {
        None
    }
}

fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or_default()
}
