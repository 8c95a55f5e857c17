//! Azure Arc's agent, which gives a token to whoever can read a file that it has just written.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::json;

use super::grant::Grant;
use super::has_metadata_header;
use super::identity::{SYSTEM, Selector};
use super::imds::{knows_version, no_token, refusal};
use crate::Request;
use crate::context::Context;
use crate::reply::Reply;

pub(super) fn answer(context: &Context, request: &Request) -> Reply {
    token(context, request).unwrap_or_else(|refused| *refused)
}

fn token(context: &Context, request: &Request) -> Result<Reply, Box<Reply>> {
    let refuse = |status, code, text: &str| Err(refusal(context, status, code, text));
    let bad = StatusCode::BAD_REQUEST;
    if request.method != Method::GET || !knows_version(request, VERSIONS) {
        return refuse(bad, "invalid_request", "The api-version is not supported");
    }
    if !has_metadata_header(request) {
        return refuse(
            bad,
            "invalid_request",
            "Required metadata header not specified",
        );
    }
    match request.header(AUTHORIZATION.as_str()) {
        None => return challenge(context),
        Some(shown) if !context.machines.keys.spend(shown) => {
            let text = "The key is not one that this agent has written";
            return refuse(StatusCode::UNAUTHORIZED, "unauthorized_client", text);
        }
        Some(_) => {}
    }
    let mut selector = Selector::read(
        request,
        [Some("client_id"), Some("object_id"), Some("msi_res_id")],
    );
    if context.machines.keys.is_old_agent() {
        selector = Selector {
            identity: Some(SYSTEM),
            by: None,
        };
    }
    let Some(identity) = selector.identity else {
        return refuse(bad, "invalid_request", "Identity not found");
    };
    let resource = request.query_parameter("resource");
    let grant = Grant::of_identity(context, identity, resource)
        .map_err(|refused| no_token(context, refused))?;
    let mut body = grant.in_full();
    if let Some(by) = selector.by {
        body[by] = json!(match by {
            "client_id" => identity.client_id,
            "object_id" => identity.object_id,
            _ => identity.resource_id,
        });
    }
    Ok(Reply::json(StatusCode::OK, &body))
}

fn challenge(context: &Context) -> Result<Reply, Box<Reply>> {
    let unwell = |text: &str| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Err(refusal(context, status, "unknown", text))
    };
    let path = match context.machines.keys.write() {
        Ok(path) => path,
        Err(error) => return unwell(&format!("The key cannot be written: {error}")),
    };
    let status = StatusCode::UNAUTHORIZED;
    let text = "Missing Basic Authorization header";
    let mut reply = refusal(context, status, "unauthorized_client", text);
    let challenge = format!("Basic realm={}", path.display());
    reply.set(WWW_AUTHENTICATE.as_str(), &challenge);
    Err(reply)
}

const VERSIONS: &[&str] = &["2019-08-15", "2019-11-01", "2020-06-01", "2021-02-01"];
