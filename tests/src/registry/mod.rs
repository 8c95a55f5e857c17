//! What the provider knows: tenants, users, apps, resources, and issuers other than Entra ID.

mod app;
mod federated_domain;
mod issuer;
mod redirect_uri;
mod resource;
mod tenant;
mod user;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use self::app::TrustedSubject;
pub use self::app::{App, FederatedCredential};
pub use self::federated_domain::{FederatedDomain, SamlVersion, WsTrustVersion};
pub use self::issuer::OidcIssuer;
pub use self::resource::Resource;
pub use self::tenant::Tenant;
pub use self::user::User;

/// Everything that a test registers. Cheap to read: what is handed out is shared.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) tenants: Vec<Arc<Tenant>>,
    pub(crate) resources: Vec<Arc<Resource>>,
    pub(crate) issuers: Vec<Arc<OidcIssuer>>,
    pub(crate) federated_domains: Vec<Arc<FederatedDomain>>,
    /// Hosts outside the built-in clouds that instance discovery accepts.
    pub(crate) known_hosts: Vec<String>,
    pub(crate) users: Vec<Arc<User>>,
    apps: HashMap<String, Arc<App>>,
    app_order: Vec<String>,
}

impl Registry {
    /// Finds a tenant by its id or one of its domain names.
    pub(crate) fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants
            .iter()
            .find(|tenant| tenant.is_called(name))
            .cloned()
    }

    /// Finds an app by its client id.
    pub(crate) fn app(&self, client_id: &str) -> Option<Arc<App>> {
        self.apps.get(&client_id.to_ascii_lowercase()).cloned()
    }

    /// The apps in the order of their registration.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.app_order.iter().filter_map(|id| self.apps.get(id))
    }

    /// Registers an app, in place of one with the same client id.
    pub(crate) fn put_app(&mut self, app: App) {
        let id = app.client_id().to_ascii_lowercase();
        if self.apps.insert(id.clone(), Arc::new(app)).is_none() {
            self.app_order.push(id);
        }
    }

    /// Finds a user by the username.
    pub(crate) fn user(&self, username: &str) -> Option<Arc<User>> {
        self.users
            .iter()
            .find(|user| user.is_called(username))
            .cloned()
    }

    /// Registers a user, in place of one with the same username.
    pub(crate) fn put_user(&mut self, user: User) {
        self.users.retain(|other| !other.is_called(user.username()));
        self.users.push(Arc::new(user));
    }

    /// Finds a resource by its identifier URI or app id.
    pub(crate) fn resource(&self, identifier: &str) -> Option<Arc<Resource>> {
        self.resources
            .iter()
            .find(|resource| resource.is_called(identifier))
            .cloned()
    }

    /// Finds the federated domain of that name: registered, or of a user who is said to have one.
    pub(crate) fn federated_domain(&self, name: &str) -> Option<Arc<FederatedDomain>> {
        let registered = self
            .federated_domains
            .iter()
            .find(|domain| domain.name().eq_ignore_ascii_case(name));
        registered.cloned().or_else(|| {
            self.users.iter().find_map(|user| {
                let host = user.federated_host()?;
                let (_, domain) = user.username().rsplit_once('@')?;
                domain
                    .eq_ignore_ascii_case(name)
                    .then(|| Arc::new(FederatedDomain::new(domain, host)))
            })
        })
    }

    /// Registers a federated domain, in place of one with the same name.
    pub(crate) fn put_federated_domain(&mut self, domain: FederatedDomain) {
        self.federated_domains
            .retain(|other| other.name() != domain.name());
        self.federated_domains.push(Arc::new(domain));
    }

    /// Finds the federated domain of a user name.
    pub(crate) fn federated_domain_of(&self, username: &str) -> Option<Arc<FederatedDomain>> {
        self.federated_domain(username.rsplit_once('@')?.1)
    }

    /// The federated domains whose AD FS is on that host.
    pub(crate) fn federated_domains_at(&self, host: &str) -> Vec<Arc<FederatedDomain>> {
        let of_users = self
            .users
            .iter()
            .filter_map(|user| self.federated_domain_of(user.username()));
        let mut domains: Vec<Arc<FederatedDomain>> = Vec::new();
        for domain in self.federated_domains.iter().cloned().chain(of_users) {
            if domain.host() == host && domains.iter().all(|known| known.name() != domain.name()) {
                domains.push(domain);
            }
        }
        domains
    }
}
