use msal_testing::defaults::{
    API, CLIENT_SECRET, DISABLED_USERNAME, EXPIRED_PASSWORD_USERNAME, FEDERATED_USERNAME,
    FEDERATION_HOST, GUEST_OBJECT_ID, MFA_USERNAME, OTHER_TENANT_ID, OTHER_USERNAME, PASSWORD,
    PERSONAL_USERNAME, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID, TENANT_ID, USER_OBJECT_ID, USERNAME,
    WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};
use msal_testing::{Endpoint, FederatedDomain, LocalIdentityProvider, User};
use serde_json::json;

use crate::token_errors::assert_error;
use crate::user_grants::{Fields, claims, code, decode};

#[test]
fn a_password_gives_the_tokens_of_a_user() {
    let provider = LocalIdentityProvider::start().unwrap();
    for tenant in [TENANT_ID, "contoso.com", "organizations"] {
        let body = Fields::password().tenant(tenant).succeed(&provider);
        assert_eq!(body["token_type"], "Bearer");
        let token = claims(&body["access_token"]);
        assert_eq!(token["upn"], USERNAME);
        assert_eq!(token["oid"], USER_OBJECT_ID);
        assert_eq!(token["tid"], TENANT_ID, "{tenant}");
        assert_eq!(token["amr"], json!(["pwd"]));
        assert_eq!(token["appidacr"], "0");
        let id = claims(&body["id_token"]);
        assert_eq!(id["preferred_username"], USERNAME);
        assert!(body["refresh_token"].is_string());
        assert_eq!(
            decode(body["client_info"].as_str().unwrap()),
            json!({ "uid": USER_OBJECT_ID, "utid": TENANT_ID })
        );
        let granted = body["scope"].as_str().unwrap();
        assert!(granted.contains("Files.Read"), "{granted}");
    }
}

#[test]
fn a_guest_gets_a_token_of_the_other_tenant_and_stays_the_same_account() {
    let provider = LocalIdentityProvider::start().unwrap();
    let body = Fields::password()
        .tenant(OTHER_TENANT_ID)
        .succeed(&provider);
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
    let body = Fields::password()
        .with("scope", &format!("{API}/Task.Read"))
        .without("client_info")
        .succeed(&provider);
    for member in ["id_token", "refresh_token", "client_info", "foci"] {
        assert!(body.get(member).is_none(), "{member}");
    }
    assert_eq!(claims(&body["access_token"])["scp"], "Task.Read");
}

#[test]
fn a_confidential_app_must_show_its_secret() {
    let provider = LocalIdentityProvider::start().unwrap();
    let web = Fields::password().with("client_id", WEB_CLIENT_ID);
    let response = web.send(&provider);
    assert_error(&response, 401, "invalid_client", 7_000_218, "no secret");
    let wrong = web.clone().with("client_secret", "wrong").send(&provider);
    assert_error(&wrong, 401, "invalid_client", 7_000_215, "wrong secret");
    let body = web
        .with("client_secret", WEB_CLIENT_SECRET)
        .succeed(&provider);
    assert_eq!(claims(&body["access_token"])["appidacr"], "1");
    let public = Fields::password().with("client_secret", WEB_CLIENT_SECRET);
    let response = public.send(&provider);
    assert_error(&response, 401, "invalid_client", 700_025, "a public app");
}

#[test]
fn each_user_that_cannot_sign_in_gets_the_error_that_entra_id_gives() {
    let provider = LocalIdentityProvider::start().unwrap();
    let user = |username: &str| Fields::password().with("username", username);
    let cases = [
        (Fields::password().with("password", "wrong"), 50_126),
        (user("nobody@contoso.com"), 50_034),
        (user("nobody"), 50_034),
        (user(EXPIRED_PASSWORD_USERNAME), 50_055),
        (
            user(EXPIRED_PASSWORD_USERNAME).with("password", "wrong"),
            50_126,
        ),
        (user(DISABLED_USERNAME), 50_057),
        (user(FEDERATED_USERNAME), 50_126),
        (user(PERSONAL_USERNAME), 50_034),
        (user(MFA_USERNAME), 50_076),
        (user(OTHER_USERNAME), 90_072),
        (Fields::password().with("scope", "Mail.Read"), 65_001),
    ];
    for (fields, expected) in cases {
        let response = fields.send(&provider);
        let what = format!("{fields:?}");
        assert_error(&response, 400, "invalid_grant", expected, &what);
        let suberror = match expected {
            50_055 => json!("user_password_expired"),
            50_076 => json!("basic_action"),
            65_001 => json!("consent_required"),
            _ => json!(null),
        };
        assert_eq!(response.json()["suberror"], suberror, "{expected}");
    }
}

#[test]
fn a_request_in_the_wrong_form_is_refused() {
    let provider = LocalIdentityProvider::start().unwrap();
    let good = Fields::password;
    let cases = [
        (good().tenant("common"), 9_001_023),
        (good().tenant("consumers"), 9_001_023),
        (good().without("username"), 900_144),
        (good().with("password", ""), 900_144),
        (good().without("scope"), 900_144),
        (good().without("client_id"), 900_144),
    ];
    for (fields, expected) in cases {
        let response = fields.send(&provider);
        assert_error(
            &response,
            400,
            "invalid_request",
            expected,
            &format!("{fields:?}"),
        );
    }
    let unknown = good().with("client_id", "00000000-0000-0000-0000-00000000dead");
    assert_error(
        &unknown.send(&provider),
        400,
        "unauthorized_client",
        700_016,
        "app",
    );
}

#[test]
fn ten_wrong_passwords_lock_the_account_for_a_minute() {
    let provider = LocalIdentityProvider::start().unwrap();
    let wrong = Fields::password().with("password", "wrong");
    for number in 0..10 {
        assert_eq!(code(&wrong.send(&provider)), 50_126, "{number}");
    }
    assert_eq!(code(&wrong.send(&provider)), 50_053);
    let locked = Fields::password().send(&provider);
    assert_error(
        &locked,
        400,
        "invalid_grant",
        50_053,
        "the right password too",
    );
    let other = Fields::password().with("username", "emil@contoso.com");
    assert_eq!(code(&other.send(&provider)), 50_055, "another account");
    provider.set_clock_offset(61);
    Fields::password().succeed(&provider);
    assert_eq!(
        code(&wrong.send(&provider)),
        50_126,
        "the count begins anew"
    );
}

#[test]
fn the_page_counts_wrong_passwords_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = format!(
        "https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/authorize?client_id={PUBLIC_CLIENT_ID}\
         &response_type=code&redirect_uri=http%3A%2F%2Flocalhost&scope=User.Read"
    );
    for _ in 0..10 {
        let error = provider.sign_in(&url, USERNAME, "wrong").unwrap_err();
        assert!(error.to_string().contains("incorrect"), "{error}");
    }
    let error = provider.sign_in(&url, USERNAME, PASSWORD).unwrap_err();
    assert!(error.to_string().contains("temporarily locked"), "{error}");
    assert_eq!(code(&Fields::password().send(&provider)), 50_053);
    provider.set_clock_offset(61);
    assert!(provider.sign_in(&url, USERNAME, PASSWORD).is_ok());
}

#[test]
fn a_registered_domain_is_federated_at_the_page_and_for_passwords() {
    let provider = LocalIdentityProvider::builder()
        .federated_domain(FederatedDomain::new("x.example", "sts.x.example"))
        .user(User::new(
            "u@x.example",
            "5d7b9f10-0000-4000-8000-00000000000d",
        ))
        .start()
        .unwrap();
    let fields = Fields::password().with("username", "u@x.example");
    assert_eq!(code(&fields.send(&provider)), 50_126);
    let url = format!(
        "https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/authorize?client_id={PUBLIC_CLIENT_ID}\
         &response_type=code&redirect_uri=http%3A%2F%2Flocalhost&scope=User.Read"
    );
    let answer = provider.sign_in(&url, "u@x.example", PASSWORD).unwrap();
    assert!(answer.get("code").is_some());
    let visited = provider.requests(Endpoint::Login);
    assert!(visited.iter().any(|page| page.host == "sts.x.example"));
}

#[test]
fn ad_fs_and_b2c_take_a_password_in_their_own_way() {
    let provider = LocalIdentityProvider::start().unwrap();
    let adfs = Fields::password()
        .at(&format!("https://{FEDERATION_HOST}/adfs/oauth2/token"))
        .with("username", FEDERATED_USERNAME)
        .with("scope", "openid profile offline_access");
    let body = adfs.succeed(&provider);
    assert_eq!(claims(&body["id_token"])["upn"], FEDERATED_USERNAME);
    assert!(body.get("client_info").is_none());
    let refused = adfs.with("password", "wrong").send(&provider);
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json(),
        json!({
            "error": "invalid_grant",
            "error_description": "MSIS9659: Invalid 'username' or 'password'.",
        })
    );

    let b2c = Fields::password()
        .at("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_ropc/oauth2/v2.0/token")
        .with("scope", "openid offline_access");
    let body = b2c.succeed(&provider);
    assert!(body["id_token"].is_string());
    let refused = b2c.with("password", "wrong").send(&provider);
    assert_eq!(refused.json()["error"], "access_denied");
    let description = refused.json()["error_description"].to_string();
    assert!(description.contains("AADB2C90225"), "{description}");
}

#[test]
fn an_app_of_its_own_may_have_users_of_its_own() {
    let provider = LocalIdentityProvider::builder()
        .user(
            User::new("zoë@contoso.com", "5d7b9f10-0000-4000-8000-00000000000a")
                .password("p w+%&=ü"),
        )
        .start()
        .unwrap();
    let fields = Fields::password()
        .with("username", "ZOë@contoso.com")
        .with("password", "p w+%&=ü");
    let body = fields.succeed(&provider);
    assert_eq!(
        claims(&body["id_token"])["preferred_username"],
        "zoë@contoso.com"
    );
    let daemon = fields
        .with("client_id", SECRET_CLIENT_ID)
        .with("client_secret", CLIENT_SECRET);
    assert_eq!(
        code(&daemon.send(&provider)),
        65_001,
        "an app without scopes of users"
    );
}
