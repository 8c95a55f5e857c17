//! The refresh token grant (RFC 6749 section 6), with families of clients.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::EntraError;
use super::authorization_code::refuse_origin;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::user_grant::{SinglePage, UserGrant};
use crate::Request;
use crate::context::Context;
use crate::entra::error::CLIENT_MISMATCH;
use crate::realm::Realm;
use crate::registry::App;
use crate::sign_in::{RefreshToken, Standing};

pub(super) fn grant(
    context: &Context,
    request: &Request,
    form: &Form,
    realm: &Realm,
) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    let text = form.required("refresh_token")?;
    let app = find_app(context, client_id, realm)?;
    let token = context.sign_ins.refresh_tokens().find(text);
    let is_single_page = token.as_ref().is_some_and(|token| token.single_page);
    let authentication = if is_single_page && form.get("client_secret").is_none() {
        None
    } else {
        authenticate_for_user(context, form, realm, &app)?
    };
    let token = token.ok_or_else(|| {
        EntraError::invalid_grant(
            9_002_313,
            "Invalid request. Request is malformed or invalid.",
        )
    })?;
    refuse_client(&app, &token)?;
    refuse_origin(request, token.single_page)?;
    refuse_standing(context, &token)?;
    refuse_age(context, &token)?;
    let grant = UserGrant {
        app: &app,
        authentication,
        form,
        realm,
        scope: form.get("scope").unwrap_or(&token.scope),
        sign_in: &token.sign_in,
        chain: Some(&token.chain),
        single_page: token.single_page.then_some(SinglePage {
            expires: Some(token.expires),
        }),
    };
    let body = grant.answer(context)?;
    // What fails leaves the token as it was; of two that come at once, one has used it twice.
    let must_spend =
        context.tuning().rotating_refresh_tokens && body.get("refresh_token").is_some();
    if must_spend && !context.sign_ins.refresh_tokens().spend(text) {
        context.sign_ins.refresh_tokens().revoke_chain(&token.chain);
        return Err(revoked());
    }
    Ok(body)
}

/// A token is for the client that it was issued to, and for those of its family.
fn refuse_client(app: &App, token: &RefreshToken) -> Result<(), EntraError> {
    let is_own = token.client_id.eq_ignore_ascii_case(app.client_id());
    let is_of_family = token.family.is_some() && token.family.as_deref() == app.family_id();
    if is_own || is_of_family {
        return Ok(());
    }
    let message = "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid: it was \
                   issued to another client.";
    Err(EntraError::invalid_grant(70_000, message).suberror(CLIENT_MISMATCH))
}

fn refuse_standing(context: &Context, token: &RefreshToken) -> Result<(), EntraError> {
    match token.standing {
        Standing::Live => Ok(()),
        Standing::ChainRevoked => Err(revoked()),
        Standing::Spent => {
            // RFC 9700 section 4.14.2: one of the two who hold it is not the client.
            context.sign_ins.refresh_tokens().revoke_chain(&token.chain);
            Err(revoked())
        }
        Standing::UserRevoked(time) => Err(EntraError::invalid_grant(
            50_173,
            format!(
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might \
                 have changed or reset their password. The grant was issued on '{}' and the TokensValidFrom date \
                 (before which tokens are not valid) for this user is '{}'.",
                written(token.issued),
                written(time)
            ),
        )
        .suberror(BAD_TOKEN)),
    }
}

fn refuse_age(context: &Context, token: &RefreshToken) -> Result<(), EntraError> {
    let now = context.clock.unix();
    if now < token.expires {
        return Ok(());
    }
    let issued = written(token.issued);
    if token.single_page {
        return Err(EntraError::invalid_grant(
            700_084,
            format!(
                "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime \
                 of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by \
                 the SPA to the sign in page. The token was issued on {issued}."
            ),
        )
        .suberror(BAD_TOKEN));
    }
    Err(EntraError::invalid_grant(
        700_082,
        format!(
            "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for \
             90.00:00:00."
        ),
    )
    .suberror(BAD_TOKEN))
}

fn revoked() -> EntraError {
    EntraError::invalid_grant(
        70_000,
        "The provided value for the input parameter 'refresh_token' is not valid: it has been revoked.",
    )
    .suberror(BAD_TOKEN)
}

fn written(unix: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// The suberror of a refresh token that will never be good again.
const BAD_TOKEN: &str = "bad_token";
