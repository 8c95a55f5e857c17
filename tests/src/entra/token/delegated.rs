//! The scope of a user's grant: what is asked of which resource, and what of it is granted.

use std::sync::Arc;

use super::EntraError;
use super::scope::{find, unknown_resource};
use crate::context::Context;
use crate::defaults::GRAPH;
use crate::realm::{Kind, Realm};
use crate::registry::{App, Resource, User};

/// A scope parameter in its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestedScopes {
    pub(crate) openid: bool,
    pub(crate) profile: bool,
    pub(crate) email: bool,
    pub(crate) offline_access: bool,
    pub(crate) groups: Vec<ScopeGroup>,
}

/// What is asked of one resource.
#[derive(Clone, Debug)]
pub(crate) struct ScopeGroup {
    /// None where the kind of provider takes resources that nobody registered.
    pub(crate) resource: Option<Arc<Resource>>,
    /// The resource as the client wrote it; empty for names without one, which are Graph's.
    pub(crate) identifier: String,
    /// As the resource writes them.
    pub(crate) names: Vec<String>,
    /// Whatever has been granted (`.default`).
    pub(crate) default: bool,
}

/// What an access token will be for.
#[derive(Clone, Debug)]
pub(crate) struct GrantedScopes {
    pub(crate) resource: Option<Arc<Resource>>,
    /// The resource as the client wrote it.
    pub(crate) identifier: String,
    /// The names, for the claim `scp`.
    pub(crate) names: Vec<String>,
    /// For the answer's member `scope`.
    pub(crate) answer: Vec<String>,
}

impl RequestedScopes {
    pub(crate) fn parse(
        context: &Context,
        scope: &str,
        realm: &Realm,
        app: &App,
    ) -> Result<Self, EntraError> {
        let mut requested = Self::default();
        for scope in scope.split_ascii_whitespace() {
            match scope.to_ascii_lowercase().as_str() {
                "email" => requested.email = true,
                "offline_access" => requested.offline_access = true,
                "openid" => requested.openid = true,
                "profile" => requested.profile = true,
                _ => requested.add(context, scope, realm, app)?,
            }
        }
        let has_graph = !matches!(
            realm.kind,
            Kind::Adfs | Kind::B2c | Kind::B2cTfp | Kind::Oidc
        );
        if requested.groups.is_empty() && has_graph {
            requested.groups.push(ScopeGroup {
                resource: find(context, GRAPH),
                identifier: String::new(),
                names: Vec::new(),
                default: false,
            });
        }
        Ok(requested)
    }

    fn add(
        &mut self,
        context: &Context,
        scope: &str,
        realm: &Realm,
        app: &App,
    ) -> Result<(), EntraError> {
        let (identifier, name) = split(scope, realm, app);
        let resource = match (identifier, realm.kind) {
            ("", Kind::Adfs | Kind::Oidc) => None,
            ("", _) => find(context, GRAPH),
            (identifier, _) => find(context, identifier),
        };
        let is_own = identifier.eq_ignore_ascii_case(app.client_id());
        if resource.is_none() && !is_own && !matches!(realm.kind, Kind::Adfs | Kind::Oidc) {
            return Err(unknown_resource(identifier, realm));
        }
        let is_default = name == ".default";
        let name = match &resource {
            _ if is_default || (is_own && name.is_empty()) => None,
            Some(resource) => match resource.scope_called(name) {
                Some(name) => Some(name.to_owned()),
                None if matches!(realm.kind, Kind::Adfs | Kind::Oidc) => Some(name.to_owned()),
                None => return Err(unknown_scope(app, name, resource)),
            },
            None => Some(name.to_owned()),
        };
        let position = self
            .groups
            .iter()
            .position(|group| match (&group.resource, &resource) {
                (Some(one), Some(other)) => one.app_id() == other.app_id(),
                (None, None) => group.identifier == identifier,
                _ => false,
            });
        let group = match position.and_then(|position| self.groups.get_mut(position)) {
            Some(group) => group,
            None => {
                self.groups.push(ScopeGroup {
                    resource,
                    identifier: identifier.to_owned(),
                    names: Vec::new(),
                    default: false,
                });
                let Some(group) = self.groups.last_mut() else {
                    return Ok(());
                };
                group
            }
        };
        group.default |= is_default;
        group
            .names
            .extend(name.filter(|name| !group.names.contains(name)));
        Ok(())
    }

    /// The one resource that a token can be for.
    pub(crate) fn only_group(&self) -> Result<Option<&ScopeGroup>, EntraError> {
        match self.groups.as_slice() {
            [] => Ok(None),
            [group] => Ok(Some(group)),
            [_, other, ..] => Err(EntraError::invalid_request(
                28_000,
                format!(
                    "Provided value for the input parameter scope is not valid because it contains more than one \
                     resource. Scope {} is not valid.",
                    other.identifier
                ),
            )),
        }
    }

    /// The scopes that nobody has consented to yet, by resource.
    pub(crate) fn missing(
        &self,
        context: &Context,
        app: &App,
        user: &User,
        realm: &Realm,
    ) -> Vec<(Arc<Resource>, Vec<String>)> {
        if !asks_for_consent(realm) {
            return Vec::new();
        }
        let consents = context.sign_ins.consents();
        let tenant = realm.tenant_in_urls();
        self.groups
            .iter()
            .filter_map(|group| {
                let resource = group.resource.as_ref()?;
                let mut missing: Vec<String> = group
                    .names
                    .iter()
                    .filter(|name| !consents.allow(app, user, tenant, resource, name))
                    .cloned()
                    .collect();
                let is_own = resource.app_id().eq_ignore_ascii_case(app.client_id());
                if group.default && !is_own && missing.is_empty() {
                    // What an app asks for by `.default` is what its registration lists: here, what it has.
                    let any = resource
                        .scopes()
                        .iter()
                        .any(|name| consents.allow(app, user, tenant, resource, name));
                    if !any {
                        missing = resource.scopes().to_vec();
                    }
                }
                (!missing.is_empty()).then(|| (Arc::clone(resource), missing))
            })
            .collect()
    }

    /// What a token for the one resource will be good for: Entra ID grants all that has been consented to,
    /// other providers what was asked for.
    pub(crate) fn grant(
        &self,
        context: &Context,
        app: &App,
        user: &User,
        realm: &Realm,
    ) -> Result<Option<GrantedScopes>, EntraError> {
        let group = self.only_group()?;
        if !self.missing(context, app, user, realm).is_empty() {
            return Err(consent_required(app));
        }
        let Some(group) = group else {
            return Ok(self.without_resource(realm));
        };
        let mut names = group.names.clone();
        if let Some(resource) = group.resource.as_ref().filter(|_| asks_for_consent(realm)) {
            let consents = context.sign_ins.consents();
            names = resource
                .scopes()
                .iter()
                .filter(|name| consents.allow(app, user, realm.tenant_in_urls(), resource, name))
                .cloned()
                .collect();
        }
        let full = |name: &String| {
            if group.identifier.is_empty() {
                name.clone()
            } else {
                format!("{}/{name}", group.identifier)
            }
        };
        let mut answer: Vec<String> = names.iter().map(full).collect();
        if group.default {
            answer.push(full(&".default".to_owned()));
        }
        if answer.is_empty() && !group.identifier.is_empty() {
            answer.push(group.identifier.clone());
        }
        let is_graph = group
            .resource
            .as_ref()
            .is_some_and(|resource| resource.is_called(GRAPH));
        if is_graph || realm.kind == Kind::Oidc || realm.kind == Kind::Adfs {
            let also = self.of_openid(is_graph);
            if is_graph {
                names.splice(0..0, also.clone());
            }
            answer.splice(0..0, also);
        }
        Ok(Some(GrantedScopes {
            resource: group.resource.clone(),
            identifier: group.identifier.clone(),
            names,
            answer,
        }))
    }

    /// AD FS and others give an access token for their own user information; B2C gives none.
    fn without_resource(&self, realm: &Realm) -> Option<GrantedScopes> {
        let identifier = match realm.kind {
            Kind::Adfs => "urn:microsoft:userinfo".to_owned(),
            Kind::Oidc => realm.issuer(),
            _ => return None,
        };
        let names = self.of_openid(false);
        Some(GrantedScopes {
            resource: None,
            identifier,
            answer: names.clone(),
            names,
        })
    }

    fn of_openid(&self, for_graph: bool) -> Vec<String> {
        // Who asks Graph for any of them gets all three.
        let all = for_graph && self.openid;
        [
            (self.openid, "openid"),
            (self.profile || all, "profile"),
            (self.email || all, "email"),
            (self.offline_access && !for_graph, "offline_access"),
        ]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, name)| name.to_owned())
        .collect()
    }
}

/// Resource and name of a scope. The name is what follows the last slash.
fn split<'scope>(scope: &'scope str, realm: &Realm, app: &App) -> (&'scope str, &'scope str) {
    // B2C: the app's own id stands for the app as a resource.
    let is_b2c = matches!(realm.kind, Kind::B2c | Kind::B2cTfp);
    if is_b2c && scope.eq_ignore_ascii_case(app.client_id()) {
        return (scope, "");
    }
    scope.rsplit_once('/').unwrap_or(("", scope))
}

const fn asks_for_consent(realm: &Realm) -> bool {
    matches!(realm.kind, Kind::Ciam | Kind::Dsts | Kind::Entra)
}

pub(crate) fn consent_required(app: &App) -> EntraError {
    EntraError::invalid_grant(
        65_001,
        format!(
            "The user or administrator has not consented to use the application with ID '{}' named '{}'. Send an \
             interactive authorization request for this user and resource.",
            app.client_id(),
            app.name()
        ),
    )
    .suberror("consent_required")
}

fn unknown_scope(app: &App, name: &str, resource: &Resource) -> EntraError {
    EntraError::new(
        "invalid_client",
        650_053,
        format!(
            "The application '{}' asked for scope '{name}' that doesn't exist on the resource '{}'. Contact the app \
             vendor.",
            app.name(),
            resource.app_id()
        ),
    )
}
