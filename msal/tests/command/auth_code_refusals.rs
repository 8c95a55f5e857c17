//! What `auth-code` makes of a response, or of a flow, that is not as it should be.

use msal_testing::defaults::{
    OTHER_FAMILY_CLIENT_ID, PASSWORD, PUBLIC_CLIENT_ID, TENANT_ID, USERNAME,
};
use msal_testing::{Endpoint, Fault};
use serde_json::{Value, json};

use crate::users::{REDIRECT_URI, SCOPE};
use crate::world::{ID, Run, TRANSPORTS, World};

/// A sign-in that has begun.
fn begun(world: &World) -> Value {
    World::begin(world.desktop("auth-code-url"), REDIRECT_URI)
}

fn redeem(world: &World, flow: &Value, response: &str) -> Run {
    let flow = world.file("flow.json", flow.to_string());
    let run = world.desktop("auth-code").path("--flow", &flow);
    run.arguments(["--response", response])
}

#[test]
fn a_response_of_another_sign_in_is_not_redeemed() {
    for transport in TRANSPORTS {
        let world = World::new();
        let (ours, theirs) = (begun(&world), begun(&world));
        let foreign = world.response(&theirs, USERNAME);
        let state = ours["flow"]["state"].as_str().unwrap();
        for response in [
            foreign.as_str(),
            "code=c",
            "code=c&state=",
            "error=access_denied&state=x",
            &format!("code=c&state={state}&state={state}"),
            &format!("code=c&state={state}x"),
            "nonsense",
            "",
            "?",
            "https://localhost/",
        ] {
            let run = redeem(&world, &ours, response).arguments(["--transport", transport]);
            let error = run
                .arguments(["--correlation-id", ID])
                .error(1, "invalid_response");
            assert_eq!(error["correlation_id"], ID);
            assert_eq!(error["code"], Value::Null);
        }
        assert_eq!(world.provider.count(Endpoint::Token), 0);
        // The true one still works: nothing was spent.
        redeem(&world, &theirs, &foreign).token();
    }
}

#[test]
fn an_error_that_came_back_is_told_and_only_some_are_mended_by_a_sign_in() {
    let world = World::new();
    let flow = begun(&world);
    let state = flow["flow"]["state"].as_str().unwrap();
    for (code, status, kind) in [
        ("access_denied", 1, "server"),
        ("server_error", 1, "server"),
        ("invalid_request", 1, "server"),
        ("interaction_required", 3, "interaction_required"),
        ("login_required", 3, "interaction_required"),
        ("consent_required", 3, "interaction_required"),
    ] {
        let response = format!(
            "error={code}&error_description=AADSTS65004%3A+no&error_subcode=cancel&state={state}"
        );
        let error = redeem(&world, &flow, &response).error(status, kind);
        assert_eq!(error["code"], code);
        assert_eq!(error["aadsts"], json!([65_004]));
        assert_eq!(error["suberror"], "cancel");
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn a_user_who_cancels_at_the_page_is_an_error() {
    let world = World::new();
    let run = world
        .desktop("auth-code-url")
        .arguments(["--prompt", "consent"]);
    let flow = World::begin(run, REDIRECT_URI);
    let person = msal_testing::Person::new(USERNAME)
        .password(PASSWORD)
        .declines();
    let url = flow["auth_uri"].as_str().unwrap();
    let answer = world.provider.browser().sign_in(url, &person).unwrap();
    let error = redeem(&world, &flow, &answer.body().unwrap()).error(1, "server");
    assert_eq!(error["code"], "access_denied");
}

#[test]
fn a_code_works_once() {
    for transport in TRANSPORTS {
        let world = World::new();
        let flow = begun(&world);
        let response = world.response(&flow, USERNAME);
        let run = || redeem(&world, &flow, &response).arguments(["--transport", transport]);
        run().token();
        let error = run().error(3, "interaction_required");
        assert_eq!(error["code"], "invalid_grant");
    }
}

#[test]
fn a_request_that_may_have_arrived_is_not_sent_again() {
    for transport in TRANSPORTS {
        let world = World::new();
        let flow = begun(&world);
        let response = world.response(&flow, USERNAME);
        world.provider.script(Fault::close().on(Endpoint::Token));
        let run = redeem(&world, &flow, &response).arguments(["--transport", transport]);
        run.error(1, "transport");
        assert_eq!(world.provider.count(Endpoint::Token), 1);
    }
}

#[test]
fn a_flow_of_another_application_or_authority_is_wrong_usage() {
    let world = World::new();
    let flow = begun(&world);
    let state = flow["flow"]["state"].as_str().unwrap();
    let response = format!("code=c&state={state}");
    let file = world.file("flow.json", flow.to_string());
    let run = |client_id: &str, authority: &str| {
        let run = world.run(["auth-code", "--client-id", client_id]);
        let run = run.arguments(["--authority", authority, "--response", &response]);
        run.path("--flow", &file)
    };
    let own = world.provider.authority();
    run(OTHER_FAMILY_CLIENT_ID, &own).error(2, "invalid_argument");
    for authority in [
        "https://login.microsoftonline.com/common".to_owned(),
        format!("https://login.microsoftonline.us/{TENANT_ID}"),
    ] {
        run(PUBLIC_CLIENT_ID, &authority).error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn a_file_that_is_no_flow_is_wrong_usage() {
    let world = World::new();
    let flow = begun(&world);
    let mut newer = flow["flow"].clone();
    newer["version"] = json!(99);
    let mut half = flow["flow"].clone();
    half.as_object_mut().unwrap().remove("verifier");
    for content in [
        "",
        "nonsense",
        "{}",
        "[]",
        "null",
        r#"{"flow":null}"#,
        r#"{"flow":"text"}"#,
        r#"{"flow":{}}"#,
        r#"{"auth_uri":"https://login.microsoftonline.com/"}"#,
        &newer.to_string(),
        &half.to_string(),
        &json!({ "flow": half }).to_string(),
        &"[".repeat(100_000),
        &flow.to_string()[..100],
    ] {
        let file = world.file("wrong.json", content);
        let run = world.desktop("auth-code").path("--flow", &file);
        let error = run
            .arguments(["--response", "code=c&state=s"])
            .error(2, "invalid_argument");
        assert!(!error.to_string().contains("verifier"), "{error}");
    }
    let latin = world.file("latin", b"\xe9");
    for path in [world.path("missing"), world.path(""), latin] {
        let run = world.desktop("auth-code").path("--flow", &path);
        run.arguments(["--response", "code=c&state=s"])
            .error(2, "invalid_argument");
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn one_response_and_one_flow_are_needed() {
    let world = World::new();
    let flow = world.file("flow.json", begun(&world).to_string());
    let run = || world.desktop("auth-code");
    let with_flow = || run().path("--flow", &flow);
    run()
        .arguments(["--response", "code=c"])
        .error(2, "invalid_argument");
    with_flow().error(2, "invalid_argument");
    with_flow()
        .arguments(["--response", "a", "--response-file", "b"])
        .error(2, "invalid_argument");
    with_flow()
        .arguments(["--response-file", "missing"])
        .error(2, "invalid_argument");
    with_flow()
        .path("--response-file", &world.path(""))
        .error(2, "invalid_argument");
    with_flow()
        .arguments(["--response-file", "/dev/zero"])
        .error(2, "invalid_argument");
    // Nothing came, or far too much.
    for input in ["", &"a".repeat(70_000)] {
        let ended = with_flow().arguments(["--response", "-"]).fed(input);
        ended.error("stdin", 1, "invalid_response");
    }
}

#[test]
fn a_url_that_nobody_can_come_back_to_is_wrong_usage() {
    let world = World::new();
    for wrong in [
        &["--redirect-uri", ""][..],
        &["--redirect-uri", "localhost"],
        &["--redirect-uri", "http://localhost#fragment"],
        &[],
        &["--redirect-uri", REDIRECT_URI, "--prompt", "please"],
        &[
            "--redirect-uri",
            REDIRECT_URI,
            "--response-mode",
            "fragment",
        ],
        &["--redirect-uri", REDIRECT_URI, "--extra", "state=x"],
        &["--redirect-uri", REDIRECT_URI, "--extra", "prompt=none"],
        &["--redirect-uri", REDIRECT_URI, "--scope", "a b"],
    ] {
        let run = world.desktop("auth-code-url").arguments(wrong);
        run.error(2, "invalid_argument");
    }
    let run = world.client(&["auth-code-url"], PUBLIC_CLIENT_ID);
    run.arguments(["--redirect-uri", REDIRECT_URI])
        .error(2, "invalid_argument");
    let run = world.bare(["auth-code-url", "--scope", SCOPE]);
    run.arguments(["--redirect-uri", REDIRECT_URI])
        .error(2, "invalid_argument");
    assert_eq!(world.provider.connections(), 0);
}
