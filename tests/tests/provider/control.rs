//! The surface for suites in other languages, as far as users go.

use msal_testing::defaults::{MFA_CODE, MFA_USERNAME, PASSWORD, PUBLIC_CLIENT_ID, USERNAME};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider};
use serde_json::{Value, json};

use crate::client::{Client, Response};
use crate::token_errors::assert_error;
use crate::user::App;

fn control(provider: &LocalIdentityProvider, name: &str, body: &Value) -> Response {
    let url = format!("{}/.control/{name}", provider.plain_url());
    Client::of(provider)
        .send("POST", &url, &[], &body.to_string())
        .unwrap()
}

#[test]
fn a_suite_in_another_language_signs_users_in() {
    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let app = App::desktop(&provider).client(PUBLIC_CLIENT_ID, "http://localhost:5000");
    let url = app.authorize_url(&[]);
    let answer = control(
        &provider,
        "sign-in",
        &json!({ "url": url, "username": MFA_USERNAME, "password": PASSWORD, "mfa": MFA_CODE }),
    )
    .json();
    assert_eq!(
        (&answer["method"], &answer["redirect_uri"]),
        (&json!("GET"), &json!("http://localhost:5000"))
    );
    assert!(
        answer["location"]
            .as_str()
            .unwrap()
            .starts_with("http://localhost:5000?code=")
    );
    assert_eq!(answer["parameters"]["state"], "the-state");

    let url = app.authorize_url(&[("response_mode", "form_post"), ("scope", "Mail.Read")]);
    let answer = control(
        &provider,
        "sign-in",
        &json!({ "url": url, "username": USERNAME, "consent": false }),
    )
    .json();
    assert_eq!(answer["method"], "POST");
    assert!(
        answer["body"]
            .as_str()
            .unwrap()
            .starts_with("error=access_denied&")
    );

    let refused = control(
        &provider,
        "sign-in",
        &json!({ "url": url, "username": USERNAME, "password": "wrong" }),
    );
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]
            .as_str()
            .unwrap()
            .contains("password is incorrect")
    );
    assert_eq!(control(&provider, "sign-in", &json!({})).status, 400);

    // A session of a name is a browser of its own.
    let url = app.authorize_url(&[("prompt", "none")]);
    let with = |url: &str, session: &str| {
        let body = json!({ "url": url, "username": USERNAME, "session": session });
        control(&provider, "sign-in", &body).json()["parameters"].clone()
    };
    assert_eq!(with(&url, "one")["error"], "login_required");
    with(&app.authorize_url(&[]), "one");
    assert!(with(&url, "one")["code"].is_string());
    assert_eq!(with(&url, "two")["error"], "login_required");
}

#[test]
fn a_suite_in_another_language_decides_for_devices() {
    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let app = App::desktop(&provider);
    let begin = || {
        let fields = [("client_id", PUBLIC_CLIENT_ID), ("scope", "openid")];
        Client::of(&provider)
            .post(&format!("{}/devicecode", app.authority), &fields)
            .unwrap()
            .json()
    };
    let poll = |device: &Value| {
        app.token(
            "device_code",
            &[("device_code", device["device_code"].as_str().unwrap())],
        )
    };
    let (first, second) = (begin(), begin());
    let body = json!({ "user_code": first["user_code"], "username": USERNAME, "password": PASSWORD, "decision": "approve" });
    assert_eq!(control(&provider, "device", &body).status, 204);
    assert_eq!(poll(&first).status, 200);
    let body =
        json!({ "user_code": second["user_code"], "username": USERNAME, "decision": "decline" });
    assert_eq!(control(&provider, "device", &body).status, 204);
    assert_error(
        &poll(&second),
        400,
        "authorization_declined",
        70_018,
        "declined",
    );
    assert_eq!(
        control(
            &provider,
            "device",
            &json!({ "user_code": "NONSENSE9", "username": USERNAME })
        )
        .status,
        400
    );
}

#[test]
fn a_suite_in_another_language_changes_users_and_settings() {
    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let app = App::desktop(&provider);
    let settings = json!({ "lifetime": 1000, "refresh_in": 500, "rotating_refresh_tokens": true });
    assert_eq!(control(&provider, "settings", &settings).status, 204);
    let body = app.tokens(USERNAME);
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(1000), &json!(500))
    );
    let token = body["refresh_token"].as_str().unwrap();
    assert_eq!(app.refresh(token, &[]).status, 200);
    assert_error(
        &app.refresh(token, &[]),
        400,
        "invalid_grant",
        70_000,
        "rotating",
    );
    for wrong in [
        json!({ "lifetime": "long" }),
        json!({ "nonsense": 1 }),
        json!([]),
    ] {
        assert_eq!(
            control(&provider, "settings", &wrong).status,
            400,
            "{wrong}"
        );
    }

    let body = app.tokens(USERNAME);
    let token = body["refresh_token"].as_str().unwrap();
    assert_eq!(
        control(&provider, "revoke", &json!({ "username": USERNAME })).json()["revoked"],
        1
    );
    assert_error(
        &app.refresh(token, &[]),
        400,
        "invalid_grant",
        50_173,
        "revoked",
    );

    let demand = json!({ "resource": "https://graph.microsoft.com", "claims": { "access_token": { "a": null } } });
    assert_eq!(control(&provider, "demand", &demand).status, 204);
    let refused = app.redeem(&app.code(USERNAME), &[]);
    assert_error(&refused, 400, "interaction_required", 50_076, "demanded");
    let nothing = json!({ "resource": "https://graph.microsoft.com", "claims": null });
    assert_eq!(control(&provider, "demand", &nothing).status, 204);
    app.tokens(USERNAME);

    let password = json!({ "username": USERNAME, "password": "new" });
    assert_eq!(control(&provider, "password", &password).status, 204);
    provider
        .sign_in(&app.authorize_url(&[]), USERNAME, PASSWORD)
        .unwrap_err();
    provider
        .sign_in(&app.authorize_url(&[]), USERNAME, "new")
        .unwrap();
    assert_eq!(control(&provider, "nonsense", &json!({})).status, 404);
}

#[test]
fn faults_strike_the_new_endpoints_and_the_summary_names_users() {
    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let app = App::desktop(&provider);
    provider.script(Fault::status(503).on(Endpoint::Authorize));
    provider.script(Fault::status(503).on(Endpoint::Login));
    provider.script(Fault::status(503).on(Endpoint::DeviceAuthorization));
    let url = app.authorize_url(&[]);
    assert_eq!(Client::of(&provider).get(&url).unwrap().status, 503);
    assert!(
        provider
            .sign_in(&url, USERNAME, PASSWORD)
            .unwrap_err()
            .to_string()
            .contains("503")
    );
    let device = Client::of(&provider)
        .post(&format!("{}/devicecode", app.authority), &[])
        .unwrap();
    assert_eq!((device.status, provider.waiting_faults()), (503, 0));

    let summary = provider.summary();
    let users = summary["users"].as_array().unwrap();
    assert_eq!(users.len(), 7);
    assert_eq!(users[0]["username"], USERNAME);
    assert_eq!(summary["password"], PASSWORD);
    let desktop = summary["apps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|app| app["client_id"] == PUBLIC_CLIENT_ID)
        .unwrap();
    assert_eq!(desktop["redirect_uris"][0], "http://localhost");
}
