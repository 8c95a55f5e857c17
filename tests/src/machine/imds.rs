//! The instance metadata service's identity endpoint.

use http::{Method, StatusCode};
use serde_json::json;
use time::macros::format_description;
use uuid::Uuid;

use super::grant::{Grant, Refused};
use super::identity::Selector;
use super::{came_by_proxy, has_metadata_header};
use crate::Request;
use crate::context::Context;
use crate::reply::Reply;

pub(super) fn answer(context: &Context, request: &Request) -> Reply {
    let mut reply = token(context, request).unwrap_or_else(|refused| *refused);
    reply.set("server", "IMDS/150.870.65.1854");
    reply
}

fn token(context: &Context, request: &Request) -> Result<Reply, Box<Reply>> {
    let refuse = |code, text: &str| Err(refusal(context, StatusCode::BAD_REQUEST, code, text));
    if request.method != Method::GET {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(refusal(
            context,
            status,
            "invalid_request",
            "Method not allowed.",
        ));
    }
    if came_by_proxy(request) {
        return refuse(
            "invalid_request",
            "Requests through a proxy are not accepted",
        );
    }
    if !has_metadata_header(request) {
        return refuse("invalid_request", "Required metadata header not specified");
    }
    if !knows_version(request, VERSIONS) {
        return refuse(
            "invalid_request",
            "api-version is invalid or was not specified in the request",
        );
    }
    let selector = Selector::read(
        request,
        [Some("client_id"), Some("object_id"), Some("msi_res_id")],
    );
    let Some(identity) = selector.identity else {
        return refuse("invalid_request", "Identity not found");
    };
    let resource = request.query_parameter("resource");
    let grant = Grant::of_identity(context, identity, resource)
        .map_err(|refused| no_token(context, refused))?;
    let mut body = grant.in_full();
    body["client_id"] = json!(identity.client_id);
    Ok(Reply::json(StatusCode::OK, &body))
}

/// A refusal in the words of this service and of Azure Arc's agent.
pub(super) fn no_token(context: &Context, refused: Refused) -> Box<Reply> {
    let (status, code, text) = match refused {
        Refused::NoResource => (
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Missing or empty resource parameter".to_owned(),
        ),
        Refused::UnknownResource(resource) => (
            StatusCode::BAD_REQUEST,
            "invalid_resource",
            format!(
                "AADSTS500011: The resource principal named {resource} was not found in the tenant."
            ),
        ),
        Refused::Unwell => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "unknown",
            "Failed to retrieve token".to_owned(),
        ),
    };
    refusal(context, status, code, &text)
}

pub(super) fn refusal(context: &Context, status: StatusCode, code: &str, text: &str) -> Box<Reply> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    let body = json!({
        "error": code,
        "error_description": text,
        "error_codes": [status.as_u16()],
        "timestamp": context.clock.now().format(format).unwrap_or_default(),
        "trace_id": Uuid::new_v4().to_string(),
        "correlation_id": Uuid::new_v4().to_string(),
    });
    Box::new(Reply::json(status, &body))
}

pub(super) fn knows_version(request: &Request, versions: &[&str]) -> bool {
    request
        .query_parameter("api-version")
        .is_some_and(|version| versions.contains(&version.as_str()))
}

const VERSIONS: &[&str] = &["2018-02-01", "2019-08-01", "2020-06-01", "2021-02-01"];
