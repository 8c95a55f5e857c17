use msal_testing::defaults::{
    API, API_CLIENT, CLIENT_SECRET, FAMILY_CLIENT_ID, GRAPH, GUEST_OBJECT_ID, OTHER_TENANT_ID,
    PERSONAL_USERNAME, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID, TENANT_ID, USER_OBJECT_ID, USERNAME,
};
use msal_testing::{LocalIdentityProvider, OidcIssuer};
use serde_json::{Value, json};

use crate::token_errors::assert_error;
use crate::user::{App, SCOPE, claims, client_info, verified};

#[test]
fn a_code_gives_tokens_that_the_published_keys_verify() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let answer = app.sign_in(USERNAME, &[("nonce", "the-nonce"), ("max_age", "60")]);
    let body = app.redeem(answer.get("code").unwrap(), &[]).json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(
        (&body["expires_in"], &body["ext_expires_in"]),
        (&json!(3599), &json!(3599))
    );
    assert_eq!(body.get("foci"), None);
    assert_eq!(body.get("refresh_in"), None);
    let id_token = claims(&provider, &body["id_token"]);
    let now = id_token["iat"].as_i64().unwrap();
    let issuer = format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0");
    for (name, expected) in [
        ("aud", json!(PUBLIC_CLIENT_ID)),
        ("auth_time", json!(now)),
        ("iss", json!(issuer)),
        ("name", json!("Alice Contoso")),
        ("nonce", json!("the-nonce")),
        ("oid", json!(USER_OBJECT_ID)),
        ("preferred_username", json!(USERNAME)),
        ("tid", json!(TENANT_ID)),
        ("ver", json!("2.0")),
        ("exp", json!(now + 3600)),
    ] {
        assert!(
            id_token[name] == expected || name == "auth_time",
            "{name}: {id_token}"
        );
    }
    assert!((now - id_token["auth_time"].as_i64().unwrap()).abs() <= 5);
    assert_ne!(id_token["sub"], id_token["oid"]);
    for name in ["login_hint", "sid"] {
        assert!(id_token[name].is_string(), "{name}: {id_token}");
    }
    let access_token = claims(&provider, &body["access_token"]);
    assert_eq!(access_token["aud"], GRAPH);
    assert_eq!(access_token["appid"], PUBLIC_CLIENT_ID);
    assert_eq!(access_token["appidacr"], "0");
    assert_eq!(access_token["idtyp"], "user");
    assert_eq!(access_token["upn"], USERNAME);
    assert_eq!(
        access_token["scp"],
        "openid profile email User.Read User.ReadBasic.All Files.Read"
    );
    assert_eq!(
        client_info(body["client_info"].as_str().unwrap()),
        json!({ "uid": USER_OBJECT_ID, "utid": TENANT_ID })
    );
}

#[test]
fn more_scopes_are_granted_than_were_asked_for_and_written_as_the_client_did() {
    let provider = LocalIdentityProvider::start().unwrap();
    let scope =
        |asked: &str| App::desktop(&provider).scope(asked).tokens(USERNAME)["scope"].clone();
    assert_eq!(
        scope(SCOPE),
        "openid profile email User.Read User.ReadBasic.All Files.Read"
    );
    assert_eq!(
        scope("user.read openid"),
        "openid profile email User.Read User.ReadBasic.All Files.Read"
    );
    assert_eq!(
        scope("https://graph.microsoft.com//.default openid"),
        "openid profile email https://graph.microsoft.com//User.Read \
         https://graph.microsoft.com//User.ReadBasic.All https://graph.microsoft.com//Files.Read \
         https://graph.microsoft.com//.default"
    );
    assert_eq!(
        scope(&format!("{API}/Task.Read openid profile")),
        format!("{API}/Task.Read")
    );
    assert_eq!(
        scope(&format!("{API_CLIENT}/.default")),
        format!("{API_CLIENT}/access_as_user {API_CLIENT}/.default")
    );
}

#[test]
fn only_what_was_asked_for_is_given() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).scope("User.Read");
    let code = app.code(USERNAME);
    let body = app.redeem(&code, &[("client_info", "")]).json();
    for name in ["client_info", "foci", "id_token", "refresh_token"] {
        assert_eq!(body.get(name), None, "{name}");
    }
    let family = App::desktop(&provider).client(FAMILY_CLIENT_ID, "http://localhost:1");
    assert_eq!(family.tokens(USERNAME)["foci"], "1");
}

#[test]
fn a_guest_is_another_object_with_the_same_home() {
    let provider = LocalIdentityProvider::start().unwrap();
    let home = App::desktop(&provider).tokens(USERNAME);
    let body = App::desktop(&provider)
        .tenant(OTHER_TENANT_ID)
        .tokens(USERNAME);
    assert_eq!(body["client_info"], home["client_info"]);
    let id_token = claims(&provider, &body["id_token"]);
    assert_eq!(id_token["oid"], GUEST_OBJECT_ID);
    assert_eq!(id_token["tid"], OTHER_TENANT_ID);
    assert_eq!(
        id_token["idp"],
        format!("https://sts.windows.net/{TENANT_ID}/")
    );
    // A refresh token of home is good there too.
    let elsewhere = App::desktop(&provider)
        .tenant(OTHER_TENANT_ID)
        .refresh(home["refresh_token"].as_str().unwrap(), &[])
        .json();
    let id_token = claims(&provider, &elsewhere["id_token"]);
    assert_eq!(id_token["oid"], GUEST_OBJECT_ID);
}

#[test]
fn under_a_name_for_many_tenants_a_user_signs_in_at_home() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (tenant, username, home) in [
        ("common", USERNAME, TENANT_ID),
        ("organizations", USERNAME, TENANT_ID),
        (
            "common",
            PERSONAL_USERNAME,
            "9188040d-6c67-4c5b-b112-36a304b66dad",
        ),
        (
            "consumers",
            PERSONAL_USERNAME,
            "9188040d-6c67-4c5b-b112-36a304b66dad",
        ),
    ] {
        let body = App::desktop(&provider).tenant(tenant).tokens(username);
        let id_token = claims(&provider, &body["id_token"]);
        assert_eq!(id_token["tid"], home);
        assert_eq!(
            id_token["iss"],
            format!("https://login.microsoftonline.com/{home}/v2.0")
        );
    }
}

#[test]
fn each_kind_of_provider_gives_users_its_own_tokens() {
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(OidcIssuer::new("https://id.example.com").unwrap())
        .start()
        .unwrap();
    let at = |authority: &str, scope: &str| {
        let app = App {
            authority: authority.to_owned(),
            ..App::desktop(&provider).scope(scope)
        };
        let body = app.tokens(USERNAME);
        let keys = match authority {
            "https://fs.contoso.com/adfs/oauth2" => "https://fs.contoso.com/adfs/discovery/keys",
            "https://id.example.com/connect" => "https://id.example.com/keys",
            _ => "https://login.microsoftonline.com/common/discovery/v2.0/keys",
        };
        let claims = verified(&provider, keys, &body["id_token"]);
        (body, claims)
    };

    let (body, id_token) = at(
        "https://fs.contoso.com/adfs/oauth2",
        "openid profile offline_access",
    );
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body.get("client_info"), None);
    assert!(body["refresh_token"].is_string());
    assert_eq!(id_token["iss"], "https://fs.contoso.com/adfs");
    assert_eq!(id_token["upn"], USERNAME);
    assert_eq!(id_token["unique_name"], "CONTOSO\\alice");
    assert_eq!(id_token.get("oid"), None);

    let b2c = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_susi/oauth2/v2.0";
    let (body, id_token) = at(b2c, "openid offline_access");
    assert_eq!(body.get("access_token"), None, "only openid was asked for");
    assert_eq!(id_token["tfp"], "b2c_1_susi");
    assert_eq!(
        client_info(body["client_info"].as_str().unwrap()),
        json!({ "uid": format!("{USER_OBJECT_ID}-b2c_1_susi"), "utid": TENANT_ID })
    );
    let (body, _) = at(b2c, &format!("openid {PUBLIC_CLIENT_ID}"));
    assert_eq!(
        claims(&provider, &body["access_token"])["aud"],
        PUBLIC_CLIENT_ID
    );
    let (body, _) = at(b2c, &format!("openid {API}/Task.Read"));
    assert_eq!(body["scope"], format!("{API}/Task.Read"));

    let ciam = "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0";
    let (body, id_token) = at(ciam, SCOPE);
    assert_eq!(
        id_token["iss"],
        format!("https://{TENANT_ID}.ciamlogin.com/{TENANT_ID}/v2.0")
    );
    assert!(body["client_info"].is_string());

    let (body, id_token) = at(
        "https://id.example.com/connect",
        "openid profile email api.read",
    );
    assert_eq!(body.get("client_info"), None);
    assert_eq!(body["scope"], "openid profile email api.read");
    assert_eq!(id_token["iss"], "https://id.example.com");
    assert_eq!(id_token["sub"], USER_OBJECT_ID);
    assert_eq!(id_token["email"], USERNAME);
}

#[test]
fn a_token_may_be_bound_to_a_key() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).scope(TASK);
    // base64url of {"kid":"thumb"}
    let body = app
        .redeem(
            &app.code(USERNAME),
            &[("token_type", "pop"), ("req_cnf", "eyJraWQiOiJ0aHVtYiJ9")],
        )
        .json();
    assert_eq!(body["token_type"], "pop");
    let access_token = claims(&provider, &body["access_token"]);
    assert_eq!(access_token["cnf"], json!({ "kid": "thumb" }));
    let refused = app.redeem(&app.code(USERNAME), &[("token_type", "pop")]);
    assert_error(&refused, 400, "invalid_request", 900_144, "no req_cnf");
    let refused = app.redeem(
        &app.code(USERNAME),
        &[("token_type", "pop"), ("req_cnf", "e30")],
    );
    assert_error(&refused, 400, "invalid_request", 90_013, "no kid");
}

#[test]
fn an_ssh_certificate_is_one_that_openssh_reads() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).scope("https://pas.windows.net/CheckMyAccess/Linux/.default");
    let key = provider_key(&provider);
    let body = app
        .redeem(
            &app.code(USERNAME),
            &[
                ("token_type", "ssh-cert"),
                ("req_cnf", &key),
                ("key_id", "k1"),
            ],
        )
        .json();
    assert_eq!(body["token_type"], "ssh-cert");
    let line = format!(
        "ssh-rsa-cert-v01@openssh.com {}\n",
        body["access_token"].as_str().unwrap()
    );
    let folder = std::env::temp_dir().join(format!("msal-testing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("id-cert.pub");
    std::fs::write(&file, line).unwrap();
    let listing = std::process::Command::new("ssh-keygen")
        .arg("-L")
        .arg("-f")
        .arg(&file)
        .output();
    std::fs::remove_dir_all(&folder).unwrap();
    // Where OpenSSH is not installed, the shape is all that can be seen.
    let Ok(listing) = listing else { return };
    let text = String::from_utf8_lossy(&listing.stdout).into_owned();
    assert!(listing.status.success(), "{listing:?}");
    assert!(text.contains("user certificate"), "{text}");
    assert!(text.contains(USERNAME), "{text}");
}

#[test]
fn an_apps_own_token_may_be_bound_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider)
        .client(SECRET_CLIENT_ID, "")
        .secret(CLIENT_SECRET)
        .scope("api://local-api/.default");
    let binding = [("token_type", "pop"), ("req_cnf", "eyJraWQiOiJ0aHVtYiJ9")];
    let body = app.token("client_credentials", &binding).json();
    assert_eq!(body["token_type"], "pop");
    assert_eq!(
        claims(&provider, &body["access_token"])["cnf"]["kid"],
        "thumb"
    );
}

/// Of [`API`].
const TASK: &str = "api://local-api/Task.Read";

/// Some RSA key, as the JWK that a client sends.
fn provider_key(provider: &LocalIdentityProvider) -> String {
    let url = format!("https://login.microsoftonline.com/{TENANT_ID}/discovery/v2.0/keys");
    let keys: Value = crate::client::Client::of(provider)
        .get(&url)
        .unwrap()
        .json();
    let key = &keys["keys"][0];
    json!({ "kty": "RSA", "n": key["n"], "e": key["e"], "kid": "k1" }).to_string()
}

#[test]
fn lifetimes_follow_the_settings_and_the_capabilities() {
    let provider = LocalIdentityProvider::builder()
        .refresh_in(1200)
        .start()
        .unwrap();
    let app = App::desktop(&provider);
    assert_eq!(app.tokens(USERNAME)["refresh_in"], 1200);
    provider.set_refresh_in(None);
    provider.set_lifetime(600);
    let body = app.tokens(USERNAME);
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body.get("refresh_in"), None);
    let capable = [(
        "claims",
        r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#,
    )];
    let body = app.redeem(&app.code(USERNAME), &capable).json();
    assert_eq!(body["expires_in"], 86_400);
    assert_eq!(body["refresh_in"], 43_200);
    assert_eq!(
        claims(&provider, &body["access_token"])["xms_cc"],
        json!(["CP1"])
    );
}
