//! As much of Azure Key Vault as shows that a token works: its challenge, and one secret.

use http::header::WWW_AUTHENTICATE;
use http::{Method, StatusCode};
use serde_json::json;

use crate::context::Context;
use crate::graph::{bearer, check};
use crate::realm::Realm;
use crate::reply::Reply;
use crate::{Request, defaults};

/// Any vault's host ends so; the client checks that against the resource of the challenge.
pub(crate) fn is_vault(request: &Request) -> bool {
    request.host.to_ascii_lowercase().ends_with(HOSTS)
}

pub(crate) fn answer(context: &Context, request: &Request, _: &Realm) -> Reply {
    let token = request.header("authorization").and_then(bearer);
    let checked = token.map(|token| check(context, token, defaults::KEY_VAULT));
    match checked {
        None => return challenge("AKV10000: Request is missing a Bearer or PoP token."),
        Some(Err(message)) => return challenge(message),
        Some(Ok(_)) => {}
    }
    let path = request.path.trim_end_matches('/');
    if request.method != Method::GET || path != format!("/secrets/{}", defaults::VAULT_SECRET_NAME)
    {
        let message = "A secret with this name was not found in this key vault.";
        return refusal(StatusCode::NOT_FOUND, "SecretNotFound", message);
    }
    let id = format!("https://{}{path}/{VERSION}", request.host);
    let body = json!({
        "value": defaults::VAULT_SECRET_VALUE,
        "id": id,
        "attributes": { "enabled": true, "created": 1_700_000_000, "updated": 1_700_000_000 },
    });
    Reply::json(StatusCode::OK, &body).no_store()
}

fn challenge(message: &str) -> Reply {
    let mut reply = refusal(StatusCode::UNAUTHORIZED, "Unauthorized", message);
    let challenge = format!(
        "Bearer authorization=\"https://login.microsoftonline.com/{}\", resource=\"{}\"",
        defaults::TENANT_ID,
        defaults::KEY_VAULT,
    );
    reply.set(WWW_AUTHENTICATE.as_str(), &challenge);
    reply
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "error": { "code": code, "message": message } }),
    )
}

const HOSTS: &str = ".vault.azure.net";
const VERSION: &str = "4387e9f3d6e14c459867679a90fd0f79";
