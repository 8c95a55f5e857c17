use msal_testing::defaults::{GRAPH, OTHER_TENANT_ID, PUBLIC_CLIENT_ID, TENANT_DOMAIN};
use msal_testing::{App, LocalIdentityProvider};
use serde_json::json;

use crate::client::{Client, Response};
use crate::{good_fields, plus, token_url, with, without};

#[test]
fn each_wrong_request_gets_the_error_that_entra_id_gives() {
    let provider = LocalIdentityProvider::builder()
        .app(App::new("expired").expired_secret("old"))
        .app(App::new("elsewhere").tenant(OTHER_TENANT_ID).secret("s"))
        .start()
        .unwrap();
    let cases = [
        (
            with("client_secret", "wrong"),
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            with("client_id", "00000000-0000-0000-0000-000000000001"),
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            with("client_id", "elsewhere"),
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            with("client_id", PUBLIC_CLIENT_ID),
            401,
            "invalid_client",
            700_025,
        ),
        (without("client_secret"), 400, "invalid_request", 7_000_216),
        (with("client_secret", ""), 400, "invalid_request", 7_000_216),
        (without("client_id"), 400, "invalid_request", 900_144),
        (without("grant_type"), 400, "invalid_request", 900_144),
        (without("scope"), 400, "invalid_request", 900_144),
        (
            with("grant_type", "magic"),
            400,
            "unsupported_grant_type",
            70_003,
        ),
        (with("scope", "User.Read"), 400, "invalid_scope", 1_002_012),
        (
            with("scope", "https://graph.microsoft.com/User.Read"),
            400,
            "invalid_scope",
            1_002_012,
        ),
        (with("scope", "/.default"), 400, "invalid_scope", 1_002_012),
        (
            with(
                "scope",
                "https://graph.microsoft.com/.default api://local-api/.default",
            ),
            400,
            "invalid_scope",
            70_011,
        ),
        (
            with("scope", "api://nobody/.default"),
            400,
            "invalid_resource",
            500_011,
        ),
        (plus("scope", "again"), 400, "invalid_request", 9_000_411),
        (plus("resource", GRAPH), 400, "invalid_request", 901_002),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("client_id", "expired"),
                ("client_secret", "old"),
                ("scope", "https://graph.microsoft.com/.default"),
            ],
            401,
            "invalid_client",
            7_000_222,
        ),
    ];
    for (fields, status, error, code) in cases {
        let response = Client::of(&provider).post(&token_url(), &fields).unwrap();
        assert_error(&response, status, error, code, &format!("{fields:?}"));
    }
}

#[test]
fn each_wrong_tenant_gets_the_error_that_entra_id_gives() {
    let provider = LocalIdentityProvider::start().unwrap();
    let cases = [
        ("common", "invalid_request", 50_059),
        ("organizations", "invalid_request", 50_059),
        ("consumers", "invalid_request", 9_001_023),
        (
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            "invalid_request",
            9_001_023,
        ),
        ("nowhere.example", "invalid_request", 90_002),
        ("no_tenant", "invalid_request", 900_023),
    ];
    for (tenant, error, code) in cases {
        let url = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        assert_error(
            &Client::of(&provider).post(&url, &good_fields()).unwrap(),
            400,
            error,
            code,
            tenant,
        );
    }
    for tenant in [TENANT_DOMAIN, "contoso.com"] {
        let url = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        assert_eq!(
            Client::of(&provider)
                .post(&url, &good_fields())
                .unwrap()
                .status,
            200
        );
    }
}

#[test]
fn a_request_in_the_wrong_form_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    assert_error(
        &client.get(&token_url()).unwrap(),
        400,
        "invalid_request",
        900_561,
        "GET",
    );
    let json = client
        .send(
            "POST",
            &token_url(),
            &[("Content-Type", "application/json")],
            "{}",
        )
        .unwrap();
    assert_error(&json, 400, "invalid_request", 9_000_410, "JSON");
    let text = client
        .send(
            "POST",
            &token_url(),
            &[("Content-Type", "text/plain")],
            "grant_type=client_credentials",
        )
        .unwrap();
    assert_error(&text, 400, "invalid_request", 900_144, "text");
    let claims = client
        .post(&token_url(), &plus("claims", "not json"))
        .unwrap();
    assert_error(&claims, 400, "invalid_request", 9_000_410, "claims");
    let array = client.post(&token_url(), &plus("claims", "[]")).unwrap();
    assert_error(
        &array,
        400,
        "invalid_request",
        9_000_410,
        "claims that are no object",
    );
}

#[test]
fn ids_are_echoed_where_the_client_asks_for_it() {
    let provider = LocalIdentityProvider::start().unwrap();
    let id = "0d8f1a7c-6b1e-4a53-9a35-0d8e5a1f7b11";
    let send = |headers: &[(&str, &str)], query: &str| {
        Client::of(&provider)
            .send("POST", &format!("{}{query}", token_url()), headers, "")
            .unwrap()
    };
    let response = send(
        &[
            ("client-request-id", id),
            ("return-client-request-id", "true"),
        ],
        "",
    );
    assert_eq!(response.header("client-request-id"), Some(id));
    assert_eq!(response.json()["correlation_id"], id);
    assert_eq!(
        response.header("x-ms-request-id"),
        response.json()["trace_id"].as_str()
    );

    let response = send(
        &[
            ("client-request-id", id),
            ("return-client-request-id", "false"),
        ],
        "",
    );
    assert_eq!(response.header("client-request-id"), None);
    assert_eq!(response.json()["correlation_id"], id);

    let response = send(&[], &format!("?client-request-id={id}"));
    assert_eq!(response.json()["correlation_id"], id);
    assert_ne!(
        send(&[("client-request-id", "not an id")], "").json()["correlation_id"],
        "not an id"
    );
}

pub(crate) fn assert_error(response: &Response, status: u16, error: &str, code: u64, case: &str) {
    let body = response.json();
    assert_eq!(body["error_codes"], json!([code]), "{case}: {body}");
    assert_eq!(
        (response.status, body["error"].as_str()),
        (status, Some(error)),
        "{case}: {body}"
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with(&format!("AADSTS{code}: ")),
        "{case}: {description}"
    );
    for part in [" Trace ID: ", " Correlation ID: ", " Timestamp: "] {
        assert!(description.contains(part), "{case}: {description}");
    }
    assert_eq!(
        body["error_uri"],
        format!("https://login.microsoftonline.com/error?code={code}")
    );
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(
        timestamp.len() == 20 && timestamp.ends_with('Z') && timestamp.contains(' '),
        "{timestamp}"
    );
    assert_eq!(
        response.header("x-ms-clitelem"),
        Some(format!("1,{code},0,,").as_str())
    );
}
