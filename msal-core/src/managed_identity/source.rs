use std::fmt;

use super::Machine;
use super::machine::{
    IDENTITY_ENDPOINT, IDENTITY_HEADER, IDENTITY_SERVER_THUMBPRINT, IMDS_ENDPOINT, MSI_ENDPOINT,
    MSI_SECRET,
};

/// Which service of Azure's gives out the tokens of a machine.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ManagedIdentitySource {
    /// App Service, Functions, Container Apps, Automation.
    AppService,
    /// A machine outside Azure that is connected to it by Azure Arc.
    AzureArc,
    /// A compute of Azure Machine Learning.
    AzureMl,
    /// Cloud Shell, whose tokens are those of the signed-in user.
    CloudShell,
    /// The instance metadata service of virtual machines and what runs on them.
    Imds,
    /// Service Fabric.
    ServiceFabric,
}

impl ManagedIdentitySource {
    /// The source by what the machine says of itself: the first that fits, in the documented order.
    pub fn detect(machine: &Machine) -> Self {
        let is_set = |name| machine.variable(name).is_some();
        if is_set(IDENTITY_ENDPOINT) && is_set(IDENTITY_HEADER) {
            return match is_set(IDENTITY_SERVER_THUMBPRINT) {
                true => Self::ServiceFabric,
                false => Self::AppService,
            };
        }
        if is_set(MSI_ENDPOINT) {
            return match is_set(MSI_SECRET) {
                true => Self::AzureMl,
                false => Self::CloudShell,
            };
        }
        let is_arc = is_set(IDENTITY_ENDPOINT) && is_set(IMDS_ENDPOINT);
        match is_arc || machine.has_arc_agent() {
            true => Self::AzureArc,
            false => Self::Imds,
        }
    }

    /// The source as a stable word in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppService => "app_service",
            Self::AzureArc => "azure_arc",
            Self::AzureMl => "azure_ml",
            Self::CloudShell => "cloud_shell",
            Self::Imds => "imds",
            Self::ServiceFabric => "service_fabric",
        }
    }
}

impl fmt::Display for ManagedIdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AppService => "App Service",
            Self::AzureArc => "Azure Arc",
            Self::AzureMl => "Azure Machine Learning",
            Self::CloudShell => "Cloud Shell",
            Self::Imds => "the instance metadata service",
            Self::ServiceFabric => "Service Fabric",
        })
    }
}
