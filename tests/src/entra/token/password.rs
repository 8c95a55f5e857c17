//! The resource owner's password (RFC 6749 section 4.3): accounts whose password this provider keeps.

use std::sync::Arc;

use serde_json::Value;

use super::EntraError;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::user_grant::{UserGrant, find_user};
use crate::context::Context;
use crate::realm::{Kind, Realm, Shared};
use crate::registry::User;
use crate::sign_in::SignIn;

pub(super) fn grant(context: &Context, form: &Form, realm: &Realm) -> Result<Value, EntraError> {
    if realm.is_personal() || realm.shared() == Some(Shared::Common) {
        let message = "The grant type is not supported over the /common or /consumers endpoints. \
                       Please use the /organizations or tenant-specific endpoint.";
        return Err(EntraError::invalid_request(9_001_023, message));
    }
    let client_id = form.required("client_id")?;
    let scope = form.required("scope")?;
    let username = form.required("username")?;
    let password = form.required("password")?;
    let app = find_app(context, client_id, realm)?;
    let authentication = authenticate_for_user(context, form, realm, &app)?;
    let user = sign_in(context, realm, username, password)?;
    let grant = UserGrant {
        app: &app,
        authentication,
        form,
        realm,
        scope,
        sign_in: &SignIn::now(context, &user, &["pwd"]),
        chain: None,
        single_page: None,
    };
    grant.answer(context).map_err(EntraError::of_grant)
}

/// Believes a user by the password.
fn sign_in(
    context: &Context,
    realm: &Realm,
    username: &str,
    password: &str,
) -> Result<Arc<User>, EntraError> {
    let is_b2c = matches!(realm.kind, Kind::B2c | Kind::B2cTfp);
    let user = match find_user(context, username) {
        // B2C does not say which of the two is wrong.
        Err(_) if is_b2c => return Err(wrong(realm)),
        found => found?,
    };
    // Whose password somebody else keeps: the account is known by its name alone, which is no account here.
    let is_elsewhere = user.is_personal() && realm.kind == Kind::Entra;
    if is_elsewhere {
        return Err(EntraError::invalid_grant(
            50_034,
            format!(
                "The user account {username} does not exist in the directory. To sign into this application, the \
                 account must be added to the directory."
            ),
        ));
    }
    if user.is_disabled() {
        return Err(EntraError::invalid_grant(
            50_057,
            "The user account is disabled.",
        ));
    }
    let now = context.clock.unix();
    if context.sign_ins.lockouts().is_locked(username, now) {
        let message = "The account is locked, you've tried to sign in too many times with an incorrect user ID or \
                       password.";
        return Err(EntraError::invalid_grant(50_053, message));
    }
    let is_federated = realm.kind != Kind::Adfs
        && context
            .registry()
            .federated_domain_of(user.username())
            .is_some();
    if is_federated || !user.has_password(password) {
        context.sign_ins.lockouts().count(username, now);
        return Err(wrong(realm));
    }
    context.sign_ins.lockouts().forget(username);
    if user.has_expired_password() {
        return Err(
            EntraError::invalid_grant(50_055, "The password is expired.")
                .suberror("user_password_expired"),
        );
    }
    Ok(user)
}

fn wrong(realm: &Realm) -> EntraError {
    let error = match realm.kind {
        Kind::B2c | Kind::B2cTfp => "access_denied",
        _ => "invalid_grant",
    };
    let message = "Error validating credentials due to invalid username or password.";
    EntraError::new(error, 50_126, message)
}
