use super::EntraError;
use super::access_token::ClientAuthentication;
use super::assertion;
use super::form::Form;
use crate::context::Context;
use crate::realm::Realm;
use crate::registry::App;

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

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
