//! As much of Microsoft Graph as shows that a token works: who the token's user is.

use http::header::WWW_AUTHENTICATE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::context::Context;
use crate::jws::Jws;
use crate::realm::Realm;
use crate::reply::Reply;
use crate::{Request, defaults};

pub(crate) const HOST: &str = "graph.microsoft.com";

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let Some(token) = request.header("authorization").and_then(bearer) else {
        return unauthorized("Access token is empty.");
    };
    let token = match check(context, token, defaults::GRAPH) {
        Ok(token) => token,
        Err(message) => return unauthorized(message),
    };
    if request.method != Method::GET || request.path != "/v1.0/me" {
        let message = "Resource not found for the segment.";
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFound", message);
    }
    let scopes = token.claim("scp").unwrap_or_default();
    if !scopes.split(' ').any(|scope| scope == "User.Read") {
        let message = "Insufficient privileges to complete the operation.";
        return refusal(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            message,
        );
    }
    let body = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "displayName": token.claim("name"),
        "id": token.claim("oid"),
        "userPrincipalName": token.claim("upn"),
    });
    Reply::json(StatusCode::OK, &body).no_store()
}

/// RFC 6750 section 2.1.
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A token that this provider has issued for a resource, as long as it lasts.
pub(crate) fn check<'text>(
    context: &Context,
    token: &'text str,
    resource: &str,
) -> Result<Jws<'text>, &'static str> {
    let token = Jws::parse(token).ok_or("CompactToken parsing failed with error code: 80049217")?;
    if !token.is_signed_by(&context.signing_key.jwk()) {
        return Err("Signature is invalid.");
    }
    let audience = token.claim("aud").unwrap_or_default();
    let is_meant = context
        .registry()
        .resource(resource)
        .is_some_and(|resource| resource.is_called(audience));
    if !is_meant {
        return Err("Invalid audience.");
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds fit for millions of years"
    )]
    let now = context.clock.unix() as f64;
    match token.time("exp") {
        Some(end) if now < end => Ok(token),
        _ => Err("Lifetime validation failed, the token is expired."),
    }
}

fn unauthorized(message: &str) -> Reply {
    let mut reply = refusal(
        StatusCode::UNAUTHORIZED,
        "InvalidAuthenticationToken",
        message,
    );
    reply.set(
        WWW_AUTHENTICATE.as_str(),
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         client_id=\"00000003-0000-0000-c000-000000000000\"",
    );
    reply
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    let body: Value = json!({ "error": { "code": code, "message": message } });
    Reply::json(status, &body)
}
