use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind as AzureErrorKind;
use msal_core::credential::ClientCredential;
use msal_core::managed_identity::{Machine, ManagedIdentityId};
use msal_core::{AsyncTransport, Error, ErrorKind};

use crate::federated::{Files, WorkloadIdentityBuilder};
use crate::{Builder, ConfidentialClientApplication, ManagedIdentityApplication, machine};

/// Whatever the place offers where a program is deployed: the first of these that the environment tells of.
///
/// | link | told of by |
/// | --- | --- |
/// | environment | `AZURE_CLIENT_SECRET`, or `AZURE_CLIENT_CERTIFICATE_PATH` (PEM with key and certificate; with `AZURE_CLIENT_CERTIFICATE_PASSWORD` its key is encrypted; `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` sends the chain), with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` |
/// | workload identity | `AZURE_FEDERATED_TOKEN_FILE`, with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` |
/// | managed identity | nothing; `AZURE_CLIENT_ID` names one that was assigned by a user |
///
/// `AZURE_AUTHORITY_HOST` names another cloud for the first two. A link that is told of is the one: where it fails, no other
/// identity takes its place. The error says what each link said.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use msal::azure::DeployedCredential;
///
/// # fn example() -> Result<(), msal::Error> {
/// let credential = Arc::new(DeployedCredential::builder().build()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeployedCredential {
    link: Link,
    credential: Arc<dyn TokenCredential>,
}

impl DeployedCredential {
    /// Begins a credential of this process's environment.
    pub fn builder() -> DeployedCredentialBuilder {
        DeployedCredentialBuilder {
            variable: None,
            transport: None,
            capabilities: Vec::new(),
        }
    }

    fn new(link: Link, app: impl TokenCredential + 'static) -> Self {
        Self {
            link,
            credential: Arc::new(app),
        }
    }

    /// Which link it is: `environment`, `workload identity` or `managed identity`.
    pub fn link(&self) -> &'static str {
        self.link.name()
    }
}

/// Makes a [`DeployedCredential`].
#[must_use = "a builder does nothing until `build()`"]
pub struct DeployedCredentialBuilder {
    variable: Option<Arc<Variable>>,
    transport: Option<Arc<dyn AsyncTransport>>,
    capabilities: Vec<String>,
}

impl DeployedCredentialBuilder {
    /// Other environment variables than the process's, for tests.
    pub fn environment(
        self,
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            variable: Some(Arc::new(variable)),
            ..self
        }
    }

    /// What sends the requests. By default reqwest, by the feature of that name.
    pub fn transport(self, transport: impl AsyncTransport + 'static) -> Self {
        Self {
            transport: Some(Arc::new(transport)),
            ..self
        }
    }

    /// What the program is able to handle; `CP1` says that it answers claims challenges.
    pub fn client_capabilities<S: Into<String>>(
        self,
        capabilities: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            capabilities: capabilities.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// The credential. Asks nobody, and reads no file but a certificate's.
    ///
    /// Fails where a link is told of but not whole, such as by a secret without a tenant.
    pub fn build(self) -> Result<DeployedCredential, Error> {
        if let Some(app) = self.of_environment()? {
            return Ok(DeployedCredential::new(Link::Environment, app));
        }
        if let Some(app) = self.of_workload()? {
            return Ok(DeployedCredential::new(Link::WorkloadIdentity, app));
        }
        let machine = match &self.variable {
            Some(variable) => Machine::read(|name| variable(name)),
            None => machine::this(),
        };
        let id = match self.variable("AZURE_CLIENT_ID") {
            Some(id) => ManagedIdentityId::ClientId(id),
            None => ManagedIdentityId::SystemAssigned,
        };
        let mut builder = ManagedIdentityApplication::builder(id)
            .machine(machine)
            .client_capabilities(self.capabilities);
        if let Some(transport) = self.transport {
            builder = builder.transport(transport);
        }
        let app = builder.build().map_err(|error| {
            let said = said(Link::ManagedIdentity, &error.to_string());
            Error::new(ErrorKind::Credential)
                .because(said)
                .with_source(error)
        })?;
        Ok(DeployedCredential::new(Link::ManagedIdentity, app))
    }

    /// The application that a secret or a certificate in the environment tells of.
    fn of_environment(&self) -> Result<Option<ConfidentialClientApplication>, Error> {
        let credential = match (
            self.variable("AZURE_CLIENT_SECRET"),
            self.variable("AZURE_CLIENT_CERTIFICATE_PATH"),
        ) {
            (None, None) => return Ok(None),
            (Some(secret), _) => ClientCredential::from_secret(secret),
            (None, Some(path)) => self.certificate(&path)?,
        };
        // Who and where is told in the same words; there is no file of a token.
        let workload = self.workload().token_file("/").build()?;
        let builder = ConfidentialClientApplication::builder(workload.client_id())
            .parsed_authority(workload.authority().clone())
            .credential(credential);
        self.built(builder).map(Some)
    }

    fn of_workload(&self) -> Result<Option<ConfidentialClientApplication>, Error> {
        if self.variable("AZURE_FEDERATED_TOKEN_FILE").is_none() {
            return Ok(None);
        }
        let workload = self.workload().build()?;
        let builder = ConfidentialClientApplication::builder(workload.client_id())
            .parsed_authority(workload.authority().clone())
            .credential(workload.credential());
        self.built(builder).map(Some)
    }

    fn built(
        &self,
        builder: Builder<ConfidentialClientApplication>,
    ) -> Result<ConfidentialClientApplication, Error> {
        let builder = builder.client_capabilities(self.capabilities.iter().cloned());
        match self.transport.clone() {
            Some(transport) => builder.transport(transport).build(),
            None => builder.build(),
        }
    }

    fn workload(&self) -> WorkloadIdentityBuilder {
        WorkloadIdentityBuilder::read(|name| self.variable(name), Arc::new(Files))
    }

    #[cfg(feature = "certificate")]
    fn certificate(&self, path: &str) -> Result<ClientCredential, Error> {
        const NAME: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
        let pem = std::fs::read(path).map(zeroize::Zeroizing::new);
        let pem = pem.map_err(|error| {
            Error::new(ErrorKind::InvalidArgument(NAME))
                .because(format!("the file cannot be read: {error}"))
                .with_source(error)
        })?;
        let certificate = match self.variable("AZURE_CLIENT_CERTIFICATE_PASSWORD") {
            Some(password) => crate::Certificate::from_encrypted_pem(&*pem, &*pem, &password)?,
            None => crate::Certificate::from_pem(&*pem, &*pem)?,
        };
        let sends_chain = self.variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
        let sends_chain =
            sends_chain.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
        let certificate = certificate.send_x5c(sends_chain);
        Ok(ClientCredential::from_certificate(certificate))
    }

    #[cfg(not(feature = "certificate"))]
    fn certificate(&self, _path: &str) -> Result<ClientCredential, Error> {
        let what = ErrorKind::Unsupported("AZURE_CLIENT_CERTIFICATE_PATH");
        Err(Error::new(what).because("turn on the feature `certificate`"))
    }

    /// A variable that is set to something.
    fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.variable {
            Some(variable) => variable(name),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }
}

#[async_trait]
impl TokenCredential for DeployedCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let outcome = self.credential.get_token(scopes, options).await;
        outcome.map_err(|error| {
            let said = said(self.link, &error.to_string());
            match error.into_downcast::<Error>() {
                Ok(ours) => azure_core::Error::with_error(AzureErrorKind::Credential, ours, said),
                Err(error) => {
                    azure_core::Error::with_error(AzureErrorKind::Credential, error, said)
                }
            }
        })
    }
}

impl fmt::Debug for DeployedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployedCredential")
            .field("link", &self.link())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DeployedCredentialBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployedCredentialBuilder")
            .finish_non_exhaustive()
    }
}

/// What reads an environment variable.
type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

/// In the order in which they are tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Link {
    Environment,
    WorkloadIdentity,
    ManagedIdentity,
}

impl Link {
    const ALL: [Self; 3] = [
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::WorkloadIdentity => "workload identity",
            Self::ManagedIdentity => "managed identity",
        }
    }

    /// What it says where the environment does not tell of it.
    const fn absence(self) -> &'static str {
        match self {
            Self::Environment => {
                "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set"
            }
            Self::WorkloadIdentity => "AZURE_FEDERATED_TOKEN_FILE is not set",
            Self::ManagedIdentity => "not asked",
        }
    }
}

/// What each link has to say, one of which has failed.
fn said(failed: Link, why: &str) -> String {
    let told = Link::ALL.map(|link| {
        let says = match link.cmp(&failed) {
            Ordering::Less => link.absence(),
            Ordering::Equal => why,
            Ordering::Greater => "not asked",
        };
        format!("{}: {says}", link.name())
    });
    format!("no link of the chain gave a token; {}", told.join("; "))
}
