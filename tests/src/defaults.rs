//! What every provider knows from the start.

use std::io;
use std::sync::OnceLock;

use crate::builder::LocalIdentityProviderBuilder;
use crate::certificate::ClientCertificate;
use crate::registry::{App, FederatedDomain, Resource, Tenant};

/// The id of the first tenant, `contoso.onmicrosoft.com`.
pub const TENANT_ID: &str = "3d4f8a3c-0a52-4d1e-9a0c-6f7f0f6e4b11";

/// A domain name of the first tenant.
pub const TENANT_DOMAIN: &str = "contoso.onmicrosoft.com";

/// The id of a second tenant, `fabrikam.onmicrosoft.com`.
pub const OTHER_TENANT_ID: &str = "b7c1a2d0-5c1f-4f0e-8b65-1f0d9a3c7e22";

/// A domain name of the second tenant.
pub const OTHER_TENANT_DOMAIN: &str = "fabrikam.onmicrosoft.com";

/// A domain of the first tenant whose users sign in at [`ADFS_HOST`].
pub const FEDERATED_DOMAIN: &str = "federated.contoso.com";

/// The AD FS of [`FEDERATED_DOMAIN`].
pub const ADFS_HOST: &str = "adfs.contoso.com";

/// The client id of the app that signs in with [`CLIENT_SECRET`].
pub const SECRET_CLIENT_ID: &str = "5f2c6a1e-7d3b-4c8e-9f10-2b4d6e8fa0c1";

/// Its secret.
pub const CLIENT_SECRET: &str = "lo8Q~cal.only-0123456789_abcdefghijklmnop";

/// The client id of the app that signs in with [`client_certificate`].
pub const CERTIFICATE_CLIENT_ID: &str = "8e1d3b5f-2a4c-4e6f-8a0b-1c3d5e7f9b02";

/// The client id of an app without credentials: a public client.
pub const PUBLIC_CLIENT_ID: &str = "c4a2e6f8-1b3d-4f5e-8c7a-9d0b2e4f6a13";

/// Microsoft Graph, with tokens of version 1 and continuous access evaluation.
pub const GRAPH: &str = "https://graph.microsoft.com";

/// An API of the tenant's own, with tokens of version 2.
pub const API: &str = "api://local-api";

/// The certificate of the app [`CERTIFICATE_CLIENT_ID`]: made on first use, one for the whole process.
///
/// # Errors
/// When the cryptographic library fails.
pub fn client_certificate() -> io::Result<&'static ClientCertificate> {
    static CERTIFICATE: OnceLock<ClientCertificate> = OnceLock::new();
    if let Some(certificate) = CERTIFICATE.get() {
        return Ok(certificate);
    }
    let certificate = ClientCertificate::self_signed("local-identity-provider client")?;
    Ok(CERTIFICATE.get_or_init(|| certificate))
}

/// Puts the defaults before what the caller has registered.
pub(crate) fn add_to(
    mut builder: LocalIdentityProviderBuilder,
) -> io::Result<LocalIdentityProviderBuilder> {
    let certificate = client_certificate()?;
    let tenants = [
        Tenant::new(TENANT_ID, "Contoso")
            .domain(TENANT_DOMAIN)
            .domain("contoso.com")
            .domain(FEDERATED_DOMAIN),
        Tenant::new(OTHER_TENANT_ID, "Fabrikam")
            .domain(OTHER_TENANT_DOMAIN)
            .domain("fabrikam.com"),
    ];
    let resources = [
        Resource::new(GRAPH, "00000003-0000-0000-c000-000000000000")
            .version_1()
            .role("User.Read.All")
            .continuous_access_evaluation(),
        Resource::new(API, "d1e7c5a3-9b8f-4d6c-a2e0-3f5b7d9c1e24").role("Task.Read.All"),
        Resource::new(
            "https://management.azure.com",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        )
        .version_1(),
        Resource::new(
            "https://vault.azure.net",
            "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        )
        .version_1(),
        Resource::new(
            "https://storage.azure.com",
            "e406a681-f3d4-42a8-90b6-c2b029497af1",
        )
        .version_1(),
        Resource::new(
            "api://AzureADTokenExchange",
            "fb60f99c-7a34-4190-8149-302f77469936",
        ),
        Resource::new(
            "api://AzureFMITokenExchange",
            "a5a2d3b1-7c9e-4f60-8d21-5b3e9c7a1f45",
        ),
    ];
    let apps = [
        App::new(SECRET_CLIENT_ID)
            .display_name("Daemon with a secret")
            .secret(CLIENT_SECRET),
        App::new(CERTIFICATE_CLIENT_ID)
            .display_name("Daemon with a certificate")
            .certificate(certificate)
            .managed_identity_paths(),
        App::new(PUBLIC_CLIENT_ID).display_name("Desktop app"),
    ];
    let registry = &mut builder.registry;
    registry.tenants.splice(0..0, tenants.map(Into::into));
    registry.resources.splice(0..0, resources.map(Into::into));
    if registry.federated_domain(FEDERATED_DOMAIN).is_none() {
        let domain = FederatedDomain::new(FEDERATED_DOMAIN, ADFS_HOST);
        registry.federated_domains.push(domain.into());
    }
    for app in apps {
        if registry.app(app.client_id()).is_none() {
            registry.put_app(app);
        }
    }
    Ok(builder)
}
