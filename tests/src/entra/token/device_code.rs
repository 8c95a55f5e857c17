//! The device code grant (RFC 8628 section 3.4).

use serde_json::Value;

use super::EntraError;
use super::client_authentication::{authenticate_for_user, find_app};
use super::form::Form;
use super::user_grant::UserGrant;
use crate::context::Context;
use crate::realm::Realm;
use crate::sign_in::Decision;

pub(super) fn grant(context: &Context, form: &Form, realm: &Realm) -> Result<Value, EntraError> {
    let client_id = form.required("client_id")?;
    // Older clients call it `code`.
    let device_code = form
        .get("device_code")
        .map_or_else(|| form.required("code"), Ok)
        .map_err(|_missing| EntraError::missing_parameter("device_code"))?;
    let app = find_app(context, client_id, realm)?;
    let authentication = authenticate_for_user(context, form, realm, &app)?;
    let device = context
        .sign_ins
        .devices()
        .find(device_code)
        .filter(|device| device.client_id.eq_ignore_ascii_case(app.client_id()))
        .ok_or_else(|| {
            EntraError::new(
                "bad_verification_code",
                70_000,
                "The provided value for the input parameter 'device_code' is not valid. This device code was not \
                 issued to this client.",
            )
        })?;
    let now = context.clock.unix();
    let is_too_soon = context.sign_ins.devices().poll(device_code, now);
    let sign_in = match device.decision {
        Decision::Redeemed => return Err(redeemed()),
        Decision::Declined => {
            return Err(EntraError::new(
                "authorization_declined",
                70_018,
                "The end user denied the authorization request.",
            ));
        }
        _ if now >= device.expires => {
            return Err(EntraError::new(
                "expired_token",
                70_020,
                "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
            ));
        }
        Decision::Pending if is_too_soon && context.tuning().strict_polling => {
            return Err(EntraError::new(
                "slow_down",
                70_021,
                "The client polls too fast.",
            ));
        }
        Decision::Pending => {
            return Err(EntraError::new(
                "authorization_pending",
                70_016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            ));
        }
        Decision::Approved(sign_in) => sign_in,
    };
    let grant = UserGrant {
        app: &app,
        authentication,
        form,
        realm,
        scope: form.get("scope").unwrap_or(&device.scope),
        sign_in: &sign_in,
        chain: None,
        single_page: None,
    };
    if !context.sign_ins.devices().redeem(device_code) {
        return Err(redeemed());
    }
    grant.answer(context)
}

fn redeemed() -> EntraError {
    EntraError::invalid_grant(
        54_005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
         refresh token.",
    )
}
