use std::collections::HashSet;

use crate::registry::{App, Resource, User};

/// What users have allowed apps to do, beside what the apps were granted for everybody.
#[derive(Debug, Default)]
pub(crate) struct Consents {
    given: HashSet<Consent>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Consent {
    app: String,
    user: String,
    tenant: String,
    resource: String,
    scope: String,
}

impl Consents {
    /// Whether an app may use that scope of a resource for a user in a tenant.
    pub(crate) fn allow(
        &self,
        app: &App,
        user: &User,
        tenant: &str,
        resource: &Resource,
        scope: &str,
    ) -> bool {
        let for_everybody = app
            .delegated_scopes()
            .iter()
            .any(|(granted, name)| resource.is_called(granted) && name.eq_ignore_ascii_case(scope));
        for_everybody
            || self
                .given
                .contains(&Consent::new(app, user, tenant, resource, scope))
    }

    /// Remembers what a user has allowed.
    pub(crate) fn give(
        &mut self,
        app: &App,
        user: &User,
        tenant: &str,
        resource: &Resource,
        scope: &str,
    ) {
        self.given
            .insert(Consent::new(app, user, tenant, resource, scope));
    }
}

impl Consent {
    fn new(app: &App, user: &User, tenant: &str, resource: &Resource, scope: &str) -> Self {
        Self {
            app: app.client_id().to_ascii_lowercase(),
            user: user.username().to_ascii_lowercase(),
            tenant: tenant.to_ascii_lowercase(),
            resource: resource.app_id().to_owned(),
            scope: scope.to_ascii_lowercase(),
        }
    }
}
