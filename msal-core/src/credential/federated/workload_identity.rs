use std::path::PathBuf;
use std::sync::Arc;

use super::{TokenFile, TokenFiles, required};
use crate::credential::ClientCredential;
use crate::{Authority, Error, ErrorKind};

/// Who a program is that runs in a cluster with workload identity, such as Azure Kubernetes Service: all that a
/// confidential client application is made of.
///
/// Source: <https://learn.microsoft.com/azure/aks/workload-identity-overview>.
#[derive(Clone, Debug)]
pub struct WorkloadIdentity {
    client_id: String,
    authority: Authority,
    file: TokenFile,
}

impl WorkloadIdentity {
    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The tenant, at its cloud.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The token that the cluster gives the program.
    pub fn credential(&self) -> ClientCredential {
        ClientCredential::from_federated(self.file.clone())
    }
}

/// What a [`WorkloadIdentity`] is made of: what the environment says, unless it is said otherwise.
#[derive(Clone, Debug)]
pub struct WorkloadIdentityBuilder {
    authority_host: Option<String>,
    client_id: Option<String>,
    tenant_id: Option<String>,
    token_file: Option<PathBuf>,
    files: Arc<dyn TokenFiles>,
}

impl WorkloadIdentityBuilder {
    /// What these environment variables say: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_FEDERATED_TOKEN_FILE` and
    /// `AZURE_AUTHORITY_HOST`, by default `https://login.microsoftonline.com`.
    pub fn read(variable: impl Fn(&str) -> Option<String>, files: Arc<dyn TokenFiles>) -> Self {
        Self {
            authority_host: variable(AUTHORITY_HOST).filter(|host| !host.is_empty()),
            client_id: variable(CLIENT_ID),
            tenant_id: variable(TENANT_ID),
            token_file: variable(TOKEN_FILE).map(PathBuf::from),
            files,
        }
    }

    /// Where the tenant is, instead of `AZURE_AUTHORITY_HOST`.
    #[must_use]
    pub fn authority_host(self, url: impl Into<String>) -> Self {
        Self {
            authority_host: Some(url.into()),
            ..self
        }
    }

    /// The client id, instead of `AZURE_CLIENT_ID`.
    #[must_use]
    pub fn client_id(self, id: impl Into<String>) -> Self {
        Self {
            client_id: Some(id.into()),
            ..self
        }
    }

    /// The tenant, instead of `AZURE_TENANT_ID`.
    #[must_use]
    pub fn tenant_id(self, id: impl Into<String>) -> Self {
        Self {
            tenant_id: Some(id.into()),
            ..self
        }
    }

    /// The file, instead of `AZURE_FEDERATED_TOKEN_FILE`.
    #[must_use]
    pub fn token_file(self, path: impl Into<PathBuf>) -> Self {
        Self {
            token_file: Some(path.into()),
            ..self
        }
    }

    /// The identity. Reads no file yet.
    ///
    /// Fails with the name of what is missing, and for a host that is not spoken to over TLS.
    pub fn build(self) -> Result<WorkloadIdentity, Error> {
        const WHY: &str = "it is not set: is workload identity enabled for this pod?";
        let client_id = required(CLIENT_ID, self.client_id, WHY)?;
        let tenant = required(TENANT_ID, self.tenant_id, WHY)?;
        let host = self.authority_host.as_deref().unwrap_or(PUBLIC_CLOUD);
        let path = self.token_file.filter(|path| !path.as_os_str().is_empty());
        let path = path.ok_or_else(|| missing(TOKEN_FILE, WHY))?;
        Ok(WorkloadIdentity {
            client_id,
            authority: authority(host, &tenant)?,
            file: TokenFile::new(path, self.files),
        })
    }
}

/// The tenant is read on its own, so that it cannot be more of the URL than that.
fn authority(host: &str, tenant: &str) -> Result<Authority, Error> {
    let shared = [host.trim_end_matches('/'), "/common"].concat();
    let shared = Authority::parse(&shared).map_err(|error| {
        missing(
            AUTHORITY_HOST,
            "it must be the https URL of an identity provider",
        )
        .with_source(error)
    })?;
    shared.with_tenant(tenant)
}

fn missing(name: &'static str, why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument(name)).because(why)
}

const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
const CLIENT_ID: &str = "AZURE_CLIENT_ID";
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";
const TENANT_ID: &str = "AZURE_TENANT_ID";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use zeroize::Zeroizing;

    use super::*;

    #[derive(Debug)]
    struct NoFiles;

    impl TokenFiles for NoFiles {
        fn read(&self, _: &Path, _: usize) -> std::io::Result<Zeroizing<Vec<u8>>> {
            panic!("no file is to be read yet")
        }
    }

    fn read(variables: &[(&str, &str)]) -> WorkloadIdentityBuilder {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        };
        WorkloadIdentityBuilder::read(variable, Arc::new(NoFiles))
    }

    const ALL: [(&str, &str); 3] = [
        (TENANT_ID, "contoso.onmicrosoft.com"),
        (CLIENT_ID, "app"),
        (TOKEN_FILE, "/run/token"),
    ];

    #[test]
    fn the_environment_tells_who_the_program_is_and_what_is_said_counts_more() {
        let told = read(&ALL).build().unwrap();
        assert_eq!(told.client_id(), "app");
        assert_eq!(
            told.authority().to_string(),
            "https://login.microsoftonline.com/contoso.onmicrosoft.com"
        );
        assert_eq!(told.file.path(), Path::new("/run/token"));
        let said = read(&ALL)
            .authority_host("https://login.microsoftonline.us/")
            .client_id("other")
            .tenant_id("fabrikam.com")
            .token_file("/tmp/token")
            .build()
            .unwrap();
        assert_eq!(said.client_id(), "other");
        assert_eq!(
            said.authority().to_string(),
            "https://login.microsoftonline.us/fabrikam.com"
        );
        assert_eq!(said.file.path(), Path::new("/tmp/token"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (missing, _) in ALL {
            for instead in [None, Some((missing, ""))] {
                let rest = ALL.iter().filter(|(name, _)| *name != missing);
                let variables: Vec<_> = rest.copied().chain(instead).collect();
                let error = read(&variables).build().unwrap_err();
                assert!(error.to_string().contains(missing), "{error}");
            }
        }
    }

    #[test]
    fn an_authority_host_is_spoken_to_over_tls_alone() {
        for host in ["http://x", "x", "https://user@x", "https://x/?y"] {
            let error = read(&ALL).authority_host(host).build().unwrap_err();
            let named = ErrorKind::InvalidArgument(AUTHORITY_HOST);
            assert_eq!(error.kind(), &named, "{host}");
        }
        let elsewhere = read(&ALL).tenant_id("../evil").build();
        assert!(elsewhere.is_err());
    }
}
