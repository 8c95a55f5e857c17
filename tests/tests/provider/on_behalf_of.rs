use msal_testing::defaults::{
    API, API_CLIENT, API_CLIENT_ID, API_CLIENT_SECRET, CLIENT_SECRET, GRAPH, GUEST_OBJECT_ID,
    OTHER_TENANT_ID, PASSWORD, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID, TENANT_ID, USER_OBJECT_ID,
    USERNAME,
};
use msal_testing::{LocalIdentityProvider, User};
use serde_json::json;
use url::Url;

use crate::token_errors::assert_error;
use crate::user_grants::{Fields, api_token, claims, code, decode, graph_default};

#[test]
fn an_api_gets_a_token_for_its_caller() {
    let provider = LocalIdentityProvider::start().unwrap();
    let body = fields(&api_token(&provider, USERNAME, TENANT_ID)).succeed(&provider);
    let token = claims(&body["access_token"]);
    assert_eq!(token["upn"], USERNAME);
    assert_eq!(token["oid"], USER_OBJECT_ID);
    assert_eq!(token["appid"], API_CLIENT_ID);
    assert_eq!(token["appidacr"], "1");
    assert_eq!(token["aud"], GRAPH);
    assert_eq!(claims(&body["id_token"])["aud"], API_CLIENT_ID);
    assert!(body["refresh_token"].is_string());
    assert_eq!(
        decode(body["client_info"].as_str().unwrap()),
        json!({ "uid": USER_OBJECT_ID, "utid": TENANT_ID })
    );
}

#[test]
fn a_guests_caller_stays_in_the_tenant_of_the_token() {
    let provider = LocalIdentityProvider::start().unwrap();
    let token = api_token(&provider, USERNAME, OTHER_TENANT_ID);
    let body = fields(&token).tenant(OTHER_TENANT_ID).succeed(&provider);
    let token = claims(&body["access_token"]);
    assert_eq!(token["oid"], GUEST_OBJECT_ID);
    assert_eq!(token["tid"], OTHER_TENANT_ID);
    assert_eq!(
        decode(body["client_info"].as_str().unwrap()),
        json!({ "uid": USER_OBJECT_ID, "utid": TENANT_ID })
    );
}

#[test]
fn what_was_not_asked_for_is_not_given() {
    let provider = LocalIdentityProvider::start().unwrap();
    let body = fields(&api_token(&provider, USERNAME, TENANT_ID))
        .with("scope", &format!("{GRAPH}/User.Read"))
        .without("client_info")
        .succeed(&provider);
    for member in ["id_token", "refresh_token", "client_info"] {
        assert!(body.get(member).is_none(), "{member}");
    }
}

#[test]
fn an_app_that_called_as_itself_has_no_account() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = Fields::new(&[
        ("grant_type", "client_credentials"),
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("scope", &format!("{API_CLIENT}/.default")),
    ]);
    let caller = app.succeed(&provider);
    let body = fields(caller["access_token"].as_str().unwrap()).succeed(&provider);
    for member in ["client_info", "id_token", "refresh_token"] {
        assert!(body.get(member).is_none(), "{member}");
    }
    let token = claims(&body["access_token"]);
    assert_eq!(token["oid"], claims(&caller["access_token"])["oid"]);
    assert_eq!(token["appid"], API_CLIENT_ID);
    assert_eq!(token["idtyp"], "app");
}

#[test]
fn the_assertion_must_be_a_token_for_that_api() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = api_token(&provider, USERNAME, TENANT_ID);
    let tokens = Fields::password().succeed(&provider);
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let unsigned = format!("{}.AAAA", good.rsplit_once('.').unwrap().0);
    let altered = {
        let mut parts: Vec<&str> = good.split('.').collect();
        let other = text("access_token");
        parts[1] = other.split('.').nth(1).unwrap();
        parts.join(".")
    };
    let cases = [
        (text("access_token"), "invalid_grant", 500_131),
        (text("id_token"), "invalid_request", 240_002),
        (unsigned, "invalid_grant", 50_013),
        (altered, "invalid_grant", 50_013),
        (text("refresh_token"), "invalid_request", 50_027),
        ("x".to_owned(), "invalid_request", 50_027),
    ];
    for (assertion, error, expected) in cases {
        let response = fields(&assertion).send(&provider);
        assert_error(&response, 400, error, expected, &assertion);
    }
}

#[test]
fn a_token_whose_time_is_over_is_no_assertion() {
    let provider = LocalIdentityProvider::start().unwrap();
    let token = api_token(&provider, USERNAME, TENANT_ID);
    provider.set_clock_offset(3599 + 200);
    fields(&token).succeed(&provider);
    provider.set_clock_offset(3599 + 400);
    let response = fields(&token).send(&provider);
    assert_error(&response, 400, "invalid_grant", 500_133, "late");
}

#[test]
fn the_api_must_prove_who_it_is() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = fields(&api_token(&provider, USERNAME, TENANT_ID));
    let cases = [
        (
            good.clone().without("client_secret"),
            401,
            "invalid_client",
            7_000_218,
        ),
        (
            good.clone().with("client_secret", "wrong"),
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            good.clone()
                .with("client_id", PUBLIC_CLIENT_ID)
                .without("client_secret"),
            401,
            "invalid_client",
            7_000_218,
        ),
        (
            good.clone().without("assertion"),
            400,
            "invalid_request",
            900_144,
        ),
        (
            good.clone().without("requested_token_use"),
            400,
            "invalid_request",
            900_144,
        ),
        (
            good.clone().with("requested_token_use", "x"),
            400,
            "invalid_request",
            90_013,
        ),
        (
            good.clone().without("scope"),
            400,
            "invalid_request",
            900_144,
        ),
    ];
    for (fields, status, error, expected) in cases {
        let what = format!("{fields:?}");
        assert_error(&fields.send(&provider), status, error, expected, &what);
    }
    let b2c = good
        .at("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_a/oauth2/v2.0/token")
        .send(&provider);
    assert_eq!(b2c.json()["error"], "unsupported_grant_type");
    let description = b2c.json()["error_description"].to_string();
    assert!(description.contains("AADB2C90086"), "{description}");
}

#[test]
fn consent_that_is_missing_names_no_claims() {
    let provider = LocalIdentityProvider::start().unwrap();
    let response = fields(&api_token(&provider, USERNAME, TENANT_ID))
        .with("scope", &format!("{GRAPH}/Mail.Read"))
        .send(&provider);
    assert_error(&response, 400, "invalid_grant", 65_001, "Mail.Read");
    let body = response.json();
    assert_eq!(body["suberror"], "consent_required");
    assert!(body.get("claims").is_none());
}

#[test]
fn a_user_who_is_gone_or_disabled_has_no_more_callers() {
    let provider = LocalIdentityProvider::start().unwrap();
    let token = api_token(&provider, USERNAME, TENANT_ID);
    provider.register_user(User::new(USERNAME, USER_OBJECT_ID).disabled());
    assert_eq!(code(&fields(&token).send(&provider)), 50_057);
}

#[test]
fn a_demand_for_a_second_factor_is_passed_on_as_claims() {
    let provider = LocalIdentityProvider::start().unwrap();
    let token = api_token(&provider, USERNAME, TENANT_ID);
    provider.register_user(User::new(USERNAME, USER_OBJECT_ID).needs_mfa());
    let response = fields(&token).send(&provider);
    assert_error(&response, 400, "interaction_required", 50_076, "mfa");
    let body = response.json();
    assert_eq!(body["suberror"], "basic_action");
    let claims: serde_json::Value = serde_json::from_str(body["claims"].as_str().unwrap()).unwrap();
    assert!(claims["access_token"].is_object(), "{claims}");
}

#[test]
fn a_token_from_a_sign_in_with_the_claims_meets_the_demand() {
    let provider = LocalIdentityProvider::start().unwrap();
    let demanded = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
    let plain = sign_in(&provider, None);
    let before = fields(&plain).succeed(&provider);
    assert!(before["access_token"].is_string());
    provider.demand_claims(GRAPH, demanded.clone());
    let response = fields(&plain).send(&provider);
    assert_error(&response, 400, "interaction_required", 50_076, "demanded");
    let challenge = response.json()["claims"].as_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&challenge).unwrap(),
        demanded
    );
    let stronger = sign_in(&provider, Some(&challenge));
    fields(&stronger).succeed(&provider);
    let api = fields(&plain).with("scope", &format!("{API}/Task.Read"));
    api.succeed(&provider);
}

#[test]
fn a_second_factor_of_the_caller_counts() {
    let provider = LocalIdentityProvider::start().unwrap();
    provider.register_user(User::new(USERNAME, USER_OBJECT_ID).needs_mfa());
    fields(&sign_in(&provider, None)).succeed(&provider);
}

/// A token for the web API, of a user who signed in with a browser.
fn sign_in(provider: &LocalIdentityProvider, claims: Option<&str>) -> String {
    let scope = format!("{API_CLIENT}/access_as_user");
    let mut url = Url::parse(&format!(
        "https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/authorize"
    ))
    .unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", PUBLIC_CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", "http://localhost")
        .append_pair("scope", &scope)
        .extend_pairs(claims.map(|claims| ("claims", claims)));
    let answer = provider.sign_in(url.as_str(), USERNAME, PASSWORD).unwrap();
    let redeem = Fields::new(&[
        ("grant_type", "authorization_code"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("redirect_uri", "http://localhost"),
        ("code", answer.get("code").unwrap()),
        ("scope", &scope),
    ]);
    let body = redeem.succeed(provider);
    body["access_token"].as_str().unwrap().to_owned()
}

fn fields(assertion: &str) -> Fields {
    Fields::new(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", API_CLIENT_ID),
        ("client_secret", API_CLIENT_SECRET),
        ("assertion", assertion),
        ("scope", &graph_default()),
        ("client_info", "1"),
    ])
}
