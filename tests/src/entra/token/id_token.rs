//! Id tokens (OpenID Connect Core section 2), as each kind of provider writes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::signed::opaque;
use super::user_token::UserToken;
use crate::context::Context;
use crate::realm::Kind;
use crate::registry::User;

/// The claims for the app itself.
pub(super) fn claims(token: &UserToken<'_>, context: &Context) -> Value {
    let now = context.clock.unix();
    let mut claims = json!({
        "aud": token.app.client_id(),
        "iss": token.realm.issuer(),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "sub": token.subject(),
    });
    if let Some(nonce) = &token.sign_in.nonce {
        claims["nonce"] = json!(nonce);
    }
    if token.sign_in.tells_time {
        claims["auth_time"] = json!(token.sign_in.time);
    }
    match token.realm.kind {
        Kind::Adfs => adfs(token, &mut claims),
        Kind::B2c | Kind::B2cTfp => b2c(token, &mut claims),
        Kind::Oidc => oidc(token, &mut claims),
        Kind::Ciam | Kind::Dsts | Kind::Entra => entra(token, &mut claims),
    }
    claims
}

/// What an id token gives a client to name the account by (`login_hint`), and what names it.
pub(crate) fn login_hint(user: &User) -> String {
    format!("O.{}", URL_SAFE_NO_PAD.encode(user.username()))
}

/// The username that a login hint means.
pub(crate) fn username_of_hint(hint: &str) -> String {
    hint.strip_prefix("O.")
        .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_else(|| hint.to_owned())
}

fn entra(token: &UserToken<'_>, claims: &mut Value) {
    claims["aio"] = json!(opaque(44));
    claims["login_hint"] = json!(login_hint(token.user));
    claims["rh"] = json!(opaque(40));
    claims["sid"] = json!(token.sign_in.session_id);
    claims["tid"] = json!(token.realm.tenant_in_urls());
    claims["uti"] = json!(URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()));
    claims["ver"] = json!("2.0");
    if token.requested.profile {
        claims["name"] = json!(token.user.display_name());
        claims["oid"] = json!(token.object_id());
        claims["preferred_username"] = json!(token.user.username());
    }
    if token.requested.email {
        claims["email"] = json!(token.user.username());
    }
    if token.is_guest() {
        claims["idp"] = json!(token.home_identity_provider());
    }
}

fn adfs(token: &UserToken<'_>, claims: &mut Value) {
    let name = token.user.username().split('@').next().unwrap_or_default();
    claims["auth_time"] = json!(token.sign_in.time);
    claims["appid"] = json!(token.app.client_id());
    claims["sid"] = json!(token.sign_in.session_id);
    claims["unique_name"] = json!(format!("CONTOSO\\{name}"));
    claims["upn"] = json!(token.user.username());
    claims["ver"] = json!("1.0");
}

fn b2c(token: &UserToken<'_>, claims: &mut Value) {
    claims["auth_time"] = json!(token.sign_in.time);
    claims["emails"] = json!([token.user.username()]);
    claims["name"] = json!(token.user.display_name());
    claims["oid"] = json!(token.object_id());
    claims["tfp"] = json!(token.realm.policy);
    claims["ver"] = json!("1.0");
}

fn oidc(token: &UserToken<'_>, claims: &mut Value) {
    claims["auth_time"] = json!(token.sign_in.time);
    if token.requested.profile {
        claims["name"] = json!(token.user.display_name());
        claims["preferred_username"] = json!(token.user.username());
    }
    if token.requested.email {
        claims["email"] = json!(token.user.username());
    }
}

/// In seconds.
const LIFETIME: i64 = 3600;
