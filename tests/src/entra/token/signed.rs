//! What all access tokens have in common: how long they live, and how they are written.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use uuid::Uuid;

use super::EntraError;
use crate::context::Context;
use crate::registry::Resource;

/// How long a token lives, and when a client should get the next, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(super) lifetime: i64,
    pub(super) refresh_in: Option<i64>,
}

impl Lifetime {
    pub(super) fn of(
        context: &Context,
        resource: Option<&Resource>,
        capabilities: &[String],
    ) -> Self {
        let tuning = context.tuning();
        let lives_long = resource.is_some_and(Resource::evaluates_continuously)
            && capabilities.iter().any(|declared| declared == "CP1");
        let lifetime = if lives_long {
            LONG_LIFETIME
        } else {
            tuning.lifetime
        };
        let refresh_in = tuning
            .refresh_in
            .or_else(|| (lifetime > REFRESH_HINT_ABOVE).then_some(lifetime / 2));
        Self {
            lifetime,
            refresh_in,
        }
    }
}

/// What the client can do, as its claims request says (`access_token.xms_cc.values`).
pub(crate) fn capabilities(claims: Option<&Value>) -> Vec<String> {
    let values = claims.and_then(|claims| claims.pointer("/access_token/xms_cc/values"));
    let values = values.and_then(Value::as_array).into_iter().flatten();
    values
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// Writes an access token: signed, or where a test wants it so, as text that says nothing.
pub(crate) fn sign(
    context: &Context,
    claims: impl FnOnce() -> Value,
) -> Result<String, EntraError> {
    if let Some(length) = context.settings.opaque_tokens {
        return Ok(opaque(length));
    }
    sign_always(context, &claims())
}

/// Writes a JWT.
pub(crate) fn sign_always(context: &Context, claims: &Value) -> Result<String, EntraError> {
    context
        .signing_key
        .sign(claims)
        .map_err(|_error| transient())
}

pub(crate) fn transient() -> EntraError {
    EntraError::new(
        "server_error",
        90_033,
        "A transient error has occurred. Please try again.",
    )
}

/// Unique text that tells a client nothing.
pub(crate) fn opaque(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text += &URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
    }
    text.truncate(length);
    text
}

/// What a client that takes part in continuous access evaluation gets, in seconds.
const LONG_LIFETIME: i64 = 86_400;

/// Tokens that live longer come with a hint when to refresh, in seconds.
const REFRESH_HINT_ABOVE: i64 = 7_200;
