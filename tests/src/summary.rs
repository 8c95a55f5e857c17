//! What a program must know to use a running provider, as JSON.

use serde_json::{Value, json};

use crate::registry::User;
use crate::{LocalIdentityProvider, Machine, defaults};

impl LocalIdentityProvider {
    /// URLs, files, tenants, users and apps: the line that the binary prints.
    #[must_use]
    pub fn summary(&self) -> Value {
        let registry = self.context().registry();
        let tenants: Vec<Value> = registry
            .tenants
            .iter()
            .map(|tenant| json!({ "id": tenant.id(), "name": tenant.display_name(), "domains": tenant.domains() }))
            .collect();
        let apps: Vec<Value> = registry
            .apps()
            .map(|app| {
                let mut summary = json!({ "client_id": app.client_id(), "name": app.name() });
                let redirect_uris: Vec<&str> = app
                    .redirect_uris()
                    .iter()
                    .map(|uri| uri.text.as_str())
                    .collect();
                if !redirect_uris.is_empty() {
                    summary["redirect_uris"] = json!(redirect_uris);
                }
                if let Some(family) = app.family_id() {
                    summary["family"] = json!(family);
                }
                if let Some(secret) = app.first_secret() {
                    summary["client_secret"] = json!(secret);
                }
                if app.client_id() == defaults::CERTIFICATE_CLIENT_ID {
                    summary["certificate_file"] = json!(self.client_certificate_file());
                    summary["key_file"] = json!(self.client_key_file());
                    if let Some((file, password)) = self.client_pfx() {
                        summary["pfx_file"] = json!(file);
                        summary["pfx_password"] = json!(password);
                    }
                    let thumbprint = self.client_certificate().thumbprint();
                    summary["thumbprint_sha1"] = json!(thumbprint.sha1_hex());
                    summary["thumbprint_sha256"] = json!(thumbprint.sha256_hex());
                }
                summary
            })
            .collect();
        let resources: Vec<&str> = registry
            .resources
            .iter()
            .map(|resource| resource.identifier())
            .collect();
        let users: Vec<Value> = registry.users.iter().map(|user| describe(user)).collect();
        json!({
            "base_url": self.base_url(),
            "plain_url": self.plain_url(),
            "proxy_url": self.proxy_url(),
            "ca_file": self.ca_file(),
            "tenants": tenants,
            "apps": apps,
            "resources": resources,
            "users": users,
            "machines": self.machines(),
            "arc_keys": self.arc_keys(),
            "identities": {
                "system": {
                    "client_id": defaults::SYSTEM_IDENTITY_CLIENT_ID,
                    "object_id": defaults::SYSTEM_IDENTITY_OBJECT_ID,
                },
                "user": {
                    "client_id": defaults::USER_IDENTITY_CLIENT_ID,
                    "object_id": defaults::USER_IDENTITY_OBJECT_ID,
                    "resource_id": defaults::USER_IDENTITY_RESOURCE_ID,
                },
            },
            "password": defaults::PASSWORD,
            "mfa_code": defaults::MFA_CODE,
        })
    }
}

impl LocalIdentityProvider {
    /// The environment variables of each machine, as things stand now.
    fn machines(&self) -> Value {
        let variables = |machine: Machine| -> Value {
            let variables = self.environment(machine).unwrap_or_default();
            variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect()
        };
        Machine::ALL
            .into_iter()
            .map(|machine| (machine.name().to_owned(), variables(machine)))
            .collect()
    }
}

fn describe(user: &User) -> Value {
    json!({
        "username": user.username(),
        "name": user.display_name(),
        "object_id": user.object_id(),
        "tenant": user.home_tenant(),
        "home_account_id": user.home_account_id(),
        "mfa": user.is_asked_for_mfa(),
        "disabled": user.is_disabled(),
        "expired_password": user.has_expired_password(),
        "federated_with": user.federated_host(),
        "personal": user.is_personal(),
    })
}
