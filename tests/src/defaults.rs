//! What every provider knows from the start.

use std::io;
use std::sync::OnceLock;

use crate::builder::LocalIdentityProviderBuilder;
use crate::certificate::ClientCertificate;
use crate::registry::{App, FederatedDomain, Resource, Tenant, User};

/// The id of the first tenant, `contoso.onmicrosoft.com`.
pub const TENANT_ID: &str = "3d4f8a3c-0a52-4d1e-9a0c-6f7f0f6e4b11";

/// A domain name of the first tenant.
pub const TENANT_DOMAIN: &str = "contoso.onmicrosoft.com";

/// The id of a second tenant, `fabrikam.onmicrosoft.com`.
pub const OTHER_TENANT_ID: &str = "b7c1a2d0-5c1f-4f0e-8b65-1f0d9a3c7e22";

/// A domain name of the second tenant.
pub const OTHER_TENANT_DOMAIN: &str = "fabrikam.onmicrosoft.com";

/// A domain of the first tenant whose users sign in at [`FEDERATION_HOST`].
pub const FEDERATED_DOMAIN: &str = "federated.contoso.com";

/// The client id of the app that signs in with [`CLIENT_SECRET`].
pub const SECRET_CLIENT_ID: &str = "5f2c6a1e-7d3b-4c8e-9f10-2b4d6e8fa0c1";

/// Its secret.
pub const CLIENT_SECRET: &str = "lo8Q~cal.only-0123456789_abcdefghijklmnop";

/// The client id of the app that signs in with [`client_certificate`].
pub const CERTIFICATE_CLIENT_ID: &str = "8e1d3b5f-2a4c-4e6f-8a0b-1c3d5e7f9b02";

/// The client id of an app without credentials: a public client.
pub const PUBLIC_CLIENT_ID: &str = "c4a2e6f8-1b3d-4f5e-8c7a-9d0b2e4f6a13";

/// The client id of a public client of the family `1`.
pub const FAMILY_CLIENT_ID: &str = "1f0b7d2e-6a4c-4b8d-9e3f-5c7a9b1d3e24";

/// The client id of another public client of the family `1`.
pub const OTHER_FAMILY_CLIENT_ID: &str = "2a1c8e3f-7b5d-4c9e-8f40-6d8bac2e4f35";

/// The client id of a web app, which signs in with [`WEB_CLIENT_SECRET`]. Its redirect URIs are
/// `http://localhost/auth/redirect` on any port, and `https://web.example/auth/redirect`; after sign-out,
/// `http://localhost` on any port.
pub const WEB_CLIENT_ID: &str = "3b2d9f40-8c6e-4dae-9051-7e9cbd3f5046";

/// Its secret.
pub const WEB_CLIENT_SECRET: &str = "we8Q~b.only-0123456789_abcdefghijklmnopqr";

/// The client id of a web API, which signs in with [`API_CLIENT_SECRET`], and is itself the resource
/// [`API_CLIENT`] with the scope `access_as_user`.
pub const API_CLIENT_ID: &str = "4c3ea051-9d7f-4ebf-8162-8fadce406157";

/// Its secret.
pub const API_CLIENT_SECRET: &str = "ap8Q~i.only-0123456789_abcdefghijklmnopqr";

/// The web API [`API_CLIENT_ID`] as a resource.
pub const API_CLIENT: &str = "api://4c3ea051-9d7f-4ebf-8162-8fadce406157";

/// The client id of the single-page half of [`WEB_CLIENT_ID`], with the redirect URIs `http://localhost/spa`
/// on any port, and `https://web.example/spa`.
pub const SPA_CLIENT_ID: &str = "5d4fb162-ae80-4fc0-9273-90bedf517268";

/// The redirect URI that desktop apps with a browser of their own use.
pub const NATIVE_REDIRECT_URI: &str =
    "https://login.microsoftonline.com/common/oauth2/nativeclient";

/// Every user's password.
pub const PASSWORD: &str = "Corr3ct-horse-battery-staple!";

/// The second factor of every user that is asked for one.
pub const MFA_CODE: &str = "314159";

/// A user of the first tenant, and a guest of the second.
pub const USERNAME: &str = "alice@contoso.com";

/// The object id of [`USERNAME`].
pub const USER_OBJECT_ID: &str = "a11ce000-5a3f-4c1d-8b2e-0123456789ab";

/// The object id of [`USERNAME`] as a guest of the second tenant.
pub const GUEST_OBJECT_ID: &str = "a11ce001-6b40-4d2e-9c3f-123456789abc";

/// A user of the second tenant.
pub const OTHER_USERNAME: &str = "bob@fabrikam.com";

/// A user that is asked for a second factor, [`MFA_CODE`].
pub const MFA_USERNAME: &str = "mia@contoso.com";

/// A user of a domain that is federated with [`FEDERATION_HOST`].
pub const FEDERATED_USERNAME: &str = "fred@federated.contoso.com";

/// The host of the AD FS that signs [`FEDERATED_USERNAME`] in.
pub const FEDERATION_HOST: &str = "adfs.contoso.com";

/// A personal Microsoft account.
pub const PERSONAL_USERNAME: &str = "paula@outlook.com";

/// A user whose account is disabled.
pub const DISABLED_USERNAME: &str = "dora@contoso.com";

/// A user whose password is out of date.
pub const EXPIRED_PASSWORD_USERNAME: &str = "emil@contoso.com";

/// The client id of the identity that machines have of their own.
pub const SYSTEM_IDENTITY_CLIENT_ID: &str = "6e5ac273-bf91-40d1-8384-a1cfe0627379";

/// Its object id.
pub const SYSTEM_IDENTITY_OBJECT_ID: &str = "7f6bd384-c0a2-41e2-9495-b2d0f173848a";

/// The client id of an identity that machines have been assigned.
pub const USER_IDENTITY_CLIENT_ID: &str = "807ce495-d1b3-42f3-a5a6-c3e10284959b";

/// Its object id.
pub const USER_IDENTITY_OBJECT_ID: &str = "918df5a6-e2c4-4304-b6b7-d4f21395a6ac";

/// Its resource id.
pub const USER_IDENTITY_RESOURCE_ID: &str = "/subscriptions/8d10da13-8125-4ba9-a717-bf7490507b3d/resourceGroups/local\
    /providers/Microsoft.ManagedIdentity/userAssignedIdentities/local-identity";

/// The secret of App Service and Service Fabric, in the variable of this name.
pub const IDENTITY_HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";

/// The secret of Azure Machine Learning, in the variable of this name.
pub const MSI_SECRET: &str = "c0ffee00-1d2e-4f3a-8b4c-5d6e7f8091a2";

/// Microsoft Graph, with tokens of version 1 and continuous access evaluation.
pub const GRAPH: &str = "https://graph.microsoft.com";

/// An API of the tenant's own, with tokens of version 2.
pub const API: &str = "api://local-api";

/// Azure Key Vault, with tokens of version 1.
pub const KEY_VAULT: &str = "https://vault.azure.net";

/// The name of the secret in every key vault.
pub const VAULT_SECRET_NAME: &str = "greeting";

/// Its value.
pub const VAULT_SECRET_VALUE: &str = "hello from the vault";

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
            .scope("User.Read")
            .scope("User.ReadBasic.All")
            .scope("Files.Read")
            .scope("Mail.Read")
            .continuous_access_evaluation(),
        Resource::new(API, "d1e7c5a3-9b8f-4d6c-a2e0-3f5b7d9c1e24")
            .role("Task.Read.All")
            .scope("Task.Read"),
        Resource::new(API_CLIENT, API_CLIENT_ID).scope("access_as_user"),
        Resource::new(
            "https://management.azure.com",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        )
        .scope("user_impersonation")
        .version_1(),
        Resource::new(
            "https://vault.azure.net",
            "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        )
        .scope("user_impersonation")
        .version_1(),
        Resource::new(
            "https://storage.azure.com",
            "e406a681-f3d4-42a8-90b6-c2b029497af1",
        )
        .scope("user_impersonation")
        .version_1(),
        Resource::new(SSH_CERTIFICATES, "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0")
            .scope("user_impersonation")
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
        for_users(App::new(PUBLIC_CLIENT_ID))
            .display_name("Desktop app")
            .redirect_uri("http://localhost")
            .redirect_uri(NATIVE_REDIRECT_URI),
        for_users(App::new(FAMILY_CLIENT_ID))
            .display_name("Family member")
            .redirect_uri("http://localhost")
            .family("1"),
        for_users(App::new(OTHER_FAMILY_CLIENT_ID))
            .display_name("Other family member")
            .redirect_uri("http://localhost")
            .family("1"),
        for_users(App::new(WEB_CLIENT_ID))
            .display_name("Web app")
            .secret(WEB_CLIENT_SECRET)
            .redirect_uri("http://localhost/auth/redirect")
            .redirect_uri("https://web.example/auth/redirect")
            .redirect_uri("http://localhost")
            .single_page_client(SPA_CLIENT_ID),
        for_users(App::new(API_CLIENT_ID))
            .display_name("Web API")
            .secret(API_CLIENT_SECRET),
        for_users(App::new(SPA_CLIENT_ID))
            .display_name("Web app's pages")
            .single_page_redirect_uri("http://localhost/spa")
            .single_page_redirect_uri("https://web.example/spa"),
    ];
    let users = [
        User::new(USERNAME, USER_OBJECT_ID)
            .name("Alice Contoso")
            .guest_in(OTHER_TENANT_ID, GUEST_OBJECT_ID),
        User::new(OTHER_USERNAME, "b0b00000-7c51-4e3f-8d40-23456789abcd")
            .name("Bob Fabrikam")
            .tenant(OTHER_TENANT_ID),
        User::new(MFA_USERNAME, "31a00000-8d62-4f40-9e51-3456789abcde")
            .name("Mia Contoso")
            .needs_mfa(),
        User::new(FEDERATED_USERNAME, "f2ed0000-9e73-4051-8f62-456789abcdef")
            .name("Fred Contoso")
            .federated_with(FEDERATION_HOST),
        User::new(PERSONAL_USERNAME, "00000000-0000-0000-1234-56789abcdef0")
            .name("Paula Personal")
            .personal(),
        User::new(DISABLED_USERNAME, "d02a0000-af84-4162-9073-56789abcdef0")
            .name("Dora Contoso")
            .disabled(),
        User::new(
            EXPIRED_PASSWORD_USERNAME,
            "e3110000-b095-4273-8184-6789abcdef01",
        )
        .name("Emil Contoso")
        .expired_password(),
    ];
    let registry = &mut builder.registry;
    registry.tenants.splice(0..0, tenants.map(Into::into));
    registry.resources.splice(0..0, resources.map(Into::into));
    if registry.federated_domain(FEDERATED_DOMAIN).is_none() {
        let domain = FederatedDomain::new(FEDERATED_DOMAIN, FEDERATION_HOST);
        registry.put_federated_domain(domain);
    }
    for app in apps {
        if registry.app(app.client_id()).is_none() {
            registry.put_app(app);
        }
    }
    for user in users {
        if registry.user(user.username()).is_none() {
            registry.put_user(user);
        }
    }
    Ok(builder)
}

/// Grants an app what all apps with users have been granted.
fn for_users(app: App) -> App {
    app.delegated(GRAPH, "User.Read")
        .delegated(GRAPH, "User.ReadBasic.All")
        .delegated(GRAPH, "Files.Read")
        .delegated(API, "Task.Read")
        .delegated(API_CLIENT, "access_as_user")
        .delegated(SSH_CERTIFICATES, "user_impersonation")
        .delegated("https://management.azure.com", "user_impersonation")
        .delegated("https://vault.azure.net", "user_impersonation")
        .delegated("https://storage.azure.com", "user_impersonation")
}

/// What SSH certificates for Linux virtual machines are asked for.
const SSH_CERTIFICATES: &str = "https://pas.windows.net/CheckMyAccess/Linux";
