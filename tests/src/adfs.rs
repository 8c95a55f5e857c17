//! What AD FS has beside its OpenID endpoints.

use http::StatusCode;
use serde_json::json;

use crate::Request;
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;

pub(crate) const WEBFINGER_PATH: &str = "/.well-known/webfinger";

/// Confirms that the host is a realm that it trusts itself (RFC 7033).
pub(crate) fn web_finger(_: &Context, request: &Request, realm: &Realm) -> Reply {
    let host = format!("https://{}", realm.authority);
    let Some(resource) = request
        .query_parameter("resource")
        .filter(|resource| *resource == host)
    else {
        return Reply::new(StatusCode::NOT_FOUND, "");
    };
    let body = json!({ "subject": resource, "links": [{ "rel": TRUSTED_REALM, "href": host }] });
    Reply::json(StatusCode::OK, &body)
}

const TRUSTED_REALM: &str = "http://schemas.microsoft.com/rel/trusted-realm";
