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
mod on_behalf_of;
mod password;
mod refresh_token;
mod saml_bearer;
mod scope;
pub(crate) mod signed;
mod ssh_certificate;
mod user_fic;
pub(crate) mod user_grant;
pub(crate) mod user_token;

use http::{Method, StatusCode};
use serde_json::Value;

pub(crate) use self::client_authentication::find_app;
pub(crate) use self::form::{Form, parse_claims};
use super::error::{EntraError, decorate};
use super::tenant;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;
use crate::{Request, SamlVersion};

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    match grant(context, request, realm) {
        Ok(body) => {
            let mut reply = decorate(Reply::json(StatusCode::OK, &body), request).no_store();
            reply.set("x-ms-clitelem", "1,0,0,,");
            if request.header("origin").is_some() {
                reply.set("access-control-allow-origin", "*");
            }
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
        "password" => password::grant(context, &form, realm),
        on_behalf_of::GRANT_TYPE if takes_tokens(realm) => {
            on_behalf_of::grant(context, &form, realm)
        }
        user_fic::GRANT_TYPE if realm.kind == Kind::Entra => user_fic::grant(context, &form, realm),
        saml_bearer::GRANT_TYPE_1_1 if has_user_realms(realm) => {
            saml_bearer::grant(context, &form, realm, SamlVersion::V1_1)
        }
        saml_bearer::GRANT_TYPE_2_0 if has_user_realms(realm) => {
            saml_bearer::grant(context, &form, realm, SamlVersion::V2_0)
        }
        other => {
            let message = format!("The app requested an unsupported grant type '{other}'.");
            Err(EntraError::new("unsupported_grant_type", 70_003, message))
        }
    }
}

/// Whether others may vouch for users of this kind of provider.
const fn has_user_realms(realm: &Realm) -> bool {
    matches!(realm.kind, Kind::Dsts | Kind::Entra)
}

/// Whether this kind of provider lets an API act for its callers.
const fn takes_tokens(realm: &Realm) -> bool {
    matches!(
        realm.kind,
        Kind::Adfs | Kind::Ciam | Kind::Dsts | Kind::Entra
    )
}

fn refuse_tenant(realm: &Realm) -> Option<EntraError> {
    match realm.kind {
        Kind::Adfs | Kind::Oidc => None,
        _ => tenant::refuse(realm, "invalid_request"),
    }
}
