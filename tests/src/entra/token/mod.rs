//! `POST /{tenant}/oauth2/v2.0/token`: what it takes, and whom it believes.

mod access_token;
mod assertion;
mod audience;
mod authorization_code;
mod binding;
mod client_authentication;
mod client_credentials;
pub(crate) mod delegated;
mod device_code;
mod form;
pub(crate) mod id_token;
mod refresh_token;
mod scope;
pub(crate) mod signed;
mod ssh_certificate;
pub(crate) mod user_grant;
pub(crate) mod user_token;

use http::{Method, StatusCode};
use serde_json::Value;

pub(crate) use self::client_authentication::find_app;
pub(crate) use self::form::{Form, parse_claims};
use super::error::{EntraError, decorate};
use super::tenant;
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    match grant(context, request, realm) {
        Ok(body) => {
            let mut reply = decorate(Reply::json(StatusCode::OK, &body), request).no_store();
            reply.set("x-ms-clitelem", "1,0,0,,");
            reply
        }
        Err(error) => error.reply(context, request, realm),
    }
}

/// A new grant type is a new file and a line here.
fn grant(context: &Context, request: &Request, realm: &Realm) -> Result<Value, EntraError> {
    if request.method != Method::POST {
        let message = format!(
            "The endpoint only accepts POST, OPTIONS requests. Received a {} request.",
            request.method
        );
        return Err(EntraError::invalid_request(900_561, message));
    }
    let form = Form::read(request)?;
    if let Some(error) = refuse_tenant(realm) {
        return Err(error);
    }
    match form.required("grant_type")? {
        "authorization_code" => authorization_code::grant(context, request, &form, realm),
        "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
            device_code::grant(context, &form, realm)
        }
        "refresh_token" => refresh_token::grant(context, request, &form, realm),
        "client_credentials" => client_credentials::grant(context, &form, realm),
        other => {
            let message = format!("The app requested an unsupported grant type '{other}'.");
            Err(EntraError::new("unsupported_grant_type", 70_003, message))
        }
    }
}

fn refuse_tenant(realm: &Realm) -> Option<EntraError> {
    match realm.kind {
        Kind::Adfs | Kind::Oidc => None,
        _ => tenant::refuse(realm, "invalid_request"),
    }
}
