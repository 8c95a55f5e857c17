//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636).

use serde_json::{Value, json};

use super::EntraError;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::signed::opaque;
use super::user_grant::{SinglePage, UserGrant, find_user};
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::registry::App;
use crate::sign_in::Code;

pub(super) fn grant(
    context: &Context,
    request: &Request,
    form: &Form,
    realm: &Realm,
) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    let text = form.required("code")?;
    let app = find_app(context, client_id, realm)?;
    let code = context.sign_ins.codes().find(text);
    let is_single_page = code.as_ref().is_some_and(|code| code.single_page);
    // A web page has no secret to keep, whatever else its app has.
    let authentication = if is_single_page && form.get("client_secret").is_none() {
        None
    } else {
        authenticate_for_user(context, form, realm, &app)?
    };
    let code = code
        .filter(|code| code.client_id.eq_ignore_ascii_case(app.client_id()))
        .ok_or_else(unknown)?;
    refuse_origin(request, code.single_page)?;
    refuse_redirect_uri(form, &app, &code)?;
    refuse_verifier(form, &code)?;
    refuse_realm(context, realm, &code)?;
    if code.expires <= context.clock.unix() {
        return Err(EntraError::invalid_grant(
            70_008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive \
             authorization request for this user and resource.",
        ));
    }
    if !context.sign_ins.codes().redeem(text) {
        // RFC 6749 section 4.1.2: what the first gave is not to be trusted.
        context.sign_ins.refresh_tokens().revoke_chain(&code.chain);
        return Err(EntraError::invalid_grant(
            54_005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
             refresh token.",
        ));
    }
    let scope = match (form.get("scope"), realm.kind) {
        (Some(scope), _) => scope,
        (None, Kind::Adfs | Kind::Oidc) => &code.scope,
        (None, _) => {
            return Err(EntraError::invalid_request(
                28_003,
                "Provided value for the input parameter scope cannot be empty when requesting an access token using \
                 the provided authorization code. Please specify a valid scope.",
            ));
        }
    };
    let grant = UserGrant {
        app: &app,
        authentication,
        form,
        realm,
        scope,
        sign_in: &code.sign_in,
        chain: Some(&code.chain),
        single_page: code.single_page.then_some(SinglePage { expires: None }),
    };
    let mut body = grant.answer(context)?;
    if form.get("return_spa_code") == Some("1") && app.is_confidential() {
        body["spa_code"] = json!(single_page_code(context, &app, scope, &code));
    }
    Ok(body)
}

/// A code for the pages of a web app, which has signed the user in for both.
fn single_page_code(context: &Context, app: &App, scope: &str, code: &Code) -> String {
    let text = format!("1.{}", opaque(160));
    let code = Code {
        chain: uuid::Uuid::new_v4().to_string(),
        challenge: None,
        client_id: app.single_page_half().to_owned(),
        expires: context.clock.unix() + 600,
        redeemed: false,
        redirect_uri: None,
        scope: scope.to_owned(),
        single_page: true,
        ..code.clone()
    };
    context.sign_ins.codes().put(text.clone(), code);
    text
}

/// Codes and tokens of web pages are for web pages, and no others are.
pub(super) fn refuse_origin(request: &Request, single_page: bool) -> Result<(), EntraError> {
    match (single_page, request.header("origin")) {
        (true, None) => Err(EntraError::invalid_request(
            9_002_327,
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin \
             requests.",
        )),
        (false, Some(_)) => Err(EntraError::invalid_request(
            9_002_326,
            "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
        )),
        _ => Ok(()),
    }
}

fn refuse_redirect_uri(form: &Form, app: &App, code: &Code) -> Result<(), EntraError> {
    let given = form.required("redirect_uri")?;
    let Some(asked) = &code.redirect_uri else {
        return match app.redirect_uri_for(given) {
            Some(registered) if registered.single_page => Ok(()),
            _ => Err(EntraError::invalid_request(
                50_011,
                format!(
                    "The redirect URI '{given}' specified in the request does not match the redirect URIs configured \
                     for the application '{}'.",
                    app.client_id()
                ),
            )),
        };
    };
    if given == asked {
        return Ok(());
    }
    Err(EntraError::new(
        "invalid_client",
        500_112,
        format!(
            "The reply address '{given}' does not match the reply address '{asked}' provided when requesting \
             Authorization code."
        ),
    ))
}

fn refuse_verifier(form: &Form, code: &Code) -> Result<(), EntraError> {
    let is_accepted = match (&code.challenge, form.get("code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.accepts(verifier),
        _ => false,
    };
    if is_accepted {
        return Ok(());
    }
    Err(EntraError::invalid_grant(
        501_481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ))
}

/// A code is good in the tenant, and for the policy, that it was asked for.
fn refuse_realm(context: &Context, realm: &Realm, code: &Code) -> Result<(), EntraError> {
    let user = find_user(context, &code.sign_in.username)?;
    let tenant = realm.for_user(context, &user);
    if tenant.tenant_in_urls() == code.tenant && tenant.policy == code.policy {
        return Ok(());
    }
    Err(EntraError::invalid_grant(
        700_005,
        "Provided Authorization Code is intended to use against other tenant, thus rejected. OAuth2 Authorization \
         Code must be redeemed against same tenant it was acquired for (/common or /{tenant-ID} as appropriate).",
    ))
}

fn unknown() -> EntraError {
    EntraError::invalid_grant(
        70_000,
        "The provided value for the 'code' parameter is not valid.",
    )
}
