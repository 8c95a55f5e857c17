use msal_testing::LocalIdentityProvider;
use msal_testing::defaults::{
    API_CLIENT_ID, OTHER_TENANT_ID, PUBLIC_CLIENT_ID, SPA_CLIENT_ID, TENANT_ID, USERNAME,
    WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};

use crate::token_errors::assert_error;
use crate::user::{App, CHALLENGE, Fields, VERIFIER, claims};

const WEB_URI: &str = "http://localhost:8080/auth/redirect";

#[test]
fn a_code_is_good_once_and_a_second_time_revokes_what_it_gave() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let code = app.code(USERNAME);
    let body = app.redeem(&code, &[]).json();
    let refresh_token = body["refresh_token"].as_str().unwrap();
    let later = app.refresh(refresh_token, &[]).json();
    assert_error(
        &app.redeem(&code, &[]),
        400,
        "invalid_grant",
        54_005,
        "again",
    );
    for token in [refresh_token, later["refresh_token"].as_str().unwrap()] {
        assert_error(
            &app.refresh(token, &[]),
            400,
            "invalid_grant",
            70_000,
            "revoked",
        );
    }
}

#[test]
fn a_code_is_bound_to_its_request() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let pkce = [
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let good = [("code_verifier", VERIFIER)];
    let code = app.sign_in(USERNAME, &pkce).get("code").unwrap().to_owned();
    let other = VERIFIER.to_uppercase();
    let refused: [(Fields<'_>, &str, u64); 6] = [
        (&[], "invalid_grant", 501_481),
        (&[("code_verifier", &other)], "invalid_grant", 501_481),
        (&[("code_verifier", CHALLENGE)], "invalid_grant", 501_481),
        (
            &[("redirect_uri", "http://localhost"), good[0]],
            "invalid_client",
            500_112,
        ),
        (&[("redirect_uri", ""), good[0]], "invalid_request", 900_144),
        (&[("scope", ""), good[0]], "invalid_request", 28_003),
    ];
    for (change, error, number) in &refused[..5] {
        assert_error(
            &app.redeem(&code, change),
            400,
            error,
            *number,
            &format!("{change:?}"),
        );
    }
    let elsewhere = App::desktop(&provider)
        .tenant(OTHER_TENANT_ID)
        .redeem(&code, &good);
    assert_error(&elsewhere, 400, "invalid_grant", 700_005, "another tenant");
    let stranger = App::desktop(&provider)
        .client(SPA_CLIENT_ID, app.redirect_uri)
        .redeem(&code, &good);
    assert_error(&stranger, 400, "invalid_grant", 70_000, "another client");
    // None of that has spent it.
    assert_eq!(app.redeem(&code, &good).status, 200);
    assert_error(
        &app.redeem("nonsense", &[]),
        400,
        "invalid_grant",
        70_000,
        "nonsense",
    );

    let (change, error, number) = refused[5];
    let code = app.sign_in(USERNAME, &pkce).get("code").unwrap().to_owned();
    assert_error(&app.redeem(&code, change), 400, error, number, "no scope");
    // Nobody who does not know the verifier may bring one.
    let without = app.code(USERNAME);
    assert_error(
        &app.redeem(&without, &good),
        400,
        "invalid_grant",
        501_481,
        "no challenge",
    );
}

#[test]
fn a_plain_challenge_is_its_own_verifier() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    for method in ["plain", ""] {
        let answer = app.sign_in(
            USERNAME,
            &[
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", method),
            ],
        );
        let code = answer.get("code").unwrap();
        assert_error(
            &app.redeem(code, &[("code_verifier", VERIFIER)]),
            400,
            "invalid_grant",
            501_481,
            method,
        );
        assert_eq!(
            app.redeem(code, &[("code_verifier", CHALLENGE)]).status,
            200
        );
    }
}

#[test]
fn a_code_lives_for_ten_minutes() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let (first, second) = (app.code(USERNAME), app.code(USERNAME));
    provider.set_clock_offset(590);
    assert_eq!(app.redeem(&first, &[]).status, 200);
    provider.set_clock_offset(601);
    assert_error(
        &app.redeem(&second, &[]),
        400,
        "invalid_grant",
        70_008,
        "old",
    );
}

#[test]
fn a_code_of_common_is_good_at_common_and_in_the_users_tenant() {
    let provider = LocalIdentityProvider::start().unwrap();
    let common = App::desktop(&provider).tenant("common");
    for tenant in ["common", TENANT_ID, "organizations", "contoso.com"] {
        let code = common.code(USERNAME);
        let response = App::desktop(&provider).tenant(tenant).redeem(&code, &[]);
        assert_eq!(response.status, 200, "{tenant}");
        assert_eq!(
            claims(&provider, &response.json()["id_token"])["tid"],
            TENANT_ID
        );
    }
}

#[test]
fn who_has_a_secret_must_show_it_and_who_has_none_must_not() {
    let provider = LocalIdentityProvider::start().unwrap();
    let web = App::desktop(&provider)
        .client(WEB_CLIENT_ID, WEB_URI)
        .secret(WEB_CLIENT_SECRET);
    let code = web.code(USERNAME);
    assert_error(
        &web.redeem(&code, &[("client_secret", "")]),
        401,
        "invalid_client",
        7_000_218,
        "no secret",
    );
    assert_error(
        &web.redeem(&code, &[("client_secret", "wrong")]),
        401,
        "invalid_client",
        7_000_215,
        "wrong",
    );
    let body = web.redeem(&code, &[]).json();
    assert_eq!(claims(&provider, &body["access_token"])["appidacr"], "1");
    let refresh_token = body["refresh_token"].as_str().unwrap();
    let refused = web.refresh(refresh_token, &[("client_secret", "")]);
    assert_error(&refused, 401, "invalid_client", 7_000_218, "refresh");
    assert_eq!(web.refresh(refresh_token, &[]).status, 200);

    let desktop = App::desktop(&provider);
    let code = desktop.code(USERNAME);
    let refused = desktop.redeem(&code, &[("client_secret", WEB_CLIENT_SECRET)]);
    assert_error(&refused, 401, "invalid_client", 700_025, "public");
    let unregistered = web.client(API_CLIENT_ID, WEB_URI).authorize_url(&[]);
    provider.sign_in(&unregistered, USERNAME, "").unwrap_err();
}

#[test]
fn a_web_app_gets_a_code_for_its_pages() {
    let provider = LocalIdentityProvider::start().unwrap();
    let web = App::desktop(&provider)
        .client(WEB_CLIENT_ID, WEB_URI)
        .secret(WEB_CLIENT_SECRET);
    let body = web.redeem(&web.code(USERNAME), &[]).json();
    assert_eq!(body.get("spa_code"), None);
    let body = web
        .redeem(&web.code(USERNAME), &[("return_spa_code", "1")])
        .json();
    let code = body["spa_code"].as_str().unwrap();
    let spa = App::desktop(&provider).client(SPA_CLIENT_ID, "https://web.example/spa");
    let from_page = [("Origin", "https://web.example")];
    let fields = [("code", code), ("redirect_uri", spa.redirect_uri)];
    let refused = spa.token("authorization_code", &fields);
    assert_error(&refused, 400, "invalid_request", 9_002_327, "no origin");
    let body = spa
        .token_with_headers("authorization_code", &fields, &from_page)
        .json();
    assert_eq!(claims(&provider, &body["id_token"])["aud"], SPA_CLIENT_ID);
    assert_eq!(body["refresh_token_expires_in"], 86_400);
    let again = spa.token_with_headers("authorization_code", &fields, &from_page);
    assert_error(&again, 400, "invalid_grant", 54_005, "once");

    // Its refresh tokens end a day after the first, however often they are replaced.
    let code = {
        let body = web
            .redeem(&web.code(USERNAME), &[("return_spa_code", "1")])
            .json();
        body["spa_code"].as_str().unwrap().to_owned()
    };
    let fields = [("code", code.as_str()), ("redirect_uri", spa.redirect_uri)];
    let body = spa
        .token_with_headers("authorization_code", &fields, &from_page)
        .json();
    provider.set_clock_offset(43_200);
    let first = body["refresh_token"].as_str().unwrap();
    let refused = spa.token("refresh_token", &[("refresh_token", first)]);
    assert_error(&refused, 400, "invalid_request", 9_002_327, "no origin");
    let body = spa
        .token_with_headers("refresh_token", &[("refresh_token", first)], &from_page)
        .json();
    let left = body["refresh_token_expires_in"].as_i64().unwrap();
    assert!((43_100..=43_200).contains(&left), "{left}");
    provider.set_clock_offset(86_401);
    let second = body["refresh_token"].as_str().unwrap();
    let refused = spa.token_with_headers("refresh_token", &[("refresh_token", second)], &from_page);
    assert_error(&refused, 400, "invalid_grant", 700_084, "old");

    let desktop = App::desktop(&provider);
    let code = desktop.code(USERNAME);
    let fields = [
        ("code", code.as_str()),
        ("redirect_uri", desktop.redirect_uri),
    ];
    let refused = desktop.token_with_headers("authorization_code", &fields, &from_page);
    assert_error(&refused, 400, "invalid_request", 9_002_326, "a page");
}

#[test]
fn the_authorization_endpoint_takes_a_form_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = format!("https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/authorize");
    let fields = [
        ("client_id", PUBLIC_CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost"),
        ("scope", "openid"),
        ("prompt", "none"),
    ];
    let response = crate::client::Client::of(&provider)
        .post(&url, &fields)
        .unwrap();
    assert!(
        response
            .header("location")
            .unwrap()
            .contains("error=login_required")
    );
    let response = crate::client::Client::of(&provider)
        .send("PUT", &url, &[], "")
        .unwrap();
    assert!(
        String::from_utf8(response.body)
            .unwrap()
            .contains("AADSTS900561")
    );
}
