//! App Service and Functions.

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::grant::{Grant, Refused};
use super::identity::Selector;
use super::imds::knows_version;
use crate::context::Context;
use crate::reply::Reply;
use crate::{Request, defaults};

pub(super) fn answer(context: &Context, request: &Request) -> Reply {
    token(context, request).unwrap_or_else(|refused| *refused)
}

fn token(context: &Context, request: &Request) -> Result<Reply, Box<Reply>> {
    if request.header("x-identity-header") != Some(defaults::IDENTITY_HEADER) {
        return Err(refusal(
            StatusCode::UNAUTHORIZED,
            "The X-IDENTITY-HEADER is missing or is not the one of this app.",
        ));
    }
    if request.method != Method::GET || !knows_version(request, &["2019-08-01"]) {
        return Err(refusal(StatusCode::BAD_REQUEST, "Unsupported api-version."));
    }
    let selector = Selector::read(
        request,
        [Some("client_id"), Some("object_id"), Some("mi_res_id")],
    );
    let Some(identity) = selector.identity else {
        let text = "No User Assigned or Delegated Managed Identity found for specified \
                    ClientId/ResourceId/PrincipalId.";
        return Err(refusal(StatusCode::BAD_REQUEST, text));
    };
    let resource = request.query_parameter("resource");
    let grant = Grant::of_identity(context, identity, resource).map_err(|refused| match refused {
        Refused::NoResource => refusal(StatusCode::BAD_REQUEST, "The resource is missing."),
        Refused::UnknownResource(resource) => {
            let text = format!(
                "AADSTS500011: The resource principal named {resource} was not found in the tenant."
            );
            refusal(StatusCode::BAD_REQUEST, &text)
        }
        Refused::Unwell => refusal(StatusCode::INTERNAL_SERVER_ERROR, "An error has occurred."),
    })?;
    let mut body = grant.in_short();
    body["client_id"] = json!(identity.client_id);
    Ok(Reply::json(StatusCode::OK, &body))
}

fn refusal(status: StatusCode, text: &str) -> Box<Reply> {
    let body = json!({
        "statusCode": status.as_u16(),
        "message": text,
        "correlationId": Uuid::new_v4().to_string(),
    });
    Box::new(Reply::json(status, &body))
}
