use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::ServerCertificate;
use crate::context::{Settings, Tuning};
use crate::defaults;
use crate::provider::LocalIdentityProvider;
use crate::registry::{App, FederatedDomain, OidcIssuer, Registry, Resource, Tenant, User};

/// Decides what a [`LocalIdentityProvider`] knows and does, before it starts.
///
/// It starts with what [`defaults`](crate::defaults) names; everything registered here comes beside it.
#[derive(Debug)]
#[must_use = "nothing runs before `start`"]
pub struct LocalIdentityProviderBuilder {
    pub(crate) directory: Option<PathBuf>,
    pub(crate) port: u16,
    pub(crate) registry: Registry,
    pub(crate) server_certificate: ServerCertificate,
    pub(crate) settings: Settings,
}

impl LocalIdentityProviderBuilder {
    pub(crate) fn new() -> Self {
        Self {
            directory: None,
            port: 0,
            registry: Registry::default(),
            server_certificate: ServerCertificate::Valid,
            settings: Settings {
                tuning: Tuning {
                    lifetime: 3599,
                    refresh_in: None,
                    rotating_refresh_tokens: false,
                    strict_polling: false,
                },
                opaque_tokens: None,
                single_use_assertions: false,
                arc_keys: None,
                control: false,
                proxy_authorization: None,
            },
        }
    }

    /// Registers a tenant.
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.registry.tenants.push(tenant.into());
        self
    }

    /// Registers an app, in place of one with the same client id.
    pub fn app(mut self, app: App) -> Self {
        self.registry.put_app(app);
        self
    }

    /// Registers a user, in place of one with the same username.
    pub fn user(mut self, user: User) -> Self {
        self.registry.put_user(user);
        self
    }

    /// Registers a resource.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.registry.resources.push(resource.into());
        self
    }

    /// Registers an OpenID provider that is not Entra ID.
    pub fn oidc_issuer(mut self, issuer: OidcIssuer) -> Self {
        self.registry.issuers.push(issuer.into());
        self
    }

    /// Registers a domain whose users an AD FS signs in, in place of one with the same name.
    pub fn federated_domain(mut self, domain: FederatedDomain) -> Self {
        self.registry.put_federated_domain(domain);
        self
    }

    /// Makes instance discovery accept a host outside the built-in clouds.
    pub fn known_host(mut self, host: &str) -> Self {
        self.registry.known_hosts.push(host.to_ascii_lowercase());
        self
    }

    /// Listens on that port of 127.0.0.1, in place of a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Writes its files into a folder that stays, in place of one that goes with the provider.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets the lifetime of access tokens in seconds, in place of 3,599.
    pub const fn lifetime(mut self, seconds: i64) -> Self {
        self.settings.tuning.lifetime = seconds;
        self
    }

    /// Sends `refresh_in` with that many seconds with every token. Without it, only tokens that live
    /// longer than two hours come with one: half their lifetime.
    pub const fn refresh_in(mut self, seconds: i64) -> Self {
        self.settings.tuning.refresh_in = Some(seconds);
        self
    }

    /// Issues access tokens that are text of that length, in place of signed JWTs: what a benchmark needs
    /// that is to measure the client and not the provider's signatures.
    pub const fn opaque_access_tokens(mut self, length: usize) -> Self {
        self.settings.opaque_tokens = Some(length);
        self
    }

    /// Refuses a client assertion that it has seen before. Entra ID does not, and some MSALs use one again.
    pub const fn single_use_assertions(mut self) -> Self {
        self.settings.single_use_assertions = true;
        self
    }

    /// Lets a refresh token be used once, and ends all that came of a sign-in when one is used again. Entra ID
    /// does not: it gives a new one with every answer, and takes the old one for as long as it lives.
    pub const fn rotating_refresh_tokens(mut self) -> Self {
        self.settings.tuning.rotating_refresh_tokens = true;
        self
    }

    /// Answers a client that polls for a device code faster than it was told to with `slow_down`.
    pub const fn strict_polling(mut self) -> Self {
        self.settings.tuning.strict_polling = true;
        self
    }

    /// Presents a certificate of that kind to TLS clients.
    pub const fn server_certificate(mut self, kind: ServerCertificate) -> Self {
        self.server_certificate = kind;
        self
    }

    /// Asks clients of its proxy for a user name and password (HTTP Basic).
    pub fn proxy_credentials(mut self, username: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{username}:{password}"));
        self.settings.proxy_authorization = Some(format!("Basic {credentials}"));
        self
    }

    /// Has Azure Arc's agent write its keys into this folder, in place of one among the provider's files. Programs expect
    /// them in `/var/opt/azcmagent/tokens`.
    pub fn arc_keys(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.arc_keys = Some(folder.into());
        self
    }

    /// Serves `/.control/`, by which programs in other languages read the journal and script faults.
    pub const fn control(mut self) -> Self {
        self.settings.control = true;
        self
    }

    /// Starts the provider on threads of its own. Works with and without an async runtime around.
    ///
    /// # Errors
    /// When the port is taken, a file cannot be written, or no thread or key can be made.
    pub fn start(self) -> io::Result<LocalIdentityProvider> {
        LocalIdentityProvider::start_with(defaults::add_to(self)?)
    }
}
