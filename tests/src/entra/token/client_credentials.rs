//! The client credentials grant (RFC 6749 section 4.4).

use serde_json::Value;

use super::access_token::AccessToken;
use super::binding::Binding;
use super::client_authentication::{authenticate, find_app};
use super::form::Form;
use super::signed::capabilities;
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
    let app = find_app(context, client_id, realm)?;
    let authentication = authenticate(context, form, realm, &app)?;
    let resource = scope::resource(context, scope, realm)?;
    let capabilities = capabilities(form.claims()?.as_ref());
    let binding = Binding::read(form)?;
    let managed_identity_path = managed_identity_path(form, &app)?;
    let token = AccessToken {
        app: &app,
        authentication,
        binding: binding.as_ref(),
        capabilities: &capabilities,
        managed_identity_path,
        on_behalf_of: None,
        realm,
        resource: &resource.resource,
        requested_identifier: &resource.identifier,
    };
    token.response(context)
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
