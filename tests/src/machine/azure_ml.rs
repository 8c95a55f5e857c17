//! Azure Machine Learning: the interface that App Service once had.

use http::{Method, StatusCode};
use serde_json::json;

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
    if request.header("secret") != Some(defaults::MSI_SECRET) {
        let text = "The secret is missing or is not the one of this compute.";
        return Err(refusal(StatusCode::UNAUTHORIZED, "unauthorized", text));
    }
    if request.method != Method::GET || !knows_version(request, &["2017-09-01"]) {
        let text = "The api-version is not supported.";
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_request", text));
    }
    let selector = Selector::read(request, [Some("clientid"), None, None]);
    let Some(identity) = selector.identity else {
        let text = "The identity is not assigned to this compute.";
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_client", text));
    };
    let resource = request.query_parameter("resource");
    let grant =
        Grant::of_identity(context, identity, resource).map_err(|refused| match refused {
            Refused::NoResource | Refused::UnknownResource(_) => refusal(
                StatusCode::BAD_REQUEST,
                "invalid_resource",
                "The resource is missing or unknown.",
            ),
            Refused::Unwell => refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "unknown",
                "The token could not be made.",
            ),
        })?;
    Ok(Reply::json(StatusCode::OK, &grant.in_short()))
}

fn refusal(status: StatusCode, code: &str, text: &str) -> Box<Reply> {
    Box::new(Reply::json(
        status,
        &json!({ "error": code, "message": text }),
    ))
}
