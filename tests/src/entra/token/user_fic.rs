//! The grant of agent identities: one signs in as a user of its own, by a token that it got for itself.

use serde_json::Value;

use super::EntraError;
use super::assertion::check_times;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::user_grant::{UserGrant, find_user};
use crate::context::Context;
use crate::jws::Jws;
use crate::realm::Realm;
use crate::registry::App;
use crate::sign_in::SignIn;

pub(super) const GRANT_TYPE: &str = "user_fic";

pub(super) fn grant(context: &Context, form: &Form, realm: &Realm) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    let scope = form.required("scope")?;
    let text = form.required("user_federated_identity_credential")?;
    let app = find_app(context, client_id, realm)?;
    let Some(authentication) = authenticate_for_user(context, form, realm, &app)? else {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(EntraError::invalid_client(7_000_218, message));
    };
    verify(context, text, realm, &app)?;
    let username = match (form.get("user_id"), form.get("username")) {
        (Some(id), None) => context
            .registry()
            .users
            .iter()
            .find(|user| user.object_id().eq_ignore_ascii_case(id))
            .map(|user| user.username().to_owned())
            .ok_or_else(|| unknown_user(id))?,
        (None, Some(name)) => name.to_owned(),
        _ => {
            let message = "Exactly one of 'user_id' and 'username' is required.";
            return Err(EntraError::invalid_request(900_144, message));
        }
    };
    let user = find_user(context, &username)?;
    let grant = UserGrant {
        app: &app,
        authentication: Some(authentication),
        form,
        realm,
        scope,
        sign_in: &SignIn::now(context, &user, &["fic"]),
        chain: None,
        single_page: None,
    };
    grant.answer(context).map_err(EntraError::of_grant)
}

/// Whether it is a token that this provider gave to that very app, for the exchange of tokens, in this tenant.
fn verify(context: &Context, text: &str, realm: &Realm, app: &App) -> Result<(), EntraError> {
    let refused = |what: &str| {
        let message = format!("Assertion failed validation. [Reason - {what}.]");
        EntraError::invalid_grant(50_013, message)
    };
    let token = Jws::parse(text).ok_or_else(|| refused("It is malformed"))?;
    if !token.is_signed_by(&context.signing_key.jwk()) {
        return Err(refused("The key was not found"));
    }
    let holder = token.claim("azp").or_else(|| token.claim("appid"));
    if !holder.is_some_and(|holder| holder.eq_ignore_ascii_case(app.client_id())) {
        return Err(refused("It was issued to another application"));
    }
    let audience = token.claim("aud").unwrap_or_default();
    let is_for_exchange = context
        .registry()
        .resource(EXCHANGE)
        .is_some_and(|exchange| exchange.is_called(audience));
    if !is_for_exchange {
        return Err(refused("It is for another audience"));
    }
    if token.claim("tid") != Some(realm.tenant_in_urls()) {
        return Err(refused("It is of another tenant"));
    }
    check_times(context, &token)
}

fn unknown_user(id: &str) -> EntraError {
    let message = format!("The user account {id} does not exist in the directory.");
    EntraError::invalid_grant(50_034, message)
}

const EXCHANGE: &str = "api://AzureADTokenExchange";
