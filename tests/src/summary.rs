//! What a program must know to use a running provider, as JSON.

use serde_json::{Value, json};

use crate::{LocalIdentityProvider, defaults};

impl LocalIdentityProvider {
    /// URLs, files, tenants and apps: the line that the binary prints.
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
        json!({
            "base_url": self.base_url(),
            "plain_url": self.plain_url(),
            "proxy_url": self.proxy_url(),
            "ca_file": self.ca_file(),
            "tenants": tenants,
            "apps": apps,
            "resources": resources,
            "users": [],
        })
    }
}
