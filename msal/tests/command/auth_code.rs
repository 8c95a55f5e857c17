//! `auth-code-url` and `auth-code`.

use msal_testing::Endpoint;
use msal_testing::defaults::{
    CLIENT_SECRET, GUEST_OBJECT_ID, OTHER_TENANT_ID, PASSWORD, PUBLIC_CLIENT_ID, TENANT_ID,
    USER_OBJECT_ID, USERNAME, WEB_CLIENT_ID, WEB_CLIENT_SECRET,
};
use serde_json::{Value, json};
use url::Url;

use crate::users::{REDIRECT_URI, SCOPE, WEB_REDIRECT_URI};
use crate::world::{ID, Run, TRANSPORTS, World, members};

/// A parameter of the URL that was printed.
fn parameter(begun: &Value, name: &str) -> Option<String> {
    let url = Url::parse(begun["auth_uri"].as_str().unwrap()).unwrap();
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(own, _)| own == name);
    found.map(|(_, value)| value.into_owned())
}

#[test]
fn a_sign_in_goes_through_whatever_its_response_comes_in() {
    type Give = fn(&World, Run, &str) -> Value;
    let ways: [(&str, Give); 6] = [
        ("form_post", |_, run, text| {
            run.arguments(["--response", text]).token()
        }),
        ("form_post", |_, run, text| {
            run.arguments(["--response", "-"]).fed(text).token()
        }),
        ("form_post", |world, run, text| {
            let file = world.file("response", format!("{text}\n"));
            run.path("--response-file", &file).token()
        }),
        // A whole redirect, and its query alone.
        ("query", |_, run, text| {
            run.arguments(["--response", text]).token()
        }),
        ("query", |_, run, text| {
            let query = text.find('?').unwrap();
            run.arguments(["--response", &text[query..]]).token()
        }),
        ("query", |_, run, text| {
            let run = run.arguments(["--response", "-"]);
            run.fed(&format!("{text}\n")).token()
        }),
    ];
    for transport in TRANSPORTS {
        for (index, (mode, give)) in ways.into_iter().enumerate() {
            let world = World::new();
            let with = ["--transport", transport];
            let run = world.desktop("auth-code-url").arguments(with);
            let begun = World::begin(run.arguments(["--response-mode", mode]), REDIRECT_URI);
            assert_eq!(members(&begun), ["auth_uri", "flow"]);
            assert_eq!(world.provider.connections(), 0);
            let url = begun["auth_uri"].as_str().unwrap();
            let answer = world.provider.sign_in(url, USERNAME, PASSWORD).unwrap();
            let text = answer
                .location()
                .map(str::to_owned)
                .or_else(|| answer.body());
            // The whole output, or the member alone.
            let flow = match index % 2 {
                0 => begun.to_string(),
                _ => begun["flow"].to_string(),
            };
            let flow = world.file("flow.json", flow);
            let run = world.desktop("auth-code").arguments(with);
            let token = give(&world, run.path("--flow", &flow), &text.unwrap());
            assert_eq!(token["token_source"], "identity_provider");
            assert_eq!(token["account"]["username"], USERNAME);
            assert_eq!(token["account"]["tenant_id"], TENANT_ID);
            assert_eq!(token["id_token_claims"]["oid"], USER_OBJECT_ID);
            assert!(token["scopes"].as_array().unwrap().contains(&json!(SCOPE)));
        }
    }
}

#[test]
fn the_url_says_what_it_was_told_to() {
    let world = World::new();
    let claims = r#"{"id_token":{"auth_time":{"essential":true}}}"#;
    let run = world.desktop("auth-code-url").arguments([
        "--prompt",
        "select_account",
        "--login-hint",
        USERNAME,
        "--domain-hint",
        "contoso.com",
        "--extra",
        "dc=ESTS-PUB",
        "--client-capability",
        "CP1",
        "--correlation-id",
        ID,
        "--claims",
        claims,
    ]);
    let begun = World::begin(run, REDIRECT_URI);
    for (name, value) in [
        ("client_id", PUBLIC_CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("response_mode", "form_post"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
        ("login_hint", USERNAME),
        ("domain_hint", "contoso.com"),
        ("dc", "ESTS-PUB"),
        ("client-request-id", ID),
    ] {
        assert_eq!(parameter(&begun, name).as_deref(), Some(value), "{name}");
    }
    let scope = parameter(&begun, "scope").unwrap();
    for wanted in [SCOPE, "openid", "profile", "offline_access"] {
        assert!(scope.split(' ').any(|own| own == wanted), "{scope}");
    }
    let claims: Value = serde_json::from_str(&parameter(&begun, "claims").unwrap()).unwrap();
    assert_eq!(claims["access_token"]["xms_cc"]["values"], json!(["CP1"]));
    assert_eq!(claims["id_token"]["auth_time"]["essential"], true);
    // Without being told, it says none of it.
    let plain = World::begin(world.desktop("auth-code-url"), REDIRECT_URI);
    for name in ["prompt", "login_hint", "domain_hint", "dc", "claims"] {
        assert_eq!(parameter(&plain, name), None, "{name}");
    }
    assert_ne!(parameter(&plain, "state"), parameter(&begun, "state"));
    assert_ne!(parameter(&plain, "nonce"), parameter(&begun, "nonce"));
}

const CLAIMS: &str = r#"{"id_token":{"email":null}}"#;

#[test]
fn an_extra_parameter_is_in_the_body_too_whichever_half_was_told() {
    for transport in TRANSPORTS {
        let world = World::new();
        let with = ["--transport", transport, "--correlation-id", ID];
        let run = world.desktop("auth-code-url").arguments(with);
        let begun = World::begin(
            run.arguments(["--extra", "first=1", "--extra", "both=1"]),
            REDIRECT_URI,
        );
        let response = world.response(&begun, USERNAME);
        let flow = world.file("flow.json", begun.to_string());
        let run = world.desktop("auth-code").arguments(with);
        let run = run
            .path("--flow", &flow)
            .arguments(["--response", &response]);
        let token = run
            .arguments(["--extra", "second=2", "--extra", "both=2"])
            .arguments(["--claims", CLAIMS])
            .token();
        assert_eq!(token["correlation_id"], ID);
        let sent = &world.provider.requests(Endpoint::Token)[0];
        assert_eq!(sent.header("client-request-id"), Some(ID));
        for (name, value) in [
            ("first", "1"),
            ("second", "2"),
            ("both", "2"),
            ("claims", CLAIMS),
        ] {
            assert_eq!(sent.form_field(name).as_deref(), Some(value), "{name}");
        }
    }
}

#[test]
fn with_a_credential_it_is_a_web_app() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let web = |command: &str| world.web(command).arguments(["--transport", transport]);
        let token = world.signed_in_to(web, WEB_REDIRECT_URI, USERNAME, &cache);
        assert_eq!(token["id_token_claims"]["aud"], WEB_CLIENT_ID);
        let sent = &world.provider.requests(Endpoint::Token)[0];
        let secret = sent.form_field("client_secret");
        assert_eq!(secret.as_deref(), Some(WEB_CLIENT_SECRET));
        assert!(sent.form_field("code_verifier").is_some());
        let silent = web("silent").path("--cache", &cache).token();
        assert_eq!(silent["access_token"], token["access_token"]);
        assert_eq!(silent["id_token_claims"], token["id_token_claims"]);
        // Another secret is another matter.
        let run = web("silent")
            .env("S", CLIENT_SECRET)
            .path("--cache", &cache);
        let error = run.arguments(["--force-refresh"]).error(1, "server");
        assert_eq!(error["code"], "invalid_client");
    }
}

#[test]
fn a_user_may_be_a_guest() {
    let world = World::new();
    let cache = world.path("cache.json");
    let authority = format!("https://login.microsoftonline.com/{OTHER_TENANT_ID}");
    let guest = |command: &str| {
        let run = world.run([command, "--client-id", PUBLIC_CLIENT_ID]);
        run.arguments(["--scope", SCOPE, "--authority", &authority])
    };
    let token = world.signed_in_to(guest, REDIRECT_URI, USERNAME, &cache);
    let account = &token["account"];
    assert_eq!(account["tenant_id"], OTHER_TENANT_ID);
    assert_eq!(
        account["home_account_id"],
        format!("{USER_OBJECT_ID}.{TENANT_ID}")
    );
    let profile = &account["tenant_profiles"][0];
    assert_eq!(profile["tenant_id"], OTHER_TENANT_ID);
    assert_eq!(profile["local_account_id"], GUEST_OBJECT_ID);
}
