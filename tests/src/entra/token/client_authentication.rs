use std::sync::Arc;

use super::EntraError;
use super::access_token::ClientAuthentication;
use super::assertion;
use super::form::Form;
use crate::context::Context;
use crate::realm::Realm;
use crate::registry::App;

/// Finds an app that is known in a realm.
pub(crate) fn find_app(
    context: &Context,
    client_id: &str,
    realm: &Realm,
) -> Result<Arc<App>, EntraError> {
    context
        .registry()
        .app(client_id)
        .filter(|app| {
            realm
                .tenant
                .as_ref()
                .is_none_or(|tenant| app.is_in(tenant.id()))
        })
        .ok_or_else(|| unknown_app(client_id, realm))
}

/// Believes the app of a user's grant: one with credentials must show them, one without must not.
pub(crate) fn authenticate_for_user(
    context: &Context,
    form: &Form,
    realm: &Realm,
    app: &App,
) -> Result<Option<ClientAuthentication>, EntraError> {
    let shows_some = form.get("client_assertion").is_some() || form.get("client_secret").is_some();
    if shows_some {
        return authenticate(context, form, realm, app).map(Some);
    }
    if !app.is_confidential() {
        return Ok(None);
    }
    let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    Err(EntraError::invalid_client(7_000_218, message))
}

/// Believes an app by its secret or its assertion.
pub(super) fn authenticate(
    context: &Context,
    form: &Form,
    realm: &Realm,
    app: &App,
) -> Result<ClientAuthentication, EntraError> {
    if let Some(assertion) = form.get("client_assertion") {
        if form.required("client_assertion_type")? != JWT_BEARER {
            let message = "Invalid input received: 'client_assertion_type' is not supported.";
            return Err(EntraError::invalid_request(90_013, message));
        }
        refuse_public_client(app)?;
        assertion::verify(context, assertion, realm, app)?;
        return Ok(ClientAuthentication::Assertion);
    }
    let Some(secret) = form.get("client_secret") else {
        let message = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' \
                       grant type.";
        return Err(EntraError::invalid_request(7_000_216, message));
    };
    refuse_public_client(app)?;
    match app.secret_is_expired(secret) {
        Some(false) => Ok(ClientAuthentication::Secret),
        Some(true) => Err(EntraError::invalid_client(
            7_000_222,
            format!(
                "The provided client secret keys for app '{}' are expired. Visit the Azure portal to create new keys \
                 for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
                 security: https://aka.ms/certCreds.",
                app.client_id()
            ),
        )),
        None => Err(EntraError::invalid_client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{}'.",
                app.client_id()
            ),
        )),
    }
}

fn refuse_public_client(app: &App) -> Result<(), EntraError> {
    if app.is_confidential() {
        return Ok(());
    }
    let message =
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
    Err(EntraError::invalid_client(700_025, message))
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

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
