use msal_testing::defaults::{
    MFA_USERNAME, OTHER_USERNAME, PUBLIC_CLIENT_ID, USERNAME, WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};
use msal_testing::{Endpoint, LocalIdentityProvider, OidcIssuer, Person};
use serde_json::{Value, json};

use crate::client::{Client, Response};
use crate::token_errors::assert_error;
use crate::user::{App, SCOPE, claims};

fn begin(app: &App<'_>) -> Value {
    let url = format!("{}/devicecode", app.authority);
    let fields = [("client_id", app.client_id), ("scope", app.scope)];
    let response = Client::of(app.provider).post(&url, &fields).unwrap();
    assert_eq!(response.status, 200, "{}", response.json());
    response.json()
}

fn poll(app: &App<'_>, device: &Value) -> Response {
    let code = device["device_code"].as_str().unwrap();
    app.token(
        "urn:ietf:params:oauth:grant-type:device_code",
        &[("device_code", code)],
    )
}

#[test]
fn a_device_waits_until_somebody_signs_in_on_the_page() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).tenant("organizations");
    let device = begin(&app);
    let user_code = device["user_code"].as_str().unwrap();
    let uri = device["verification_uri"].as_str().unwrap();
    assert_eq!(
        uri,
        "https://login.microsoftonline.com/common/oauth2/deviceauth"
    );
    assert_eq!(
        (&device["expires_in"], &device["interval"]),
        (&json!(900), &json!(5))
    );
    assert_eq!(user_code.len(), 9);
    let message = device["message"].as_str().unwrap();
    assert!(
        message.contains(uri) && message.contains(user_code),
        "{message}"
    );
    assert_eq!(device.get("verification_uri_complete"), None);
    for _ in 0..2 {
        assert_error(
            &poll(&app, &device),
            400,
            "authorization_pending",
            70_016,
            "nobody yet",
        );
    }
    let page = Client::of(&provider)
        .get("https://microsoft.com/devicelogin")
        .unwrap();
    assert_eq!(page.header("location"), Some(uri));

    let typed = format!(" {}-{} ", &user_code[..4].to_lowercase(), &user_code[4..]);
    provider
        .browser()
        .answer_device(uri, &typed, &Person::new(MFA_USERNAME))
        .unwrap();
    let body = poll(&app, &device).json();
    assert_eq!(
        claims(&provider, &body["id_token"])["preferred_username"],
        MFA_USERNAME
    );
    assert!(body["refresh_token"].is_string() && body["client_info"].is_string());
    assert_error(&poll(&app, &device), 400, "invalid_grant", 54_005, "once");
    assert_eq!(provider.count(Endpoint::DeviceAuthorization), 1);
    assert_eq!(provider.count(Endpoint::DevicePage), 3);
}

#[test]
fn both_names_of_the_grant_and_of_the_code_are_taken() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    for (grant_type, name) in [
        ("device_code", "device_code"),
        ("device_code", "code"),
        ("urn:ietf:params:oauth:grant-type:device_code", "code"),
    ] {
        let device = begin(&app);
        provider
            .approve_device(device["user_code"].as_str().unwrap(), USERNAME)
            .unwrap();
        let response = app.token(
            grant_type,
            &[(name, device["device_code"].as_str().unwrap())],
        );
        assert_eq!(response.status, 200, "{grant_type} {name}");
    }
    let refused = app.token("device_code", &[]);
    assert_error(&refused, 400, "invalid_request", 900_144, "no code");
}

#[test]
fn a_device_is_told_that_it_was_declined_or_came_too_late_or_is_unknown() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let (first, second, third) = (begin(&app), begin(&app), begin(&app));
    provider
        .decline_device(first["user_code"].as_str().unwrap())
        .unwrap();
    assert_error(
        &poll(&app, &first),
        400,
        "authorization_declined",
        70_018,
        "declined",
    );
    let uri = second["verification_uri"].as_str().unwrap();
    let declines = Person::new(USERNAME).declines();
    provider
        .browser()
        .answer_device(uri, second["user_code"].as_str().unwrap(), &declines)
        .unwrap();
    assert_error(
        &poll(&app, &second),
        400,
        "authorization_declined",
        70_018,
        "on the page",
    );
    provider.set_clock_offset(901);
    assert_error(&poll(&app, &third), 400, "expired_token", 70_020, "late");
    let late = provider.browser().answer_device(
        uri,
        third["user_code"].as_str().unwrap(),
        &Person::new(USERNAME),
    );
    assert!(
        late.unwrap_err()
            .to_string()
            .contains("That code didn't work")
    );
    let unknown = json!({ "device_code": "nonsense" });
    assert_error(
        &poll(&app, &unknown),
        400,
        "bad_verification_code",
        70_000,
        "unknown",
    );
    provider.approve_device("NONSENSE9", USERNAME).unwrap_err();
}

#[test]
fn a_device_code_is_for_its_client_and_confidential_clients_show_their_secret() {
    let provider = LocalIdentityProvider::start().unwrap();
    let desktop = App::desktop(&provider);
    let web = App::desktop(&provider).client(WEB_CLIENT_ID, "");
    let device = begin(&web);
    provider
        .approve_device(device["user_code"].as_str().unwrap(), USERNAME)
        .unwrap();
    assert_error(
        &poll(&web, &device),
        401,
        "invalid_client",
        7_000_218,
        "no secret",
    );
    assert_error(
        &poll(&desktop, &device),
        400,
        "bad_verification_code",
        70_000,
        PUBLIC_CLIENT_ID,
    );
    let web = web.secret(WEB_CLIENT_SECRET);
    assert_eq!(poll(&web, &device).status, 200);
}

#[test]
fn a_strict_provider_tells_a_fast_device_to_slow_down() {
    let provider = LocalIdentityProvider::builder()
        .strict_polling()
        .start()
        .unwrap();
    let app = App::desktop(&provider);
    let device = begin(&app);
    assert_error(
        &poll(&app, &device),
        400,
        "authorization_pending",
        70_016,
        "first",
    );
    assert_error(&poll(&app, &device), 400, "slow_down", 70_021, "at once");
    // Ten seconds now (RFC 8628 section 3.5).
    provider.set_clock_offset(7);
    assert_error(&poll(&app, &device), 400, "slow_down", 70_021, "too soon");
    provider.set_clock_offset(25);
    assert_error(
        &poll(&app, &device),
        400,
        "authorization_pending",
        70_016,
        "patient",
    );
}

#[test]
fn a_user_that_the_tenant_does_not_know_cannot_approve() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let device = begin(&app);
    let uri = device["verification_uri"].as_str().unwrap();
    let code = device["user_code"].as_str().unwrap();
    let error = provider
        .browser()
        .answer_device(uri, code, &Person::new(OTHER_USERNAME))
        .unwrap_err();
    assert!(error.to_string().contains("AADSTS90072"), "{error}");
    assert_error(
        &poll(&app, &device),
        400,
        "authorization_pending",
        70_016,
        "still",
    );
    // Consent comes before the question whether it is this app.
    let app = app.scope("Mail.Read openid");
    let device = begin(&app);
    let code = device["user_code"].as_str().unwrap();
    provider
        .browser()
        .answer_device(uri, code, &Person::new(USERNAME))
        .unwrap();
    assert!(
        poll(&app, &device).json()["scope"]
            .as_str()
            .unwrap()
            .contains("Mail.Read")
    );
}

#[test]
fn other_kinds_of_provider_have_devices_too() {
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(OidcIssuer::new("https://id.example.com/realm").unwrap())
        .start()
        .unwrap();
    for (configuration, scope) in [
        (
            "https://fs.contoso.com/adfs/.well-known/openid-configuration",
            "openid",
        ),
        (
            "https://id.example.com/realm/.well-known/openid-configuration",
            "openid api.read",
        ),
    ] {
        let configuration = Client::of(&provider).get(configuration).unwrap().json();
        let post = |name: &str, fields: &[(&str, &str)]| {
            Client::of(&provider)
                .post(configuration[name].as_str().unwrap(), fields)
                .unwrap()
        };
        let fields = [("client_id", PUBLIC_CLIENT_ID), ("scope", scope)];
        let device = post("device_authorization_endpoint", &fields).json();
        let poll = || {
            post(
                "token_endpoint",
                &[
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                    ("client_id", PUBLIC_CLIENT_ID),
                    ("device_code", device["device_code"].as_str().unwrap()),
                ],
            )
        };
        assert_eq!(poll().json()["error"], "authorization_pending");
        let uri = device["verification_uri"].as_str().unwrap();
        provider
            .browser()
            .answer_device(
                uri,
                device["user_code"].as_str().unwrap(),
                &Person::new(USERNAME),
            )
            .unwrap();
        assert!(poll().json()["id_token"].is_string(), "{SCOPE}");
    }
}
