use msal_testing::defaults::{
    OTHER_TENANT_ID, PUBLIC_CLIENT_ID, SPA_CLIENT_ID, TENANT_ID, USER_OBJECT_ID, USERNAME,
};
use msal_testing::{LocalIdentityProvider, OidcIssuer, User};
use serde_json::json;

use crate::client::Client;
use crate::user::{App, CHALLENGE, Fields, claims, client_info};

#[test]
fn an_answer_comes_in_the_form_that_was_asked_for() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).client(PUBLIC_CLIENT_ID, "http://localhost:4711/");
    let query = app.sign_in(USERNAME, &[("client_info", "1")]);
    assert_eq!(
        (query.method(), query.redirect_uri()),
        ("GET", "http://localhost:4711/")
    );
    let location = query.location().unwrap();
    assert!(
        location.starts_with("http://localhost:4711/?code="),
        "{location}"
    );
    assert_eq!(query.get("state"), Some("the-state"));
    assert_eq!(
        client_info(query.get("client_info").unwrap()),
        json!({ "uid": USER_OBJECT_ID, "utid": TENANT_ID })
    );
    assert!(query.get("session_state").is_some());
    assert_eq!(query.get("iss"), None);
    assert_eq!(query.get("cloud_instance_host_name"), None);

    let fragment = app.sign_in(USERNAME, &[("response_mode", "fragment")]);
    let location = fragment.location().unwrap();
    assert!(
        location.starts_with("http://localhost:4711/#code="),
        "{location}"
    );

    let posted = app.sign_in(
        USERNAME,
        &[("response_mode", "form_post"), ("state", "<\"&'>")],
    );
    assert_eq!((posted.method(), posted.location()), ("POST", None));
    assert_eq!(posted.redirect_uri(), "http://localhost:4711/");
    assert_eq!(posted.get("state"), Some("<\"&'>"));
    assert_eq!(posted.get("client_info"), None);
    assert!(posted.body().unwrap().starts_with("code=1."));
}

#[test]
fn nobody_is_redirected_to_a_uri_that_is_not_registered() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider);
    let cases = [
        (("redirect_uri", "https://evil.example/"), "AADSTS50011: "),
        (
            ("redirect_uri", "http://localhost.evil.example"),
            "AADSTS50011: ",
        ),
        (
            ("client_id", "7d1f0000-0000-4000-8000-000000000000"),
            "AADSTS700016: ",
        ),
        (("client_id", ""), "AADSTS900144: "),
        (("response_mode", "nonsense"), "AADSTS900235: "),
    ];
    for (change, code) in cases {
        let response = Client::of(&provider)
            .get(&app.authorize_url(&[change]))
            .unwrap();
        assert_eq!(response.status, 400, "{change:?}");
        assert_eq!(response.header("location"), None);
        let page = String::from_utf8(response.body).unwrap();
        assert!(page.contains(code), "{change:?}: {page}");
    }
    let url = App::desktop(&provider)
        .tenant("nobody.example")
        .authorize_url(&[]);
    let response = Client::of(&provider).get(&url).unwrap();
    assert!(
        String::from_utf8(response.body)
            .unwrap()
            .contains("AADSTS90002: ")
    );
}

#[test]
fn other_errors_are_redirected_with_the_state() {
    let provider = LocalIdentityProvider::start().unwrap();
    let cases: [(Fields<'_>, &str, &str); 12] = [
        (
            &[("response_type", "")],
            "invalid_request",
            "AADSTS900144: ",
        ),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
            "AADSTS700054: ",
        ),
        (
            &[("response_type", "nonsense")],
            "unsupported_response_type",
            "AADSTS70005: ",
        ),
        (&[("scope", "")], "invalid_request", "AADSTS900144: "),
        (
            &[("scope", "api://nobody/x")],
            "invalid_resource",
            "AADSTS500011: ",
        ),
        (
            &[("scope", "User.Nonsense")],
            "invalid_client",
            "AADSTS650053: ",
        ),
        (
            &[("prompt", "nonsense")],
            "invalid_request",
            "AADSTS90023: ",
        ),
        (
            &[("claims", "nonsense")],
            "invalid_request",
            "AADSTS9000410: ",
        ),
        (&[("max_age", "-1")], "invalid_request", "AADSTS90023: "),
        (
            &[("resource", "https://graph.microsoft.com")],
            "invalid_request",
            "AADSTS901002: ",
        ),
        (
            &[
                ("code_challenge", "short"),
                ("code_challenge_method", "S256"),
            ],
            "invalid_request",
            "AADSTS501491: ",
        ),
        (
            &[
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S512"),
            ],
            "invalid_request",
            "AADSTS50149: ",
        ),
    ];
    for (change, error, code) in cases {
        let answer = App::desktop(&provider).sign_in(USERNAME, change);
        assert_eq!(answer.get("error"), Some(error), "{change:?}");
        assert!(
            answer.get("error_description").unwrap().starts_with(code),
            "{change:?}: {answer:?}"
        );
        assert_eq!(answer.get("state"), Some("the-state"));
        assert_eq!(answer.get("code"), None);
    }
}

#[test]
fn a_single_page_app_must_prove_its_code_with_s256() {
    let provider = LocalIdentityProvider::start().unwrap();
    let app = App::desktop(&provider).client(SPA_CLIENT_ID, "http://localhost:3000/spa");
    let error = |more: &[(&str, &str)]| {
        let answer = app.sign_in(USERNAME, more);
        answer
            .get("error_description")
            .map(|text| text.split(':').next().unwrap().to_owned())
    };
    assert_eq!(error(&[]).as_deref(), Some("AADSTS9002325"));
    let plain = [
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "plain"),
    ];
    assert_eq!(error(&plain).as_deref(), Some("AADSTS50149"));
    let good = [
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(error(&good), None);
}

#[test]
fn sign_out_redirects_only_to_what_is_registered() {
    let provider = LocalIdentityProvider::start().unwrap();
    let logout = |uri: &str| {
        let url = format!(
            "https://login.microsoftonline.com/{OTHER_TENANT_ID}/oauth2/v2.0/logout?state=a%26b&post_logout_redirect_uri={uri}"
        );
        Client::of(&provider).get(&url).unwrap()
    };
    let response = logout("http://localhost:99");
    assert_eq!(
        response.header("location"),
        Some("http://localhost:99?state=a%26b")
    );
    assert!(response.header("set-cookie").unwrap().contains("Max-Age=0"));
    let response = logout("https://evil.example");
    assert_eq!((response.status, response.header("location")), (200, None));
}

#[test]
fn who_asks_with_instance_aware_learns_the_users_cloud() {
    let provider = LocalIdentityProvider::builder()
        .user(
            User::new("gov@contoso.com", "90f00000-0000-4000-8000-000000000001")
                .cloud_host("login.microsoftonline.us"),
        )
        .start()
        .unwrap();
    let app = App::desktop(&provider).tenant("common");
    let aware = [("instance_aware", "true")];
    let answer = app.sign_in(USERNAME, &aware);
    assert_eq!(
        answer.get("cloud_instance_host_name"),
        Some("login.microsoftonline.com")
    );
    let answer = app.sign_in("gov@contoso.com", &aware);
    assert_eq!(
        answer.get("cloud_instance_host_name"),
        Some("login.microsoftonline.us")
    );
    let elsewhere = App {
        authority: "https://login.microsoftonline.us/common/oauth2/v2.0".to_owned(),
        ..App::desktop(&provider)
    };
    let body = elsewhere.redeem(answer.get("code").unwrap(), &[]).json();
    assert_eq!(
        claims(&provider, &body["id_token"])["iss"],
        format!("https://login.microsoftonline.us/{TENANT_ID}/v2.0")
    );
}

#[test]
fn an_issuer_names_itself_in_responses_where_it_says_so() {
    let issuer = |url: &str| OidcIssuer::new(url).unwrap();
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(issuer("https://quiet.example.com"))
        .oidc_issuer(issuer("https://loud.example.com").announces_itself_in_responses())
        .start()
        .unwrap();
    for (base, announced) in [
        ("https://quiet.example.com", None),
        ("https://loud.example.com", Some("https://loud.example.com")),
    ] {
        let configuration = Client::of(&provider)
            .get(&format!("{base}/.well-known/openid-configuration"))
            .unwrap()
            .json();
        assert_eq!(
            configuration
                .get("authorization_response_iss_parameter_supported")
                .is_some(),
            announced.is_some()
        );
        assert_eq!(
            configuration["authorization_endpoint"],
            format!("{base}/connect/authorize")
        );
        let app = App {
            authority: format!("{base}/connect"),
            ..App::desktop(&provider).scope("openid")
        };
        assert_eq!(app.sign_in(USERNAME, &[]).get("iss"), announced);
        let refused = app.sign_in(USERNAME, &[("response_type", "nonsense")]);
        assert_eq!(refused.get("iss"), announced);
        assert_eq!(refused.get("error_subcode"), None);
    }
}
