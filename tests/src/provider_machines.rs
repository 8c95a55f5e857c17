//! What a running provider says to programs that run on a machine of Azure's.

use std::io;
use std::path::Path;

use crate::machine::Machine;
use crate::{LocalIdentityProvider, defaults};

impl LocalIdentityProvider {
    /// The environment variables by which a program finds this machine's token service. A real machine leads it to
    /// link-local addresses and fixed ports; these lead to the provider.
    ///
    /// # Errors
    /// When the cryptographic library fails, for Service Fabric's certificate.
    pub fn environment(&self, machine: Machine) -> io::Result<Vec<(&'static str, String)>> {
        let url = |base: String| format!("{base}{}", machine.path());
        let plain = url(self.plain_url());
        Ok(match machine {
            Machine::AppService => vec![
                ("IDENTITY_ENDPOINT", plain),
                ("IDENTITY_HEADER", defaults::IDENTITY_HEADER.to_owned()),
            ],
            Machine::AzureArc => vec![
                ("IDENTITY_ENDPOINT", plain),
                ("IMDS_ENDPOINT", self.plain_url()),
            ],
            Machine::AzureMl => vec![
                ("MSI_ENDPOINT", plain),
                ("MSI_SECRET", defaults::MSI_SECRET.to_owned()),
            ],
            Machine::CloudShell => vec![("MSI_ENDPOINT", plain)],
            Machine::Imds => vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", self.plain_url())],
            Machine::ServiceFabric => vec![
                ("IDENTITY_ENDPOINT", url(self.base_url())),
                ("IDENTITY_HEADER", defaults::IDENTITY_HEADER.to_owned()),
                (
                    "IDENTITY_SERVER_THUMBPRINT",
                    self.thumbprint("localhost")?.sha1_hex(),
                ),
            ],
        })
    }

    /// The folder that Azure Arc's agent writes its keys into.
    #[must_use]
    pub fn arc_keys(&self) -> &Path {
        self.context().machines.keys.folder()
    }

    /// Has Azure Arc's agent be one that ignores which identity it is asked for, and gives the machine's own.
    pub fn set_old_arc_agent(&self, is_old: bool) {
        self.context().machines.keys.set_old_agent(is_old);
    }
}
