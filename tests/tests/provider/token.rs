use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use msal_testing::defaults::{API, CLIENT_SECRET, GRAPH, SECRET_CLIENT_ID, TENANT_ID};
use msal_testing::{App, Endpoint, LocalIdentityProvider, OidcIssuer};
use serde_json::{Value, json};

use crate::client::Client;
use crate::token_errors::assert_error;
use crate::{good_fields, plus, token_url, with};

#[test]
fn a_secret_gives_a_token_of_version_1_for_graph() {
    let provider = LocalIdentityProvider::start().unwrap();
    let response = Client::of(&provider)
        .post(&token_url(), &good_fields())
        .unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(response.header("cache-control"), Some("no-store, no-cache"));
    assert_eq!(response.header("pragma"), Some("no-cache"));
    let body = response.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["ext_expires_in"], 3599);
    assert_eq!(body.get("refresh_in"), None);
    assert_eq!(body.get("refresh_token"), None);
    let claims = verified_claims(&provider, &body);
    assert_eq!(claims["aud"], GRAPH);
    assert_eq!(
        claims["iss"],
        format!("https://sts.windows.net/{TENANT_ID}/")
    );
    assert_eq!(claims["appid"], SECRET_CLIENT_ID);
    assert_eq!(claims["appidacr"], "1");
    assert_eq!(claims["tid"], TENANT_ID);
    assert_eq!(claims["ver"], "1.0");
    assert_eq!(claims["idtyp"], "app");
    assert_eq!(claims["roles"], json!(["User.Read.All"]));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3599
    );
}

#[test]
fn a_token_of_version_2_names_the_resource_by_its_app_id_and_is_unique() {
    let provider = LocalIdentityProvider::start().unwrap();
    let scope = format!("{API}/.default");
    let get = || {
        let fields = with("scope", &scope);
        verified_claims(
            &provider,
            &Client::of(&provider)
                .post(&token_url(), &fields)
                .unwrap()
                .json(),
        )
    };
    let (first, second) = (get(), get());
    assert_eq!(first["aud"], "d1e7c5a3-9b8f-4d6c-a2e0-3f5b7d9c1e24");
    assert_eq!(
        first["iss"],
        format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0")
    );
    assert_eq!(first["azp"], SECRET_CLIENT_ID);
    assert_eq!(first["ver"], "2.0");
    assert_eq!(first["oid"], second["oid"]);
    assert_ne!(first["uti"], second["uti"]);
}

#[test]
fn a_secret_may_come_in_http_basic() {
    let provider = LocalIdentityProvider::start().unwrap();
    // The secret has characters that a form encodes.
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(SECRET_CLIENT_ID), encode(CLIENT_SECRET));
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair)
    );
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", basic.as_str()),
    ];
    let body = "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";
    assert_eq!(
        Client::of(&provider)
            .send("POST", &token_url(), &headers, body)
            .unwrap()
            .status,
        200
    );
}

#[test]
fn capabilities_are_reflected_and_give_a_token_for_a_day() {
    let provider = LocalIdentityProvider::start().unwrap();
    let claims =
        r#"{"access_token":{"xms_cc":{"values":["CP1","other"]},"nbf":{"essential":true}}}"#;
    let body = Client::of(&provider)
        .post(&token_url(), &plus("claims", claims))
        .unwrap()
        .json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(86_400), &json!(43_200))
    );
    assert_eq!(
        verified_claims(&provider, &body)["xms_cc"],
        json!(["CP1", "other"])
    );

    let scope = format!("{API}/.default");
    let mut fields = with("scope", &scope);
    fields.push(("claims", claims));
    let body = Client::of(&provider)
        .post(&token_url(), &fields)
        .unwrap()
        .json();
    assert_eq!(
        body["expires_in"], 3599,
        "this resource takes no part in continuous access evaluation"
    );
}

#[test]
fn lifetimes_and_the_form_of_tokens_are_the_tests_to_set() {
    let provider = LocalIdentityProvider::builder()
        .lifetime(10_000)
        .start()
        .unwrap();
    let body = Client::of(&provider)
        .post(&token_url(), &good_fields())
        .unwrap()
        .json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(10_000), &json!(5_000))
    );

    let provider = LocalIdentityProvider::builder()
        .lifetime(600)
        .refresh_in(60)
        .opaque_access_tokens(1_100)
        .start()
        .unwrap();
    let body = Client::of(&provider)
        .post(&token_url(), &good_fields())
        .unwrap()
        .json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(600), &json!(60))
    );
    assert_eq!(body["access_token"].as_str().unwrap().len(), 1_100);
}

#[test]
fn the_clock_can_be_set() {
    let provider = LocalIdentityProvider::start().unwrap();
    let issued_at = || {
        let body = Client::of(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .json();
        verified_claims(&provider, &body)["iat"].as_i64().unwrap()
    };
    let now = issued_at();
    let date = || {
        let response = Client::of(&provider).get(&token_url()).unwrap();
        response.header("date").unwrap().to_owned()
    };
    let day = date();
    provider.set_clock_offset(-100_000);
    assert_ne!(date()[..16], day[..16], "the header tells the same time");
    assert!((now - 100_000 - issued_at()).abs() <= 60);
}

#[test]
fn a_managed_identity_path_becomes_the_subject() {
    let provider = LocalIdentityProvider::builder()
        .app(
            App::new("11111111-1111-1111-1111-111111111111")
                .secret("s")
                .managed_identity_paths(),
        )
        .start()
        .unwrap();
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", "11111111-1111-1111-1111-111111111111"),
        ("client_secret", "s"),
        ("scope", "api://AzureFMITokenExchange/.default"),
        ("fmi_path", "Some/Path"),
    ];
    let body = Client::of(&provider)
        .post(&token_url(), &fields)
        .unwrap()
        .json();
    let subject = verified_claims(&provider, &body)["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        subject,
        "/eid1/c/pub/t/PIpPPVIKHk2aDG9_D25LEQ/a/EREREREREREREREREREREQ/Some/Path"
    );

    fields[1].1 = SECRET_CLIENT_ID;
    fields[2].1 = CLIENT_SECRET;
    let refused = Client::of(&provider).post(&token_url(), &fields).unwrap();
    assert_error(
        &refused,
        400,
        "invalid_request",
        90_013,
        "an app without the right",
    );
}

#[test]
fn ad_fs_and_other_issuers_speak_their_own_language() {
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(OidcIssuer::new("https://id.example.com").unwrap())
        .start()
        .unwrap();
    let client = Client::of(&provider);
    let wrong = with("client_secret", "wrong");
    for url in [
        "https://fs.contoso.com/adfs/oauth2/token",
        "https://fs.contoso.com/adfs/oauth2/token/",
    ] {
        assert_eq!(client.post(url, &good_fields()).unwrap().status, 200);
        let error = client.post(url, &wrong).unwrap().json();
        assert_eq!(error["error"], "invalid_client");
        assert!(
            error["error_description"]
                .as_str()
                .unwrap()
                .starts_with("MSIS9622: ")
        );
        assert_eq!(error.get("error_codes"), None);
    }
    let unknown = with("client_id", "nobody");
    let error = client
        .post("https://fs.contoso.com/adfs/oauth2/token", &unknown)
        .unwrap();
    assert_eq!(
        (error.status, &error.json()["error"]),
        (400, &json!("invalid_client"))
    );
    assert!(
        error.json()["error_description"]
            .as_str()
            .unwrap()
            .starts_with("MSIS9607: ")
    );

    let b2c = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x/oauth2/v2.0/token";
    let error = client.post(b2c, &wrong).unwrap();
    assert_eq!(
        (error.status, &error.json()["error"]),
        (400, &json!("invalid_client"))
    );
    assert!(
        error.json()["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADB2C90081: ")
    );

    let url = "https://id.example.com/connect/token";
    assert_eq!(client.post(url, &good_fields()).unwrap().status, 200);
    let error = client.post(url, &wrong).unwrap();
    assert_eq!(error.status, 401);
    assert!(
        !error.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("AADSTS")
    );
    assert_eq!(provider.count(Endpoint::Token), 8);
}

/// The claims of an access token, its signature checked with the published key by another library.
fn verified_claims(provider: &LocalIdentityProvider, body: &Value) -> Value {
    let url = format!("https://login.microsoftonline.com/{TENANT_ID}/discovery/v2.0/keys");
    let keys = Client::of(provider).get(&url).unwrap().json();
    let key: Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let token = body["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("no token in {body}"));
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.kid, key.common.key_id);
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&key).unwrap(), &validation)
        .unwrap()
        .claims
}

#[test]
fn each_kind_answers_in_its_own_shape() {
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(OidcIssuer::new("https://id.example.com").unwrap())
        .start()
        .unwrap();
    let cases = [
        (
            "https://fs.contoso.com/adfs/oauth2/token",
            "bearer",
            "token_type",
        ),
        (
            "https://id.example.com/connect/token",
            "Bearer",
            "token_type",
        ),
        (
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x/oauth2/v2.0/token",
            "Bearer",
            "not_before",
        ),
        (
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/oauth2/v2.0/token?p=b2c_1_x",
            "Bearer",
            "expires_on",
        ),
        (
            "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "Bearer",
            "ext_expires_in",
        ),
        (
            "https://login.dsts.example/dstsv2/contoso.com/oauth2/v2.0/token",
            "Bearer",
            "ext_expires_in",
        ),
    ];
    for (url, token_type, member) in cases {
        let body = Client::of(&provider)
            .post(url, &good_fields())
            .unwrap()
            .json();
        assert_eq!(body["token_type"], token_type, "{url}: {body}");
        assert!(body.get(member).is_some(), "{url}: {body}");
        verified_claims(&provider, &body);
    }
}
