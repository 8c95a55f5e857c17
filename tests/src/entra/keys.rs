//! `GET /{tenant}/discovery/v2.0/keys`: the keys that tokens are signed with (RFC 7517).

use http::StatusCode;
use serde_json::json;

use super::error::decorate;
use super::tenant;
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let mut key = context.signing_key.jwk();
    if matches!(realm.kind, Kind::Ciam | Kind::Dsts | Kind::Entra) {
        if let Some(error) = tenant::refuse(realm, "invalid_tenant") {
            return error.reply(context, request, realm);
        }
        key["issuer"] = json!(realm.issuer());
        if let Some(cloud) = realm.cloud {
            key["cloud_instance_name"] = json!(cloud.name);
        }
    }
    decorate(
        Reply::json(StatusCode::OK, &json!({ "keys": [key] })),
        request,
    )
}
