//! The device authorization endpoint (RFC 8628), and the page where people type the code.

use http::header::LOCATION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::authorize::begin_for_device;
use super::error::{EntraError, decorate};
use super::token::delegated::RequestedScopes;
use super::token::signed::opaque;
use super::token::{Form, find_app};
use super::{pages, tenant};
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;
use crate::sign_in::{Decision, Device, new_user_code};

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    match begin(context, request, realm) {
        Ok(body) => decorate(Reply::json(StatusCode::OK, &body), request).no_store(),
        Err(error) => error.reply(context, request, realm),
    }
}

/// The page where a person types the code.
pub(crate) fn page(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let action = request.path.as_str();
    if request.method == Method::GET {
        let user_code = ["user_code", "otc"]
            .iter()
            .find_map(|name| request.query_parameter(name))
            .unwrap_or_default();
        return pages::ask_for_device_code(action, &user_code, None);
    }
    let user_code = request.form_field("otc").unwrap_or_default();
    let found = {
        let devices = context.sign_ins.devices();
        devices
            .device_code(&user_code)
            .and_then(|device_code| Some((devices.find(&device_code)?, device_code)))
    };
    let Some((device, device_code)) =
        found.filter(|(device, _)| device.expires > context.clock.unix())
    else {
        return pages::ask_for_device_code(action, &user_code, Some(WRONG_CODE));
    };
    match find_app(context, &device.client_id, &device.realm) {
        Ok(app) => begin_for_device(context, request, &device, app, device_code),
        Err(error) => pages::refuse(&error.description(context, request, realm)),
    }
}

/// The short address that people are told.
pub(crate) fn short_address(_: &Context, _: &Request, _: &Realm) -> Reply {
    let mut reply = Reply::new(StatusCode::FOUND, "");
    reply.set(
        LOCATION.as_str(),
        "https://login.microsoftonline.com/common/oauth2/deviceauth",
    );
    reply
}

fn begin(context: &Context, request: &Request, realm: &Realm) -> Result<Value, EntraError> {
    if request.method != Method::POST {
        let message = format!(
            "The endpoint only accepts POST requests. Received a {} request.",
            request.method
        );
        return Err(EntraError::invalid_request(900_561, message));
    }
    let form = Form::read(request)?;
    if !matches!(realm.kind, Kind::Adfs | Kind::Oidc)
        && let Some(error) = tenant::refuse(realm, "invalid_request")
    {
        return Err(error);
    }
    let app = find_app(context, form.required("client_id")?, realm)?;
    let scope = form.required("scope")?;
    RequestedScopes::parse(context, scope, realm, &app)?.only_group()?;
    form.claims()?;
    let (user_code, device_code) = (new_user_code(), opaque(160));
    let verification_uri = verification_uri(realm);
    let device = Device {
        client_id: app.client_id().to_owned(),
        decision: Decision::Pending,
        expires: context.clock.unix() + LIFETIME,
        interval: INTERVAL,
        last_poll: None,
        realm: realm.clone(),
        scope: scope.to_owned(),
        user_code: user_code.clone(),
    };
    context.sign_ins.devices().put(device_code.clone(), device);
    let mut body = json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": verification_uri,
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    });
    if realm.kind == Kind::Oidc {
        body["verification_uri_complete"] =
            json!(format!("{verification_uri}?user_code={user_code}"));
    } else {
        body["message"] = json!(format!(
            "To sign in, use a web browser to open the page {verification_uri} and enter the code {user_code} to \
             authenticate."
        ));
    }
    Ok(body)
}

pub(crate) fn verification_uri(realm: &Realm) -> String {
    match realm.kind {
        Kind::Adfs => format!("{}/oauth2/deviceauth", realm.base()),
        Kind::Oidc => format!("{}/device", realm.base()),
        Kind::Entra => format!("https://{}/common/oauth2/deviceauth", realm.authority),
        Kind::B2c | Kind::B2cTfp | Kind::Ciam | Kind::Dsts => {
            format!("{}/oauth2/deviceauth", realm.base())
        }
    }
}

/// Fifteen minutes in seconds.
const LIFETIME: i64 = 900;

/// Seconds between two polls.
const INTERVAL: i64 = 5;

const WRONG_CODE: &str = "That code didn't work. Check the code and try again.";
