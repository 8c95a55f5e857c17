use std::sync::Arc;

use super::EntraError;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::Resource;

/// The resource that a scope names, and how it named it.
#[derive(Debug)]
pub(super) struct RequestedResource {
    pub(super) resource: Arc<Resource>,
    pub(super) identifier: String,
}

/// Reads the scope of a client credentials request: one resource with `/.default`.
pub(super) fn resource(
    context: &Context,
    scope: &str,
    realm: &Realm,
) -> Result<RequestedResource, EntraError> {
    // MSAL Go adds the scopes of OpenID Connect, which mean nothing here.
    let scopes: Vec<&str> = scope
        .split_ascii_whitespace()
        .filter(|scope| !OPENID.contains(scope))
        .collect();
    let [scope] = scopes[..] else {
        let message = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input \
             parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        return Err(EntraError::new("invalid_scope", 70_011, message));
    };
    let Some(identifier) = scope
        .strip_suffix("/.default")
        .filter(|identifier| !identifier.is_empty())
    else {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
             with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(EntraError::new("invalid_scope", 1_002_012, message));
    };
    let resource = find(context, identifier).ok_or_else(|| unknown_resource(identifier, realm))?;
    Ok(RequestedResource {
        resource,
        identifier: identifier.to_owned(),
    })
}

pub(super) fn find(context: &Context, identifier: &str) -> Option<Arc<Resource>> {
    context.registry().resource(identifier)
}

pub(super) fn unknown_resource(identifier: &str, realm: &Realm) -> EntraError {
    let directory = realm
        .tenant
        .as_ref()
        .map_or(realm.tenant_name.as_str(), |tenant| tenant.display_name());
    let message = format!(
        "The resource principal named {identifier} was not found in the tenant named {directory}. This can happen if \
         the application has not been installed by the administrator of the tenant or consented to by any user in \
         the tenant. You might have sent your authentication request to the wrong tenant."
    );
    let error = if realm.kind == Kind::Oidc {
        "invalid_scope"
    } else {
        "invalid_resource"
    };
    EntraError::new(error, 500_011, message)
}

const OPENID: [&str; 4] = ["email", "offline_access", "openid", "profile"];
