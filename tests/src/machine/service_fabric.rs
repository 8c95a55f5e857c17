//! Service Fabric, whose service gives the same token until it is told that it was refused.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Digest as _;
use uuid::Uuid;

use super::grant::{Grant, Refused};
use super::identity::Selector;
use super::imds::knows_version;
use crate::certificate::hex;
use crate::context::Context;
use crate::reply::Reply;
use crate::{Request, defaults};

pub(super) fn answer(context: &Context, request: &Request) -> Reply {
    token(context, request).unwrap_or_else(|refused| *refused)
}

fn token(context: &Context, request: &Request) -> Result<Reply, Box<Reply>> {
    if request.header("secret") != Some(defaults::IDENTITY_HEADER) {
        let text =
            "A value for the 'Secret' header was not found, or is not the one of this service.";
        return Err(refusal(StatusCode::NOT_FOUND, "SecretHeaderNotFound", text));
    }
    if request.method != Method::GET || !knows_version(request, VERSIONS) {
        let text = "The api-version is invalid.";
        return Err(refusal(StatusCode::BAD_REQUEST, "InvalidApiVersion", text));
    }
    // The older version knows of no other identity than the one that was deployed.
    let object_id = knows_version(request, &["2020-05-01"]).then_some("principalId");
    let selector = Selector::read(request, [None, object_id, None]);
    let Some(identity) = selector.identity else {
        let text = "The managed identity was not found.";
        let status = StatusCode::NOT_FOUND;
        return Err(refusal(status, "ManagedIdentityNotFound", text));
    };
    let resource = request.query_parameter("resource");
    let mut grant =
        Grant::of_identity(context, identity, resource).map_err(|refused| match refused {
            Refused::NoResource => refusal(
                StatusCode::BAD_REQUEST,
                "ArgumentNullOrEmpty",
                "The parameter 'resource' is null or empty.",
            ),
            Refused::UnknownResource(resource) => {
                let text = format!("AADSTS500011: The resource {resource} was not found.");
                refusal(StatusCode::BAD_REQUEST, "ManagedIdentityError", &text)
            }
            Refused::Unwell => refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "The token could not be made.",
            ),
        })?;
    let key = (identity.object_id.to_owned(), grant.resource.clone());
    let refused = request.query_parameter("token_sha256_to_refresh");
    let mut given = context.machines.fabric_tokens();
    match given.get(&key) {
        Some(token) if refused.as_deref() != Some(&hash(token)) => grant.token.clone_from(token),
        _ => {
            given.insert(key, grant.token.clone());
        }
    }
    let mut body: Value = grant.in_short();
    body["expires_on"] = json!(grant.expires_on());
    Ok(Reply::json(StatusCode::OK, &body))
}

fn hash(token: &str) -> String {
    hex(&sha2::Sha256::digest(token)).to_ascii_lowercase()
}

fn refusal(status: StatusCode, code: &str, text: &str) -> Box<Reply> {
    let error =
        json!({ "correlationId": Uuid::new_v4().to_string(), "code": code, "message": text });
    Box::new(Reply::json(status, &json!({ "error": error })))
}

const VERSIONS: &[&str] = &["2019-07-01-preview", "2020-05-01"];
