//! The token services of Azure's machines: whoever runs on one gets a token for the identity that the machine has.
//!
//! All are on this machine, on the provider's own port; a program finds them by the environment variables that its
//! machine would set.

mod app_service;
mod azure_arc;
mod azure_ml;
mod cloud_shell;
mod grant;
mod identity;
mod imds;
mod keys;
mod service_fabric;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;
use crate::request::{Request, Via};

pub(crate) use self::keys::ArcKeys;

/// A machine of Azure's, by the token service that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Machine {
    /// App Service, Functions, Container Apps.
    AppService,
    /// A machine elsewhere with Azure Arc's agent.
    AzureArc,
    /// A compute of Azure Machine Learning.
    AzureMl,
    /// Cloud Shell, whose tokens are those of the user.
    CloudShell,
    /// A virtual machine: the instance metadata service.
    Imds,
    /// Service Fabric, over TLS.
    ServiceFabric,
}

impl Machine {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 6] = [
        Self::AppService,
        Self::AzureArc,
        Self::AzureMl,
        Self::CloudShell,
        Self::Imds,
        Self::ServiceFabric,
    ];

    /// The name used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppService => "app_service",
            Self::AzureArc => "azure_arc",
            Self::AzureMl => "azure_ml",
            Self::CloudShell => "cloud_shell",
            Self::Imds => "imds",
            Self::ServiceFabric => "service_fabric",
        }
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::AppService => "/msi/token",
            Self::AzureArc => "/arc/metadata/identity/oauth2/token",
            Self::AzureMl => "/azure-ml/msi/token",
            Self::CloudShell => "/cloud-shell/oauth2/token",
            Self::Imds => "/metadata/identity/oauth2/token",
            Self::ServiceFabric => "/service-fabric/metadata/identity/oauth2/token",
        }
    }

    /// The service that a request is for. Each is on this machine, or on the link-local address of its own.
    pub(crate) fn asked(request: &Request) -> Option<Self> {
        let path = request.path.trim_end_matches('/');
        let asked = Self::ALL
            .into_iter()
            .find(|machine| machine.path() == path)?;
        let is_here = match asked {
            Self::Imds => request.host == LINK_LOCAL || is_loopback(&request.host),
            _ => is_loopback(&request.host),
        };
        let is_secure = asked == Self::ServiceFabric;
        (is_here && request.tls == is_secure).then_some(asked)
    }
}

/// What the services remember.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    pub(crate) keys: ArcKeys,
    /// What Service Fabric has given, by identity and resource: it gives the same until it is told to renew it.
    fabric_tokens: Mutex<HashMap<(String, String), String>>,
}

impl Machines {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            keys: ArcKeys::new(folder),
            ..Self::default()
        }
    }

    fn fabric_tokens(&self) -> MutexGuard<'_, HashMap<(String, String), String>> {
        self.fabric_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    match Machine::asked(request) {
        Some(Machine::AppService) => app_service::answer(context, request),
        Some(Machine::AzureArc) => azure_arc::answer(context, request),
        Some(Machine::AzureMl) => azure_ml::answer(context, request),
        Some(Machine::CloudShell) => cloud_shell::answer(context, request),
        Some(Machine::ServiceFabric) => service_fabric::answer(context, request),
        Some(Machine::Imds) | None => imds::answer(context, request),
    }
}

/// Whether a proxy has had the request: some say so themselves.
fn came_by_proxy(request: &Request) -> bool {
    request.via != Via::Direct || request.headers.contains_key("x-forwarded-for")
}

fn has_metadata_header(request: &Request) -> bool {
    request
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "::1" | "localhost")
}

const LINK_LOCAL: &str = "169.254.169.254";
