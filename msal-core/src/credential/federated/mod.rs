//! Workload identity federation: an assertion that somebody else issues, whom the application's registration trusts.
//!
//! Each source is asked for every token request anew, as what it gives lives for minutes, and is never asked when an
//! application is made.
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>.

mod answer;
mod application;
mod azure_pipelines;
mod github_actions;
mod managed_identity;
mod token_file;
mod workload_identity;

use std::fmt;

pub use application::ApplicationAssertion;
pub use azure_pipelines::AzurePipelines;
pub use github_actions::GitHubActions;
pub use managed_identity::ManagedIdentityAssertion;
pub use token_file::{TokenFile, TokenFiles};
pub use workload_identity::{WorkloadIdentity, WorkloadIdentityBuilder};

use crate::exchange::{Asker, Terms, exchange, paused};
use crate::flow::Io;
use crate::retry::RetryPolicy;
use crate::{ClientAssertion, Error, ErrorKind, Request, Response, ServerError};

/// Who issues the assertions of a [`ClientCredential`](super::ClientCredential) that is federated.
#[derive(Clone)]
#[non_exhaustive]
pub enum FederatedCredential {
    /// Entra ID, for another application, such as the blueprint of an agent identity.
    Application(ApplicationAssertion),
    /// A run of Azure Pipelines.
    AzurePipelines(AzurePipelines),
    /// A file that somebody renews, such as Kubernetes.
    File(TokenFile),
    /// A run of GitHub Actions.
    GitHubActions(GitHubActions),
    /// Entra ID itself, for an identity that Azure has given this machine.
    ManagedIdentity(ManagedIdentityAssertion),
}

impl FederatedCredential {
    /// A fresh assertion.
    pub(super) async fn assertion(&self, io: &mut Io) -> Result<ClientAssertion, Error> {
        let asked = self.ask(io).await;
        asked.map_err(|error| of_issuer(error, self.name()))
    }

    async fn ask(&self, io: &mut Io) -> Result<ClientAssertion, Error> {
        match self {
            Self::Application(other) => other.assertion(io).await,
            Self::AzurePipelines(run) => {
                let answer = send(run.request()?, AzurePipelines::NAME, io).await?;
                AzurePipelines::parse(&answer).map_err(|error| paused(error, &answer, io))
            }
            Self::File(file) => file.read(io).await,
            Self::GitHubActions(run) => {
                let answer = send(run.request()?, GitHubActions::NAME, io).await?;
                GitHubActions::parse(&answer).map_err(|error| paused(error, &answer, io))
            }
            Self::ManagedIdentity(identity) => identity.assertion(io).await,
        }
    }

    /// Whether it rests on a callback that is awaited.
    pub(super) fn needs_async(&self) -> bool {
        match self {
            Self::Application(other) => other.needs_async(),
            Self::ManagedIdentity(identity) => identity.needs_async(),
            _ => false,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Application(_) => ApplicationAssertion::NAME,
            Self::AzurePipelines(_) => AzurePipelines::NAME,
            Self::File(_) => TokenFile::NAME,
            Self::GitHubActions(_) => GitHubActions::NAME,
            Self::ManagedIdentity(_) => ManagedIdentityAssertion::NAME,
        }
    }
}

impl fmt::Debug for FederatedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(other) => other.fmt(f),
            Self::AzurePipelines(run) => run.fmt(f),
            Self::File(file) => file.fmt(f),
            Self::GitHubActions(run) => run.fmt(f),
            Self::ManagedIdentity(identity) => identity.fmt(f),
        }
    }
}

impl From<ApplicationAssertion> for FederatedCredential {
    fn from(other: ApplicationAssertion) -> Self {
        Self::Application(other)
    }
}

impl From<AzurePipelines> for FederatedCredential {
    fn from(run: AzurePipelines) -> Self {
        Self::AzurePipelines(run)
    }
}

impl From<GitHubActions> for FederatedCredential {
    fn from(run: GitHubActions) -> Self {
        Self::GitHubActions(run)
    }
}

impl From<ManagedIdentityAssertion> for FederatedCredential {
    fn from(identity: ManagedIdentityAssertion) -> Self {
        Self::ManagedIdentity(identity)
    }
}

impl From<TokenFile> for FederatedCredential {
    fn from(file: TokenFile) -> Self {
        Self::File(file)
    }
}

/// Issuers make another token each time, so asking once more does no harm.
async fn send(request: Request, issuer: &'static str, io: &mut Io) -> Result<Response, Error> {
    let terms = Terms {
        retry: RetryPolicy::REPEATABLE,
        throttle: None,
        asker: Asker::App,
    };
    exchange(request, terms, io)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::Transport => error.because(format!("{issuer} cannot be reached")),
            _ => error,
        })
}

/// An issuer's failure as the credential's own, so that nothing in it is taken for the word of the identity provider
/// that the token was asked from. What may be over soon stays so.
fn of_issuer(error: Error, issuer: &'static str) -> Error {
    let is_theirs = matches!(
        error.kind(),
        ErrorKind::InvalidResponse(_)
            | ErrorKind::Redirected
            | ErrorKind::Server
            | ErrorKind::Throttled
    );
    if !is_theirs {
        return error;
    }
    let status = error.server().map_or(0, ServerError::status);
    let failed = match error.is_retryable() {
        true if *error.kind() == ErrorKind::Throttled => Error::new(ErrorKind::Throttled),
        true => Error::new(ErrorKind::Server).with_server_error(ServerError::read(status, b"")),
        false => Error::new(ErrorKind::Credential),
    };
    let failed = match error.retry_after() {
        Some(pause) => failed.with_retry_after(pause),
        None => failed,
    };
    failed
        .because(format!("no assertion came from {issuer}: {error}"))
        .with_source(error)
}

/// What the token of a federated credential is for, unless the registration says otherwise.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// A value that must be there: named, so that whoever forgot it finds it.
fn required(name: &'static str, value: Option<String>, why: &'static str) -> Result<String, Error> {
    match value.filter(|value| !value.trim().is_empty()) {
        Some(value) => Ok(value),
        None => Err(Error::new(ErrorKind::InvalidArgument(name)).because(why)),
    }
}
