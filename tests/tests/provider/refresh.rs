use msal_testing::defaults::{
    API, DISABLED_USERNAME, FAMILY_CLIENT_ID, GRAPH, MFA_USERNAME, OTHER_FAMILY_CLIENT_ID,
    OTHER_TENANT_ID, OTHER_USERNAME, PASSWORD, PERSONAL_USERNAME, PUBLIC_CLIENT_ID, TENANT_ID,
    USERNAME,
};
use msal_testing::{LocalIdentityProvider, Person, User};
use serde_json::json;

use crate::token_errors::assert_error;
use crate::user::{App, claims};

fn refresh_token(app: &App<'_>, username: &str) -> String {
    app.tokens(username)["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_refresh_token_is_replaced_and_stays_good() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let first = refresh_token(&app, USERNAME);
    let body = app.refresh(&first, &[]).json();
    let second = body["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    let id_token = claims(&provider, &body["id_token"]);
    assert_eq!(
        (&id_token["aud"], id_token.get("nonce")),
        (&json!(PUBLIC_CLIENT_ID), None)
    );
    for token in [&first, second] {
        assert_eq!(app.refresh(token, &[]).status, 200);
    }
    // For any resource, and by default for what it was issued for.
    let task = format!("{API}/Task.Read offline_access");
    assert_eq!(
        app.refresh(&first, &[("scope", &task)]).json()["scope"],
        format!("{API}/Task.Read")
    );
    assert_eq!(
        app.refresh(&first, &[("scope", "")]).json()["scope"],
        body["scope"]
    );
    let two = format!("{API}/Task.Read User.Read");
    assert_error(
        &app.refresh(&first, &[("scope", &two)]),
        400,
        "invalid_request",
        28_000,
        "two resources",
    );
    assert_error(
        &app.refresh("nonsense", &[]),
        400,
        "invalid_grant",
        9_002_313,
        "nonsense",
    );
}

#[test]
fn a_rotating_refresh_token_used_twice_ends_the_whole_sign_in() {
    let provider = LocalIdentityProvider::builder()
        .rotating_refresh_tokens()
        .start()
        .unwrap();
    let app = App::desktop(&provider);
    let bystander = refresh_token(&app, USERNAME);
    let first = refresh_token(&app, USERNAME);
    // What fails does not spend it.
    assert_error(
        &app.refresh(&first, &[("scope", "Mail.Read")]),
        400,
        "invalid_grant",
        65_001,
        "consent",
    );
    let second = app.refresh(&first, &[]).json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_error(
        &app.refresh(&first, &[]),
        400,
        "invalid_grant",
        70_000,
        "reuse",
    );
    assert_error(
        &app.refresh(&second, &[]),
        400,
        "invalid_grant",
        70_000,
        "the successor",
    );
    assert_eq!(app.refresh(&bystander, &[]).status, 200);
    provider.set_rotating_refresh_tokens(false);
    let token = refresh_token(&app, USERNAME);
    assert_eq!(app.refresh(&token, &[]).status, 200);
    assert_eq!(app.refresh(&token, &[]).status, 200);
}

#[test]
fn a_family_shares_its_refresh_tokens_and_nobody_else_does() {
    let provider = LocalIdentityProvider::start().unwrap();
    let family = App::desktop(&provider).client(FAMILY_CLIENT_ID, "http://localhost");
    let other = App::desktop(&provider).client(OTHER_FAMILY_CLIENT_ID, "http://localhost");
    let desktop = App::desktop(&provider);
    let token = refresh_token(&family, USERNAME);
    let body = other.refresh(&token, &[]).json();
    assert_eq!(body["foci"], "1");
    assert_eq!(
        claims(&provider, &body["id_token"])["aud"],
        OTHER_FAMILY_CLIENT_ID
    );
    for (app, token) in [
        (&desktop, &token),
        (&family, &refresh_token(&desktop, USERNAME)),
    ] {
        let refused = app.refresh(token, &[]);
        assert_error(&refused, 400, "invalid_grant", 70_000, "a stranger");
        assert_eq!(refused.json()["suberror"], "client_mismatch");
        assert_eq!(refused.json()["error_additional_info"], "client_mismatch");
    }
}

#[test]
fn a_refresh_token_ends_with_time_revocation_and_a_new_password() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let (alice, other) = (
        refresh_token(&app, USERNAME),
        refresh_token(&app, MFA_USERNAME),
    );
    assert_eq!(provider.revoke(USERNAME), 1);
    let refused = app.refresh(&alice, &[]);
    assert_error(&refused, 400, "invalid_grant", 50_173, "revoked");
    assert_eq!(refused.json()["suberror"], "bad_token");
    assert_eq!(app.refresh(&other, &[]).status, 200);

    let token = refresh_token(&app, USERNAME);
    provider.change_password(USERNAME, "another").unwrap();
    assert_error(
        &app.refresh(&token, &[]),
        400,
        "invalid_grant",
        50_173,
        "password",
    );
    provider
        .sign_in(&app.authorize_url(&[]), USERNAME, PASSWORD)
        .unwrap_err();
    assert!(
        provider
            .sign_in(&app.authorize_url(&[]), USERNAME, "another")
            .unwrap()
            .get("code")
            .is_some()
    );

    provider.set_clock_offset(7_776_001);
    assert_error(
        &app.refresh(&other, &[]),
        400,
        "invalid_grant",
        700_082,
        "old",
    );
}

#[test]
fn a_refresh_fails_where_the_user_is_needed() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let token = refresh_token(&app, USERNAME);
    let refused = app.refresh(&token, &[("scope", "Mail.Read")]);
    assert_error(&refused, 400, "invalid_grant", 65_001, "consent");
    assert_eq!(refused.json()["suberror"], "consent_required");

    // A user who is now asked for more than the sign-in had.
    provider.register_user(User::new(USERNAME, msal_testing::defaults::USER_OBJECT_ID).needs_mfa());
    let refused = app.refresh(&token, &[]);
    assert_error(
        &refused,
        400,
        "interaction_required",
        50_076,
        "second factor",
    );
    assert_eq!(refused.json()["suberror"], "basic_action");
    let claims = refused.json()["claims"].as_str().unwrap().to_owned();
    assert!(
        claims.starts_with(r#"{"access_token":{"capolids":"#),
        "{claims}"
    );

    provider.register_user(User::new(USERNAME, msal_testing::defaults::USER_OBJECT_ID).disabled());
    assert_error(
        &app.refresh(&token, &[]),
        400,
        "invalid_grant",
        50_057,
        DISABLED_USERNAME,
    );
}

#[test]
fn claims_that_a_resource_demands_are_met_by_a_sign_in_that_asks_for_them() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let token = refresh_token(&app, USERNAME);
    let demanded = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
    provider.demand_claims(GRAPH, demanded.clone());
    let refused = app.refresh(&token, &[]);
    assert_error(&refused, 400, "interaction_required", 50_076, "claims");
    let body = refused.json();
    let challenge = body["claims"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(challenge).unwrap(),
        demanded
    );
    // Asking at the token endpoint is not enough, and other resources demand nothing.
    assert_eq!(app.refresh(&token, &[("claims", challenge)]).status, 400);
    let task = format!("{API}/Task.Read");
    assert_eq!(app.refresh(&token, &[("scope", &task)]).status, 200);

    let merged =
        r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["CP1"]}}}"#;
    let answer = app.sign_in(USERNAME, &[("claims", merged)]);
    let body = app.redeem(answer.get("code").unwrap(), &[]).json();
    assert_eq!(
        app.refresh(body["refresh_token"].as_str().unwrap(), &[])
            .status,
        200
    );
    provider.demand_no_claims(GRAPH);
    assert_eq!(app.refresh(&token, &[]).status, 200);
}

#[test]
fn a_refresh_in_a_tenant_that_does_not_know_the_user_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let home = App::desktop(&provider);
    let bob = refresh_token(
        &App::desktop(&provider).tenant(OTHER_TENANT_ID),
        OTHER_USERNAME,
    );
    assert_error(
        &home.refresh(&bob, &[]),
        400,
        "invalid_grant",
        90_072,
        "no guest",
    );
    let paula = refresh_token(&App::desktop(&provider).tenant("common"), PERSONAL_USERNAME);
    assert_error(
        &home.refresh(&paula, &[]),
        400,
        "invalid_grant",
        50_020,
        "personal",
    );
    let organizations = App::desktop(&provider).tenant("organizations");
    assert_error(
        &organizations.refresh(&paula, &[]),
        400,
        "invalid_request",
        500_200,
        "personal",
    );
    assert_eq!(
        App::desktop(&provider)
            .tenant("common")
            .refresh(&bob, &[])
            .status,
        200
    );
}

#[test]
fn consent_given_on_the_page_counts_for_refreshes_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let token = refresh_token(&app, USERNAME);
    let mail = app.authorize_url(&[("scope", "Mail.Read")]);
    provider
        .browser()
        .sign_in(&mail, &Person::new(USERNAME))
        .unwrap();
    let body = app.refresh(&token, &[("scope", "Mail.Read")]).json();
    assert!(
        body["scope"].as_str().unwrap().contains("Mail.Read"),
        "{body}"
    );
    assert_eq!(claims(&provider, &body["access_token"])["tid"], TENANT_ID);
}
