//! What the provider knows: tenants, users, apps, resources, and issuers other than Entra ID.

mod app;
mod issuer;
mod redirect_uri;
mod resource;
mod tenant;
mod user;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use self::app::TrustedSubject;
pub use self::app::{App, FederatedCredential};
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
}
