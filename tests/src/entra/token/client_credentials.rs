//! The client credentials grant (RFC 6749 section 4.4).

use serde_json::{Map, Value};

use super::access_token::AccessToken;
use super::client_authentication::authenticate;
use super::form::Form;
use super::{EntraError, scope};
use crate::context::Context;
use crate::realm::{Realm, Shared};
use crate::registry::App;

pub(super) fn grant(context: &Context, form: &Form, realm: &Realm) -> Result<Value, EntraError> {
    if realm.is_personal() {
        let message = "The grant type is not supported over the /common or /consumers endpoints. \
                       Please use the /organizations or tenant-specific endpoint.";
        return Err(EntraError::invalid_request(9_001_023, message));
    }
    if matches!(realm.shared(), Some(Shared::Common | Shared::Organizations)) {
        let message = "No tenant-identifying information found in either the request or implied by any provided \
                       credentials.";
        return Err(EntraError::invalid_request(50_059, message));
    }
    if form.get("resource").is_some() {
        return Err(EntraError::invalid_request(
            901_002,
            "The 'resource' request parameter is not supported.",
        ));
    }
    let client_id = form.required("client_id")?;
    let scope = form.required("scope")?;
    let app = context
        .registry()
        .app(client_id)
        .filter(|app| {
            realm
                .tenant
                .as_ref()
                .is_none_or(|tenant| app.is_in(tenant.id()))
        })
        .ok_or_else(|| unknown_app(client_id, realm))?;
    let authentication = authenticate(context, form, realm, &app)?;
    let resource = scope::resource(context, scope, realm)?;
    let capabilities = capabilities(form)?;
    let managed_identity_path = managed_identity_path(form, &app)?;
    let token = AccessToken {
        app: &app,
        authentication,
        capabilities: &capabilities,
        managed_identity_path,
        realm,
        resource: &resource.resource,
        requested_identifier: &resource.identifier,
    };
    token.response(context)
}

fn unknown_app(client_id: &str, realm: &Realm) -> EntraError {
    let directory = realm
        .tenant
        .as_ref()
        .map_or(realm.tenant_name.as_str(), |tenant| tenant.display_name());
    let message = format!(
        "Application with identifier '{client_id}' was not found in the directory '{directory}'. This can happen if \
         the application has not been installed by the administrator of the tenant or consented to by any user in \
         the tenant. You may have sent your authentication request to the wrong tenant."
    );
    EntraError::new("unauthorized_client", 700_016, message)
}

/// What the client can do, as its claims request says (`access_token.xms_cc.values`).
fn capabilities(form: &Form) -> Result<Vec<String>, EntraError> {
    let Some(claims) = form.get("claims") else {
        return Ok(Vec::new());
    };
    let claims: Map<String, Value> = serde_json::from_str(claims)
        .map_err(|_not_an_object| EntraError::invalid_request(9_000_410, "Malformed JSON."))?;
    let values = claims
        .get("access_token")
        .and_then(|claims| claims.pointer("/xms_cc/values"));
    let values = values.and_then(Value::as_array).into_iter().flatten();
    Ok(values
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect())
}

fn managed_identity_path<'form>(
    form: &'form Form,
    app: &App,
) -> Result<Option<&'form str>, EntraError> {
    let path = form.get("fmi_path");
    if path.is_some() && !app.allows_managed_identity_paths() {
        let message = format!(
            "Invalid input received: '{}' may not use 'fmi_path'.",
            app.client_id()
        );
        return Err(EntraError::invalid_request(90_013, message));
    }
    Ok(path)
}
