//! Sign-out (OpenID Connect RP-Initiated Logout).

use http::StatusCode;
use http::header::{LOCATION, SET_COOKIE};

use super::pages;
use super::token::id_token::username_of_hint;
use crate::Request;
use crate::context::Context;
use crate::realm::Realm;
use crate::reply::Reply;
use crate::sign_in::{cookie_of, set_cookie};

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let parameter = |name: &str| {
        request
            .query_parameter(name)
            .or_else(|| request.form_field(name))
    };
    let account = parameter("logout_hint").map(|hint| username_of_hint(&hint));
    let session = cookie_of(request);
    if let Some(session) = &session {
        context
            .sign_ins
            .sessions()
            .remove(session, account.as_deref());
    }
    let is_over = context
        .sign_ins
        .sessions()
        .accounts(session.as_deref())
        .is_empty();
    let mut reply = parameter("post_logout_redirect_uri")
        .filter(|uri| is_registered(context, uri))
        .map_or_else(pages::signed_out, |uri| {
            redirect(&uri, parameter("state").as_deref())
        });
    if is_over {
        reply.set(SET_COOKIE.as_str(), &set_cookie(request, None));
    }
    reply
}

/// Whether it is a redirect URI of any app.
fn is_registered(context: &Context, uri: &str) -> bool {
    context
        .registry()
        .apps()
        .any(|app| app.redirect_uri_for(uri).is_some())
}

fn redirect(uri: &str, state: Option<&str>) -> Reply {
    let mut location = uri.to_owned();
    if let Some(state) = state {
        let separator = if uri.contains('?') { '&' } else { '?' };
        let state = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .finish();
        location = format!("{uri}{separator}{state}");
    }
    let mut reply = Reply::new(StatusCode::FOUND, "").no_store();
    reply.set(LOCATION.as_str(), &location);
    reply
}
