//! Cloud Shell, which gives tokens of the user who sits at it, for a few audiences.

use http::{Method, StatusCode};
use serde_json::json;

use super::grant::{Grant, Refused};
use super::has_metadata_header;
use crate::context::Context;
use crate::reply::Reply;
use crate::{Request, defaults};

pub(super) fn answer(context: &Context, request: &Request) -> Reply {
    token(context, request).unwrap_or_else(|refused| *refused)
}

fn token(context: &Context, request: &Request) -> Result<Reply, Box<Reply>> {
    let bad = |text| Err(refusal("BadRequest", text));
    if request.method != Method::POST {
        return bad("The token is to be asked for by POST.");
    }
    if !has_metadata_header(request) {
        return bad("Required metadata header not specified");
    }
    if !request.is_form() || request.query.is_some() {
        return bad("The resource is to be named in a form.");
    }
    let user = context.registry().user(defaults::USERNAME);
    let Some(user) = user else {
        return bad("Nobody is signed in.");
    };
    let resource = request.form_field("resource");
    let grant = Grant::of_user(context, &user, resource).map_err(|refused| match refused {
        Refused::NoResource => refusal("BadRequest", "The resource is missing."),
        Refused::UnknownResource(resource) => {
            let text = format!("Audience {resource} is not a supported MSI token audience.");
            refusal("AudienceNotSupported", &text)
        }
        Refused::Unwell => refusal("InternalError", "The token could not be made."),
    })?;
    Ok(Reply::json(StatusCode::OK, &grant.in_full()))
}

fn refusal(code: &str, text: &str) -> Box<Reply> {
    let status = match code {
        "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    Box::new(Reply::json(
        status,
        &json!({ "error": { "code": code, "message": text } }),
    ))
}
