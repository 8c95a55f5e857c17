//! Both ends of a sign-in in a browser, as far as a script needs them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use msal_core::app::AuthCodeFlow;
use serde_json::{Value, json};

use crate::script::*;

pub(crate) const TENANT: &str = "a1a1a1a1-0000-4000-8000-000000000001";
pub(crate) const USER: &str = "b2b2b2b2-0000-4000-8000-000000000002";

/// What the browser brings back when all went well.
pub(crate) fn back(flow: AuthCodeFlow) -> (AuthCodeFlow, String) {
    let state = parameter(&flow, "state");
    (flow, format!("code=the-code&state={state}"))
}

/// What the user's id token says.
pub(crate) fn claims(flow: &AuthCodeFlow) -> Value {
    json!({
        "iss": format!("{AUTHORITY}/v2.0"),
        "aud": "client",
        "sub": "subject",
        "oid": USER,
        "tid": TENANT,
        "nonce": parameter(flow, "nonce"),
        "iat": START,
        "exp": START + 3600,
        "preferred_username": "alice@contoso.com",
    })
}

/// An id token that says so, with a signature that is none.
pub(crate) fn id_token(flow: &AuthCodeFlow) -> String {
    let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(json!({ "alg": "RS256", "kid": "a" }));
    [&header, ".", &part(claims(flow)), ".c2ln"].concat()
}

/// The answer to a sign-in, a renewal or a call on behalf of the user.
pub(crate) fn signed_in(token_type: &str, name: &str, id_token: Option<&str>) -> Reply {
    let client_info = json!({ "uid": USER, "utid": TENANT }).to_string();
    let mut body = json!({
        "token_type": token_type,
        "expires_in": 3599,
        "access_token": name,
        "refresh_token": format!("{name}-refresh"),
        "client_info": BASE64_URL_SAFE_NO_PAD.encode(client_info),
        "scope": "User.Read https://graph.microsoft.com/.default",
    });
    if let Some(id_token) = id_token {
        body["id_token"] = json!(id_token);
    }
    reply(200, &body.to_string())
}

fn parameter(flow: &AuthCodeFlow, name: &str) -> String {
    let mut parameters = flow.auth_uri().query_pairs();
    let found = parameters.find(|(known, _)| known == name);
    found.unwrap().1.into_owned()
}
