//! Applications that need no secret of their own: somebody whom the application's registration trusts vouches for them.
//!
//! | a program that runs | proves itself by |
//! | --- | --- |
//! | in Kubernetes, with workload identity | [`workload_identity`] |
//! | in GitHub Actions | [`github_actions`] |
//! | in Azure Pipelines | [`azure_pipelines`] |
//! | on a machine with a managed identity | [`managed_identity`] |
//! | as an agent identity | [`agent_identity`] |
//! | where something else renews a token in a file | [`token_file`] |
//!
//! An assertion is asked for with each token request, and none before: what issues them may rotate them as it likes.
//!
//! ```no_run
//! use msal::{ConfidentialClientApplication, federated};
//!
//! # async fn example() -> Result<(), msal::Error> {
//! let workload = federated::workload_identity().build()?;
//! let app = ConfidentialClientApplication::builder(workload.client_id())
//!     .parsed_authority(workload.authority().clone())
//!     .credential(workload.credential())
//!     .build()?;
//! let result = app.acquire_token_for_client(["https://vault.azure.net/.default"]).await?;
//! # Ok(())
//! # }
//! ```

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use msal_core::Error;
use msal_core::credential::ClientCredential;
pub use msal_core::credential::federated::{
    ApplicationAssertion, AzurePipelines, FederatedCredential, GitHubActions,
    ManagedIdentityAssertion, TokenFile, TokenFiles, WorkloadIdentity, WorkloadIdentityBuilder,
};
use zeroize::Zeroizing;

use crate::call::Client;

/// Who this program is in a cluster with workload identity, as `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`,
/// `AZURE_FEDERATED_TOKEN_FILE` and `AZURE_AUTHORITY_HOST` say; what the builder is told counts more.
pub fn workload_identity() -> WorkloadIdentityBuilder {
    WorkloadIdentityBuilder::read(variable, Arc::new(Files))
}

/// The token in a file, which somebody else renews. White space around it is dropped.
pub fn token_file(path: impl Into<PathBuf>) -> ClientCredential {
    ClientCredential::from_federated(TokenFile::new(path, Arc::new(Files)))
}

/// This run of GitHub Actions, whose job has the permission `id-token: write`.
///
/// ```no_run
/// use msal::{ClientCredential, federated};
///
/// # fn example() -> Result<(), msal::Error> {
/// let credential = ClientCredential::from_federated(federated::github_actions()?);
/// # Ok(())
/// # }
/// ```
///
/// Fails where `ACTIONS_ID_TOKEN_REQUEST_URL` or `ACTIONS_ID_TOKEN_REQUEST_TOKEN` is missing, and for an address that the
/// token must not be sent to.
pub fn github_actions() -> Result<GitHubActions, Error> {
    GitHubActions::read(variable)
}

/// This run of Azure Pipelines, by a service connection of workload identity federation.
///
/// `system_access_token` is `$(System.AccessToken)`, which a step gets by its `env`. Fails where it, the id or
/// `SYSTEM_OIDCREQUESTURI` is missing, and for an address that the token must not be sent to.
pub fn azure_pipelines(
    service_connection_id: &str,
    system_access_token: impl Into<String>,
) -> Result<AzurePipelines, Error> {
    AzurePipelines::read(service_connection_id, system_access_token, variable)
}

/// An identity that Azure has given this machine, in the place of a secret: tokens of the
/// [async](crate::ManagedIdentityApplication) or the [blocking](crate::blocking::ManagedIdentityApplication) application,
/// from its cache.
///
/// The requests to the machine's token service are sent by the transport of the application that proves itself.
pub fn managed_identity<A>(app: &A) -> ManagedIdentityAssertion
where
    A: Client<Core = msal_core::ManagedIdentityApplication>,
{
    ManagedIdentityAssertion::new(app.core().clone())
}

/// The token that an agent identity gets by the blueprint that it was made from. With it, the agent acts as itself, or as a
/// user of its own:
///
/// ```no_run
/// use msal::{ClientCredential, ConfidentialClientApplication, FederatedUser, federated};
///
/// # async fn example(certificate: ClientCredential) -> Result<(), msal::Error> {
/// let tenant = "https://login.microsoftonline.com/contoso.onmicrosoft.com";
/// let blueprint = ConfidentialClientApplication::builder("blueprint-client-id")
///     .authority(tenant)
///     .credential(certificate)
///     .build()?;
/// let agent = ConfidentialClientApplication::builder("agent-client-id")
///     .authority(tenant)
///     .credential(ClientCredential::from_federated(
///         federated::agent_identity(&blueprint, "agent-client-id"),
///     ))
///     .build()?;
///
/// // As itself:
/// let own = agent.acquire_token_for_client(["https://graph.microsoft.com/.default"]).await?;
///
/// // As its user:
/// let exchange = agent.acquire_token_for_client(["api://AzureADTokenExchange/.default"]).await?;
/// let user = FederatedUser::Username("agent@contoso.com".to_owned());
/// let first = agent
///     .acquire_token_by_user_federated_identity_credential(
///         exchange.access_token().expose(),
///         user,
///         ["https://graph.microsoft.com/.default"],
///     )
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// Its requests are sent by the transport of the application that proves itself with it.
pub fn agent_identity<A>(blueprint: &A, agent_client_id: impl Into<String>) -> ApplicationAssertion
where
    A: Client<Core = msal_core::ConfidentialClientApplication>,
{
    ApplicationAssertion::of_agent(blueprint.core().clone(), agent_client_id)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The files of this machine. A link is followed: Kubernetes replaces the file by turning one.
#[derive(Debug)]
pub(crate) struct Files;

impl TokenFiles for Files {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        // A pipe that nobody writes to would be waited for.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut content = Zeroizing::new(Vec::with_capacity(USUAL_LENGTH));
        let limit = limit as u64;
        File::open(path)?
            .take(limit + 1)
            .read_to_end(&mut content)?;
        match content.len() as u64 <= limit {
            true => Ok(content),
            false => Err(io::Error::other("it is larger than any token")),
        }
    }
}

const USUAL_LENGTH: usize = 8 * 1024;
