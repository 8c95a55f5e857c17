//! On behalf of (RFC 7523 section 2.1): an API asks for a token with the token that it was called with.

use serde_json::Value;
use time::OffsetDateTime;

use super::access_token::{AccessToken, ClientAuthentication};
use super::binding::Binding;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::saml_bearer::{SKEW, out_of_time};
use super::signed::capabilities;
use super::user_grant::UserGrant;
use super::{EntraError, scope};
use crate::context::Context;
use crate::jws::Jws;
use crate::realm::Realm;
use crate::registry::{App, User};
use crate::sign_in::SignIn;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) fn grant(context: &Context, form: &Form, realm: &Realm) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    let scope = form.required("scope")?;
    let text = form.required("assertion")?;
    if form.required("requested_token_use")? != "on_behalf_of" {
        let message = "Invalid input received: 'requested_token_use' is not supported.";
        return Err(EntraError::invalid_request(90_013, message));
    }
    let app = find_app(context, client_id, realm)?;
    let Some(authentication) = authenticate_for_user(context, form, realm, &app)? else {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(EntraError::invalid_client(7_000_218, message));
    };
    let assertion = Jws::parse(text)
        .ok_or_else(|| EntraError::invalid_request(50_027, "JWT token is invalid or malformed."))?;
    verify(context, &assertion, &app)?;
    if assertion.claim("idtyp") == Some("app") {
        return for_app(context, form, realm, &app, authentication, &assertion);
    }
    let sign_in = sign_in_of(context, &assertion)?;
    let grant = UserGrant {
        app: &app,
        authentication: Some(authentication),
        form,
        realm,
        scope,
        sign_in: &sign_in,
        chain: None,
        single_page: None,
    };
    grant.answer(context)
}

/// Whether it is an access token of this provider for that app.
fn verify(context: &Context, assertion: &Jws<'_>, app: &App) -> Result<(), EntraError> {
    if !assertion.is_signed_by(&context.signing_key.jwk()) {
        let message = "Assertion failed signature validation. [Reason - The provided signature value did not match \
                       the expected signature value.]";
        return Err(EntraError::invalid_grant(50_013, message));
    }
    if assertion.claim("azp").is_none() && assertion.claim("appid").is_none() {
        let message = format!("Input id_token cannot be used as '{GRANT_TYPE}' grant.");
        return Err(EntraError::invalid_request(240_002, message));
    }
    let audience = assertion.claim("aud").unwrap_or_default();
    let is_for_app = audience.eq_ignore_ascii_case(app.client_id())
        || context
            .registry()
            .resource(audience)
            .is_some_and(|resource| resource.app_id().eq_ignore_ascii_case(app.client_id()));
    if !is_for_app {
        let client_id = app.client_id();
        return Err(EntraError::invalid_grant(
            500_131,
            format!(
                "Assertion audience does not match the Client app presenting the assertion. The audience in the \
                 assertion was '{audience}' and the expected audience is '{client_id}' or one of the Application \
                 Uris of this application with App ID '{client_id}'({}). The downstream client must request a token \
                 for the expected audience (the application that made the OBO request) and this application should \
                 use that token as the assertion.",
                app.name()
            ),
        ));
    }
    let now = context.clock.now();
    let end = assertion
        .time("exp")
        .and_then(|end| OffsetDateTime::from_unix_timestamp(end as i64).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    if now >= end + SKEW {
        return Err(out_of_time(now, end));
    }
    Ok(())
}

/// The sign-in that the token comes of: with what the user proved then, an API can go on.
fn sign_in_of(context: &Context, assertion: &Jws<'_>) -> Result<SignIn, EntraError> {
    let known = assertion
        .claim("sid")
        .and_then(|session| context.sign_ins.of_session(session));
    if let Some(sign_in) = known {
        return Ok(SignIn {
            nonce: None,
            tells_time: false,
            ..sign_in
        });
    }
    let user = assertion
        .claim("oid")
        .zip(assertion.claim("tid"))
        .and_then(|(oid, tid)| find_user(context, oid, tid))
        .ok_or_else(|| {
            let message = "The user account does not exist in the directory. To sign into this application, the \
                           account must be added to the directory.";
            EntraError::invalid_grant(50_034, message)
        })?;
    Ok(SignIn::now(context, &user, &["pwd"]))
}

fn find_user(context: &Context, object_id: &str, tenant: &str) -> Option<std::sync::Arc<User>> {
    let registry = context.registry();
    registry
        .users
        .iter()
        .find(|user| user.object_id_in(tenant) == Some(object_id))
        .cloned()
}

/// For an app that called as itself, there is a token for it alone: no id token, no refresh token, no `client_info`.
fn for_app(
    context: &Context,
    form: &Form,
    realm: &Realm,
    app: &App,
    authentication: ClientAuthentication,
    assertion: &Jws<'_>,
) -> Result<Value, EntraError> {
    let resource = scope::resource(context, form.required("scope")?, realm)?;
    let binding = Binding::read(form)?;
    let token = AccessToken {
        app,
        authentication,
        binding: binding.as_ref(),
        capabilities: &capabilities(form.claims()?.as_ref()),
        managed_identity_path: None,
        on_behalf_of: assertion.claim("oid"),
        realm,
        resource: &resource.resource,
        requested_identifier: &resource.identifier,
    };
    token.response(context)
}
