use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use msal_core::app::{
    ApplicationBuilder, AuthCodeFlow, AuthCodeOptions, CallOptions, Prompt, ResponseMode,
};
use msal_core::{ErrorKind, run};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::script::*;
use crate::site::*;
use crate::users::*;

#[test]
fn the_url_says_exactly_what_was_asked_for() {
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let site = Site::new(public_builder().client_capabilities(["CP1"]));
    let flow = site.begin(sign_in_options(|options| {
        options.call.correlation_id = Some(id.parse().unwrap());
        options.call.claims = Some(r#"{"id_token":{}}"#.to_owned());
        options.call.parameters = vec![("ui_locales".to_owned(), "de fr".to_owned())];
        options.domain_hint = Some("contoso.example".to_owned());
        options.extra_scopes_to_consent = vec!["Mail.Read".to_owned(), READ.to_owned()];
        options.instance_aware = true;
        options.login_hint = Some("a+b@contoso.example".to_owned());
        options.max_age = Some(Duration::ZERO);
        options.prompt = Some(Prompt::SelectAccount);
        options.response_mode = ResponseMode::Query;
        options.spa_code = true;
    }));
    let url = flow.auth_uri();
    assert_eq!(
        &url[..url::Position::AfterPath],
        format!("{AUTHORITY}/oauth2/v2.0/authorize")
    );
    let random = ["state", "nonce", "code_challenge"];
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .map(|(name, value)| match random.contains(&&*name) {
            true => (name, value.len().to_string()),
            false => (name, value),
        })
        .collect();
    let expected = [
        ("client_id", "client"),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "Mail.Read User.Read offline_access openid profile"),
        ("response_mode", "query"),
        ("state", "43"),
        ("nonce", "43"),
        ("code_challenge", "43"),
        ("code_challenge_method", "S256"),
        ("client_info", "1"),
        ("client-request-id", id),
        ("prompt", "select_account"),
        ("login_hint", "a+b@contoso.example"),
        ("domain_hint", "contoso.example"),
        ("X-AnchorMailbox", "UPN:a+b@contoso.example"),
        (
            "claims",
            r#"{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{}}"#,
        ),
        ("max_age", "0"),
        ("instance_aware", "true"),
        ("ui_locales", "de fr"),
    ];
    assert_eq!(
        pairs,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let values = random.map(|name| parameter(&flow, name).unwrap());
    assert!(values[0] != values[1] && values[1] != values[2]);
}

#[test]
fn the_url_says_nothing_that_was_not_asked_for() {
    let flow = site().begin(AuthCodeOptions::default());
    let names: Vec<String> = flow
        .auth_uri()
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(
        names.join(" "),
        "client_id response_type redirect_uri scope response_mode state nonce code_challenge code_challenge_method \
         client_info client-request-id"
    );
    assert_eq!(parameter(&flow, "response_mode").unwrap(), "form_post");
}

#[test]
fn no_two_sign_ins_share_a_random_value() {
    let site = site();
    let flows = [(); 2].map(|()| site.begin(AuthCodeOptions::default()));
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&flows[0], name), parameter(&flows[1], name));
    }
}

#[test]
fn a_parameter_of_the_library_or_given_twice_is_refused_before_anything_is_sent() {
    let names = [
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "response_mode",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "client_info",
        "client-request-id",
        "prompt",
        "login_hint",
        "domain_hint",
        "X-AnchorMailbox",
        "claims",
        "max_age",
        "instance_aware",
        "code",
        "code_verifier",
        "grant_type",
        "client_secret",
        "token_type",
        "req_cnf",
        "",
    ];
    let refused = |site: &Site, parameters: Vec<(String, String)>| {
        let options = sign_in_options(|options| options.call.parameters = parameters);
        let flow = site.app.initiate_auth_code_flow([READ], REDIRECT, options);
        let script = Script::new(&site.clock, []);
        let error = run(flow, &script).unwrap_err();
        assert_eq!(script.log(), [""; 0]);
        error.kind().clone()
    };
    let kind = ErrorKind::InvalidArgument("extra parameter");
    let pair = |name: &str| (name.to_owned(), "x".to_owned());
    let site = site();
    for name in names {
        assert_eq!(refused(&site, vec![pair(name)]), kind, "{name}");
    }
    assert_eq!(refused(&site, vec![pair("a"), pair("a")]), kind);
}

#[test]
fn redirect_uris_that_cannot_be_are_refused() {
    let site = site();
    for uri in ["", "/path", "localhost", "http://localhost/#x", "http://"] {
        let flow = site
            .app
            .initiate_auth_code_flow([READ], uri, AuthCodeOptions::default());
        let error = flow.try_ready().unwrap().unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("redirect URI"),
            "{uri}"
        );
        assert!(error.correlation_id().is_some());
    }
}

#[test]
fn an_authorization_endpoint_with_a_query_keeps_it() {
    let metadata = json!({
        "issuer": "https://idp.example", "token_endpoint": "https://idp.example/token?p=1",
        "authorization_endpoint": "https://idp.example/authorize?p=policy",
    });
    let site = Site::new(
        ApplicationBuilder::new("client")
            .oidc_authority("https://idp.example")
            .authority_settings(settings(&metadata)),
    );
    let flow = site.begin(AuthCodeOptions::default());
    let url = flow.auth_uri().as_str();
    assert!(
        url.starts_with("https://idp.example/authorize?p=policy&client_id=client&"),
        "{url}"
    );
    for of_microsoft in ["client_info", "client-request-id", "X-AnchorMailbox"] {
        assert_eq!(parameter(&flow, of_microsoft), None);
    }
    let again = sign_in_options(|options| {
        options.call.parameters = vec![("p".to_owned(), "other".to_owned())];
    });
    let again = site.app.initiate_auth_code_flow([READ], REDIRECT, again);
    let error = run(again, &Script::new(&site.clock, [])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidArgument("extra parameter"));
}

#[test]
fn a_code_is_redeemed_with_all_that_began_the_sign_in() {
    for driver in Driver::BOTH {
        let site = Site::new(public_builder().client_capabilities(["CP1"]));
        let begun = sign_in_options(|options| {
            options.call.claims = Some(r#"{"access_token":{"acrs":{}}}"#.to_owned());
            options.call.parameters = vec![("dc".to_owned(), "x".to_owned())];
            options.login_hint = Some("alice".to_owned());
        });
        let flow = site.begin(begun);
        let (response, reply) = good(&flow);
        let script = Script::new(&site.clock, [reply]);
        let challenge = parameter(&flow, "code_challenge").unwrap();
        let id = parameter(&flow, "client-request-id").unwrap();
        let end = site
            .app
            .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
        let result = driver.run(end, &script).unwrap();
        assert_eq!(result.access_token().expose(), "at");
        assert_eq!(script.log(), [format!("POST {TOKEN_URL}")]);
        let form = &script.forms()[0];
        let verifier = sent(&script, 0, "code_verifier").unwrap();
        let expected = [
            ("client_id", "client"),
            ("grant_type", "authorization_code"),
            ("scope", "User.Read offline_access openid profile"),
            ("client_info", "1"),
            (
                "claims",
                r#"{"access_token":{"acrs":{},"xms_cc":{"values":["CP1"]}}}"#,
            ),
            ("dc", "x"),
            ("code", "sesame"),
            ("redirect_uri", REDIRECT),
            ("code_verifier", &verifier),
        ];
        assert_eq!(
            form[..],
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(verifier.len(), 43);
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        assert_eq!(hash, challenge);
        let headers = script.request(0).headers().clone();
        assert_eq!(headers["client-request-id"], *id);
        assert_eq!(headers["x-anchormailbox"], "UPN:alice");
        assert!(headers["x-anchormailbox"].is_sensitive());
    }
}

#[test]
fn the_mailbox_is_that_of_the_response_where_it_tells() {
    let site = site();
    for (info, header) in [
        (client_info("u", "t"), Some("Oid:u@t")),
        ("nonsense!".to_owned(), Some("UPN:alice")),
        (client_info("a\r\nX-Y: z", "t"), None),
    ] {
        let flow = site.begin(sign_in_options(|options| {
            options.login_hint = Some("alice".to_owned());
        }));
        let (response, reply) = good(&flow);
        let info: String = url::form_urlencoded::byte_serialize(info.as_bytes()).collect();
        let (_, script) = site.end(flow, &format!("{response}&client_info={info}"), reply);
        let request = script.request(0);
        let sent = request.headers().get("x-anchormailbox");
        assert_eq!(sent.map(|value| value.to_str().unwrap()), header);
    }
}

#[test]
fn forged_responses_are_refused_before_they_are_read() {
    let site = site();
    let of = |flow: &AuthCodeFlow, template: &str| template.replace("OURS", &state(flow));
    for forged in [
        "code=c",
        "code=c&state=",
        "code=c&state=other",
        "code=c&state=OURSx",
        "code=c&state=OURS&state=OURS",
        "code=c&state=OURS&state=other",
        "code=c&state=other&state=OURS",
        "code=c&STATE=OURS",
        "error=access_denied",
        "error=access_denied&state=other",
        "state=other&error=login_required",
        "",
        "#",
        "http://localhost:1234/",
    ] {
        let flow = site.begin(AuthCodeOptions::default());
        let response = of(&flow, forged);
        assert!(!flow.recognizes(&response), "{forged}");
        let ours = state(&flow);
        let (outcome, script) = site.end(flow, &response, token("no"));
        let error = outcome.unwrap_err();
        let kind = ErrorKind::InvalidResponse("authorization response");
        assert_eq!(error.kind(), &kind, "{forged}");
        assert_eq!(error.code(), None, "{forged}");
        assert!(!format!("{error} {error:?}").contains(&ours));
        assert_eq!(script.log(), [""; 0], "{forged}");
    }
    let flow = site.begin(AuthCodeOptions::default());
    assert!(flow.recognizes(&of(&flow, "?error=x&state=OURS")));
    assert!(flow.recognizes(&of(&flow, "state=OURS")));
}

#[test]
fn an_error_that_is_the_flows_own_ends_it_unsent_wherever_the_state_stands() {
    let site = site();
    for (template, kind, code) in [
        (
            "error=access_denied&state=OURS",
            ErrorKind::Server,
            Some("access_denied"),
        ),
        (
            "state=OURS&error=access_denied",
            ErrorKind::Server,
            Some("access_denied"),
        ),
        (
            "state=OURS&error=login_required&code=c",
            ErrorKind::InteractionRequired,
            Some("login_required"),
        ),
        (
            "state=OURS",
            ErrorKind::InvalidResponse("authorization response"),
            None,
        ),
        (
            "state=OURS&code=",
            ErrorKind::InvalidResponse("authorization response"),
            None,
        ),
        (
            "state=OURS&code=a&code=b",
            ErrorKind::InvalidResponse("authorization response"),
            None,
        ),
        (
            "state=OURS&code=a&error=",
            ErrorKind::InvalidResponse("authorization response"),
            None,
        ),
        (
            "state=OURS&code=a&error=x&error=y",
            ErrorKind::InvalidResponse("authorization response"),
            None,
        ),
    ] {
        let flow = site.begin(AuthCodeOptions::default());
        let response = template.replace("OURS", &state(&flow));
        let (outcome, script) = site.end(flow, &response, token("no"));
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.code()), (&kind, code), "{template}");
        assert_eq!(script.log(), [""; 0], "{template}");
    }
    let flow = site.begin(AuthCodeOptions::default());
    let response = format!(
        "state={}&error=interaction_required&error_description=AADSTS50079%3A+no%1b%5d0&claims=%7B%7D&suberror=basic_action",
        state(&flow)
    );
    let error = site.end(flow, &response, token("no")).0.unwrap_err();
    assert_eq!(error.claims(), Some("{}"));
    assert_eq!(error.aadsts_codes(), [50079]);
    assert_eq!(error.server().unwrap().suberror(), Some("basic_action"));
    assert!(!error.to_string().contains('\u{1b}'));
}

#[test]
fn a_code_that_was_answered_is_never_sent_again() {
    let kept_alive = |kind: fn() -> Reply| kind;
    for (name, answer) in [
        ("503", kept_alive(|| reply(503, ""))),
        ("408", kept_alive(|| reply(408, ""))),
        ("429", kept_alive(|| reply(429, ""))),
        (
            "cut",
            kept_alive(|| Err(msal_core::TransportError::interrupted("cut"))),
        ),
        (
            "late",
            kept_alive(|| Err(msal_core::TransportError::timeout())),
        ),
        ("refused", kept_alive(|| oauth_error(400, "invalid_grant"))),
        ("html", kept_alive(|| reply(200, "<html>"))),
    ] {
        for driver in Driver::BOTH {
            let site = site();
            let flow = site.begin(AuthCodeOptions::default());
            let (response, good) = good(&flow);
            let script = Script::new(&site.clock, [answer(), good]);
            let end =
                site.app
                    .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
            driver.run(end, &script).unwrap_err();
            assert_eq!(script.log(), [format!("POST {TOKEN_URL}")], "{name}");
            assert!(site.is_empty());
        }
    }
}

#[test]
fn a_code_that_never_arrived_is_sent_once_more() {
    let site = site();
    let flow = site.begin(AuthCodeOptions::default());
    let (response, good) = good(&flow);
    let script = Script::new(&site.clock, [refused(), good]);
    let end = site
        .app
        .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
    run(end, &script).unwrap();
    let post = format!("POST {TOKEN_URL}");
    assert_eq!(script.log(), [&post, "wait", &post]);
}

#[test]
fn a_code_for_the_page_is_asked_for_and_handed_over() {
    let site = site();
    let flow = site.begin(sign_in_options(|options| options.spa_code = true));
    let mut claims = claims();
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    let reply = Answer::about("at", &claims)
        .with("spa_code", "page")
        .reply();
    let response = format!("code=c&state={}", state(&flow));
    let (outcome, script) = site.end(flow, &response, reply);
    assert_eq!(outcome.unwrap().spa_code().unwrap().expose(), "page");
    assert_eq!(sent(&script, 0, "return_spa_code").as_deref(), Some("1"));

    let twice = sign_in_options(|options| {
        options.spa_code = true;
        options.call.parameters = vec![("return_spa_code".to_owned(), "1".to_owned())];
    });
    let error = site.app.initiate_auth_code_flow([READ], REDIRECT, twice);
    let error = run(error, &Script::new(&site.clock, [])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidArgument("extra parameter"));
}

#[test]
fn a_sign_in_dropped_at_any_await_can_be_begun_again() {
    let site = site();
    let needs = at_every_await(
        || {
            let flow = site.begin(AuthCodeOptions::default());
            let (response, good) = good(&flow);
            let script = Script::new(&site.clock, [refused(), good]);
            let end =
                site.app
                    .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
            (end, script)
        },
        |_| {
            let flow = site.begin(AuthCodeOptions::default());
            let (response, good) = good(&flow);
            site.end(flow, &response, good).0.unwrap();
        },
    );
    assert_eq!(needs, 3);
}
