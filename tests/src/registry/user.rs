use std::fmt;

use crate::realm::PERSONAL_TENANT;

/// A person with an account.
#[derive(Clone)]
pub struct User {
    username: String,
    object_id: String,
    display_name: String,
    password: String,
    tenant: String,
    guest_in: Vec<(String, String)>,
    cloud_host: Option<String>,
    disabled: bool,
    expired_password: bool,
    federated_host: Option<String>,
    needs_mfa: bool,
}

impl User {
    /// Makes a user of the first tenant of [`defaults`](crate::defaults) with a username (a UPN) and an object
    /// id (a GUID), with the password and the name of the defaults.
    #[must_use]
    pub fn new(username: &str, object_id: &str) -> Self {
        Self {
            username: username.to_owned(),
            object_id: object_id.to_ascii_lowercase(),
            display_name: username.to_owned(),
            password: crate::defaults::PASSWORD.to_owned(),
            tenant: crate::defaults::TENANT_ID.to_owned(),
            guest_in: Vec::new(),
            cloud_host: None,
            disabled: false,
            expired_password: false,
            federated_host: None,
            needs_mfa: false,
        }
    }

    /// Sets the name shown to people.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.display_name);
        self
    }

    /// Sets the password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Sets the home tenant, by its id.
    #[must_use]
    pub fn tenant(mut self, id: &str) -> Self {
        self.tenant = id.to_ascii_lowercase();
        self
    }

    /// Makes it a guest of another tenant (by id), with an object id of its own there.
    #[must_use]
    pub fn guest_in(mut self, tenant: &str, object_id: &str) -> Self {
        self.guest_in
            .push((tenant.to_ascii_lowercase(), object_id.to_ascii_lowercase()));
        self
    }

    /// Makes it a user of another cloud, by the host that signs users in there: what a client learns that
    /// asks with `instance_aware`.
    #[must_use]
    pub fn cloud_host(mut self, host: &str) -> Self {
        self.cloud_host = Some(host.to_ascii_lowercase());
        self
    }

    /// Asks it for a second factor.
    #[must_use]
    pub const fn needs_mfa(mut self) -> Self {
        self.needs_mfa = true;
        self
    }

    /// Disables the account.
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Lets its password be out of date.
    #[must_use]
    pub const fn expired_password(mut self) -> Self {
        self.expired_password = true;
        self
    }

    /// Makes its domain a federated one, signed in by an AD FS of that host.
    #[must_use]
    pub fn federated_with(mut self, host: &str) -> Self {
        self.federated_host = Some(host.to_ascii_lowercase());
        self
    }

    /// Makes it a personal Microsoft account.
    #[must_use]
    pub fn personal(self) -> Self {
        self.tenant(PERSONAL_TENANT)
    }

    /// The username.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The object id in its home tenant.
    #[must_use]
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    /// The name shown to people.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The id of its home tenant.
    #[must_use]
    pub fn home_tenant(&self) -> &str {
        &self.tenant
    }

    /// What MSALs call its home account id.
    #[must_use]
    pub fn home_account_id(&self) -> String {
        format!("{}.{}", self.object_id, self.tenant)
    }

    /// The object id in a tenant, if it is known there.
    #[must_use]
    pub fn object_id_in(&self, tenant: &str) -> Option<&str> {
        if self.tenant.eq_ignore_ascii_case(tenant) {
            return Some(&self.object_id);
        }
        self.guest_in
            .iter()
            .find(|(id, _)| id.eq_ignore_ascii_case(tenant))
            .map(|(_, object_id)| object_id.as_str())
    }

    pub(crate) fn has_password(&self, password: &str) -> bool {
        self.password == password
    }

    pub(crate) fn other_cloud(&self) -> Option<&str> {
        self.cloud_host.as_deref()
    }

    pub(crate) const fn is_asked_for_mfa(&self) -> bool {
        self.needs_mfa
    }

    pub(crate) const fn is_disabled(&self) -> bool {
        self.disabled
    }

    pub(crate) const fn has_expired_password(&self) -> bool {
        self.expired_password
    }

    /// The host of the AD FS that signs it in, where one does.
    pub(crate) fn federated_host(&self) -> Option<&str> {
        self.federated_host.as_deref()
    }

    pub(crate) fn is_personal(&self) -> bool {
        self.tenant == PERSONAL_TENANT
    }

    pub(crate) fn is_called(&self, username: &str) -> bool {
        self.username.eq_ignore_ascii_case(username.trim())
    }
}

impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("User")
            .field("username", &self.username)
            .field("object_id", &self.object_id)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
