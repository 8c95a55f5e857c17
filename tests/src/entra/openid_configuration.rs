//! `GET /{tenant}/v2.0/.well-known/openid-configuration` (OpenID Connect Discovery 1.0).

use http::StatusCode;
use serde_json::{Value, json};

use super::error::decorate;
use super::tenant;
use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;

pub(crate) fn answer(context: &Context, request: &Request, realm: &Realm) -> Reply {
    let body = match realm.kind {
        Kind::Adfs => adfs(realm),
        Kind::Oidc => oidc(realm),
        Kind::B2c | Kind::B2cTfp => {
            // B2C answers tenants and policies that it does not know with a page.
            if realm.tenant.is_none()
                || !realm
                    .policy
                    .as_deref()
                    .is_some_and(|policy| policy.starts_with("b2c_1"))
            {
                return Reply::new(StatusCode::NOT_FOUND, "");
            }
            b2c(realm)
        }
        Kind::Ciam | Kind::Dsts | Kind::Entra => {
            if let Some(error) = tenant::refuse(realm, "invalid_tenant") {
                return error.reply(context, request, realm);
            }
            entra(realm)
        }
    };
    let mut reply = decorate(Reply::json(StatusCode::OK, &body), request);
    reply.set("cache-control", "max-age=86400, private");
    reply.set("access-control-allow-origin", "*");
    reply
}

fn entra(realm: &Realm) -> Value {
    let base = realm.base();
    let host = realm
        .cloud
        .map_or(realm.authority.as_str(), |cloud| cloud.name);
    let graph = realm
        .cloud
        .map_or("graph.microsoft.com", |cloud| cloud.graph_host);
    let region = realm
        .tenant
        .as_ref()
        .map(|_| realm.cloud.map_or("WW", |cloud| cloud.tenant_region));
    json!({
        "token_endpoint": realm.token_endpoint(),
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"
        ],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": realm.issuer(),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("https://{graph}/oidc/userinfo"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
            "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash",
            "c_hash", "email"
        ],
        "kerberos_endpoint": format!("{base}/kerberos"),
        "tenant_region_scope": region,
        "cloud_instance_name": host,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": graph,
        "rbac_url": "https://pas.windows.net",
    })
}

fn b2c(realm: &Realm) -> Value {
    let base = realm.base();
    json!({
        "issuer": realm.issuer(),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": realm.token_endpoint(),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": [
            "code", "code id_token", "code token", "code id_token token", "id_token", "id_token token", "token",
            "token id_token"
        ],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["name", "emails", "idp", "oid", "sub", "tfp", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"],
    })
}

fn adfs(realm: &Realm) -> Value {
    let base = realm.base();
    json!({
        "issuer": realm.issuer(),
        "authorization_endpoint": format!("{base}/oauth2/authorize/"),
        "token_endpoint": realm.token_endpoint(),
        "jwks_uri": format!("{base}/discovery/keys"),
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "client_secret_basic", "private_key_jwt", "windows_client_authentication"
        ],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token", "code token", "code id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer", "implicit", "password", "srv_challenge",
            "urn:ietf:params:oauth:grant-type:device_code", "device_code"
        ],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["logon_cert", "profile", "user_impersonation", "allatclaims", "vpn_cert", "email", "winhello_cert", "aza", "openid"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "access_token_issuer": format!("http://{}/adfs/services/trust", realm.authority),
        "claims_supported": ["aud", "iss", "iat", "exp", "auth_time", "nonce", "at_hash", "c_hash", "sub", "upn", "unique_name", "pwd_url", "pwd_exp", "mfa_auth_time", "sid", "nbf"],
        "microsoft_multi_refresh_token": true,
        "userinfo_endpoint": format!("{base}/userinfo"),
        "capabilities": [],
        "end_session_endpoint": format!("{base}/oauth2/logout"),
        "as_access_token_token_binding_supported": true,
        "as_refresh_token_token_binding_supported": true,
        "resource_access_token_token_binding_supported": true,
        "op_id_token_token_binding_supported": true,
        "rp_id_token_token_binding_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "device_authorization_endpoint": format!("{base}/oauth2/devicecode"),
    })
}

fn oidc(realm: &Realm) -> Value {
    let base = realm.base();
    let mut configuration = json!({
        "issuer": realm.issuer(),
        "authorization_endpoint": format!("{base}/connect/authorize"),
        "token_endpoint": realm.token_endpoint(),
        "jwks_uri": format!("{base}/keys"),
        "device_authorization_endpoint": format!("{base}/connect/deviceauthorization"),
        "end_session_endpoint": format!("{base}/connect/endsession"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        "grant_types_supported": [
            "authorization_code", "client_credentials", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code"
        ],
    });
    let announces_itself = realm
        .issuer
        .as_ref()
        .is_some_and(|issuer| issuer.announces_itself());
    if announces_itself {
        configuration["authorization_response_iss_parameter_supported"] = json!(true);
    }
    configuration
}
