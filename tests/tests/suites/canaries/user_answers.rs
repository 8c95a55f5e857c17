//! What endpoints answer calls for users, with a secret in each part.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msal_testing::{Fault, defaults};
use serde_json::json;

use super::secrets::{
    ACCESS_TOKEN, BODY, CHALLENGE, CLIENT_INFO, DESCRIPTION, DEVICE_CODE, FAULT_TEXT, HEADER,
    ID_CLAIM, REFRESH_TOKEN, SAML, USERNAME,
};

/// Answers with a secret in each of their parts.
pub(super) fn answers() -> Vec<(&'static str, Fault)> {
    let encoded = |text: String| URL_SAFE_NO_PAD.encode(text);
    let id_token = |claims: serde_json::Value| format!("e30.{}.c2ln", encoded(claims.to_string()));
    let own = json!({
        "aud": defaults::PUBLIC_CLIENT_ID, "sub": ID_CLAIM, "oid": ID_CLAIM, "nonce": ID_CLAIM,
        "tid": defaults::TENANT_ID, "preferred_username": USERNAME,
        "iss": format!("https://login.microsoftonline.com/{}/v2.0", defaults::TENANT_ID),
    });
    let client_info = encoded(json!({"uid": CLIENT_INFO, "utid": CLIENT_INFO}).to_string());
    let token = |changed: serde_json::Value| {
        let mut body = json!({
            "token_type": "Bearer", "expires_in": 3599, "access_token": ACCESS_TOKEN,
            "refresh_token": REFRESH_TOKEN, "other": BODY,
        });
        for (name, value) in changed.as_object().unwrap() {
            body[name] = value.clone();
        }
        Fault::json(200, body.to_string()).header("x-other", HEADER)
    };
    let refusal = |status, code: &str, suberror: &str| {
        let body = json!({
            "error": code, "suberror": suberror, "other": BODY, "error_codes": [50076],
            "error_description": format!("AADSTS50076: got {DESCRIPTION}"),
            "claims": format!(r#"{{"a":"{CHALLENGE}"}}"#),
        });
        Fault::json(status, body.to_string()).header("set-cookie", HEADER)
    };
    let soap = |inside: String| {
        Fault::status(500)
            .header("content-type", "application/soap+xml")
            .body(format!(
                r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{inside}</s:Body></s:Envelope>"#
            ))
    };
    let fault = format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>{FAULT_TEXT}</s:Text></s:Reason></s:Fault>"
    );
    vec![
        ("a token", token(json!({}))),
        ("nobody's token", token(json!({"client_info": client_info}))),
        (
            "another's id token",
            token(json!({"id_token": id_token(json!({"aud": ID_CLAIM, "sub": ID_CLAIM}))})),
        ),
        (
            "another issuer's id token",
            token(json!({"id_token": id_token(json!({
                "aud": defaults::PUBLIC_CLIENT_ID, "sub": ID_CLAIM, "iss": format!("https://{ID_CLAIM}/"),
            }))})),
        ),
        (
            "somebody else's id token",
            token(json!({"id_token": id_token(own.clone()), "client_info": client_info})),
        ),
        (
            "an id token that is none",
            token(json!({"id_token": encoded(own.to_string())})),
        ),
        (
            "a client_info that is none",
            token(json!({"client_info": format!("{CLIENT_INFO}!")})),
        ),
        (
            "a refresh token of another type",
            token(json!({"refresh_token": [REFRESH_TOKEN]})),
        ),
        ("a dead token", refusal(400, "invalid_grant", "bad_token")),
        (
            "a demand",
            refusal(400, "interaction_required", "basic_action"),
        ),
        (
            "a client of no family",
            refusal(400, "invalid_grant", "client_mismatch"),
        ),
        ("unwell", refusal(503, "temporarily_unavailable", "")),
        ("a name", {
            let text = format!("AADSTS50105: {USERNAME} is not assigned to a role");
            let body = json!({"error": "interaction_required", "error_description": text});
            Fault::json(400, body.to_string())
        }),
        (
            "a pause",
            refusal(429, "temporarily_unavailable", "").header("retry-after", "3"),
        ),
        (
            "a device code that nobody can type",
            Fault::json(
                200,
                json!({"device_code": DEVICE_CODE, "user_code": BODY.repeat(3)}).to_string(),
            ),
        ),
        (
            "a device code for another place",
            Fault::json(
                200,
                json!({
                    "device_code": DEVICE_CODE, "user_code": "ABCD-1234", "message": DESCRIPTION,
                    "verification_uri": format!("https://somebody:{BODY}@elsewhere.example/"),
                })
                .to_string(),
            ),
        ),
        (
            "a device code",
            Fault::json(
                200,
                json!({
                    "device_code": DEVICE_CODE, "user_code": "ABCD-1234", "message": DESCRIPTION,
                    "verification_uri": "https://elsewhere.example/",
                })
                .to_string(),
            ),
        ),
        (
            "a realm without TLS",
            Fault::json(
                200,
                json!({
                    "account_type": "Federated", "federation_protocol": "WSTrust", "domain_name": BODY,
                    "federation_metadata_url": format!("http://elsewhere.example/{BODY}"),
                    "federation_active_auth_url": format!("https://somebody:{BODY}@elsewhere.example/"),
                })
                .to_string(),
            ),
        ),
        ("a fault", soap(fault)),
        (
            "an assertion that is none",
            soap(format!("<a>{SAML}</a>")).header("x-other", HEADER),
        ),
        ("an assertion without an end", {
            let xml = format!("<s:Envelope><saml:Assertion>{SAML}");
            Fault::status(200).body(xml)
        }),
        (
            "a text",
            Fault::status(400).body(BODY).header("x-other", HEADER),
        ),
        (
            "a redirect",
            Fault::redirect(302, &format!("https://elsewhere.example/?{BODY}")),
        ),
        ("a reset", Fault::reset()),
    ]
}
