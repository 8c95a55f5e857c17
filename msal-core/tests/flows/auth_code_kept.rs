//! A sign-in between its two halves: kept as JSON, taken to the wrong application, and shown.

use msal_core::app::{
    ApplicationBuilder, AuthCodeFlow, AuthCodeOptions, CallOptions, ResponseMode,
};
use msal_core::{ErrorKind, TokenScheme, run};
use serde_json::{Value, json};

use crate::script::*;
use crate::site::*;
use crate::users::*;

#[test]
fn a_flow_comes_back_from_json_whole() {
    let site = site();
    let begun = |options: &mut AuthCodeOptions| {
        options.call.claims = Some(r#"{"a":1}"#.to_owned());
        options.call.client_claims = Some(r#"{"b":2}"#.to_owned());
        options.call.parameters = vec![("dc".to_owned(), "x".to_owned())];
        options.call.scheme = TokenScheme::ssh_certificate(r#"{"kty":"RSA"}"#, "key").unwrap();
        options.call.tenant = Some(AWAY.to_owned());
        options.max_age = Some(minutes(1));
        options.spa_code = true;
        options.response_mode = ResponseMode::Query;
    };
    let bodies = [false, true].map(|kept| {
        let flow = site.begin(sign_in_options(begun));
        let flow = match kept {
            true => AuthCodeFlow::from_secret_json(&flow.into_secret_json()).unwrap(),
            false => flow,
        };
        assert_eq!(flow.redirect_uri(), REDIRECT);
        assert_eq!(flow.response_mode(), ResponseMode::Query);
        let response = format!("code=c&state={}", state(&flow));
        let mut claims = claims_away();
        claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
        claims["auth_time"] = START.into();
        let reply = Answer::about("at", &claims)
            .with("token_type", "ssh-cert")
            .reply();
        let (outcome, script) = site.end(flow, &response, reply);
        assert_eq!(outcome.unwrap().token_type(), "ssh-cert");
        let form = script.forms().remove(0).into_iter();
        form.filter(|(name, _)| name != "code_verifier")
            .collect::<Vec<_>>()
    });
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0].contains(&("claims".to_owned(), r#"{"a":1,"b":2}"#.to_owned())));
}

#[test]
fn json_that_is_no_flow_is_refused_and_not_quoted() {
    let site = site();
    let flow = site.begin(AuthCodeOptions::default());
    let json: Value = serde_json::from_str(&flow.into_secret_json()).unwrap();
    let mut tampered: Vec<String> = ["", "{}", "[]", "null", "{\"version\":1}", "canary"]
        .map(str::to_owned)
        .into();
    for name in json.as_object().unwrap().keys() {
        let mut without = json.clone();
        without.as_object_mut().unwrap().remove(name);
        // What may be missing is null.
        let may_be_null = ["correlation_id", "jwks", "login_hint"].contains(&&**name);
        if !json[name].is_null() && !may_be_null {
            tampered.push(without.to_string());
        }
        let mut wrong = json.clone();
        wrong[name] = json!({"canary": 1});
        tampered.push(wrong.to_string());
    }
    for (name, value) in [
        ("version", json!(0)),
        ("version", json!(2)),
        ("state", json!("")),
        ("nonce", json!("")),
        ("verifier", json!("")),
        (
            "token_endpoint",
            json!("http://login.microsoftonline.com/token"),
        ),
        ("token_endpoint", json!("file:///etc/passwd")),
        ("jwks", json!("http://login.microsoftonline.com/keys")),
        ("response_mode", json!("fragment")),
    ] {
        let mut other = json.clone();
        other[name] = value;
        tampered.push(other.to_string());
    }
    for text in tampered {
        let error = AuthCodeFlow::from_secret_json(&text)
            .map(|flow| panic!("taken: {flow:?} of {text}"))
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("auth code flow"));
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn another_applications_flow_is_not_redeemed() {
    let site = site();
    let others = [
        Site::new(ApplicationBuilder::new("other").authority(AUTHORITY)),
        Site::new(public_builder().authority("https://login.microsoftonline.com/common")),
        Site::new(public_builder().authority("https://login.microsoftonline.us/contoso.com")),
        Site::new(ApplicationBuilder::new("Client").authority(AUTHORITY)),
    ];
    for other in &others {
        let flow = other.begin(AuthCodeOptions::default());
        let (response, reply) = good(&flow);
        let (outcome, script) = site.end(flow, &response, reply);
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("flow"));
        assert_eq!(script.log(), [""; 0]);
        assert!(error.correlation_id().is_some());
    }
}

#[test]
fn a_tenant_of_the_call_is_part_of_the_flow() {
    let site = site();
    let flow = site.begin(sign_in_options(|options| {
        options.call.tenant = Some(AWAY.to_owned());
    }));
    let mut claims = claims_away();
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    let response = format!("code=c&state={}", state(&flow));
    let script = Script::new(&site.clock, [Answer::about("at", &claims).reply()]);
    let call = call_options(|options| {
        options.tenant = Some("ignored.example".to_owned());
        options.claims = Some(r#"{"heard":1}"#.to_owned());
    });
    let end = site
        .app
        .acquire_token_by_auth_code_flow(flow, &response, call);
    let result = run(end, &script).unwrap();
    assert_eq!(script.log(), [format!("POST {AWAY_URL}")]);
    assert_eq!(
        sent(&script, 0, "claims").as_deref(),
        Some(r#"{"heard":1}"#)
    );
    assert_eq!(result.tenant_id(), AWAY);
    assert_eq!(result.account().unwrap().home_account_id(), HOME);
}

#[test]
fn a_call_may_bring_its_own_limit_and_id() {
    let site = site();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let flow = site.begin(AuthCodeOptions::default());
    let (response, reply) = good(&flow);
    let script = Script::new(&site.clock, [reply]);
    let call = call_options(|options| {
        options.correlation_id = Some(id.parse().unwrap());
        options.timeout = Some(minutes(0));
    });
    let end = site
        .app
        .acquire_token_by_auth_code_flow(flow, &response, call);
    let error = run(end, &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert_eq!(error.correlation_id().unwrap().to_string(), id);
    assert_eq!(script.log(), [""; 0]);
}

#[test]
fn neither_flow_nor_result_nor_error_shows_a_secret() {
    let site = Site::new(public_builder().show_refresh_tokens(true));
    let flow = site.begin(sign_in_options(|options| {
        options.login_hint = Some("canary@contoso.example".to_owned());
        options.call.claims = Some(r#"{"canary":1}"#.to_owned());
        options.call.parameters = vec![("x".to_owned(), "canary".to_owned())];
    }));
    let mut secrets = vec!["canary".to_owned(), "sesame".to_owned(), "Alice".to_owned()];
    secrets
        .extend(["state", "nonce", "code_challenge"].map(|name| parameter(&flow, name).unwrap()));
    let shown = format!("{flow:?}");
    let json: Value = serde_json::from_str(&flow.into_secret_json()).unwrap();
    secrets.push(json["verifier"].as_str().unwrap().to_owned());
    let flow = AuthCodeFlow::from_secret_json(&json.to_string()).unwrap();
    let mut claims = claims();
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    let response = format!("code=sesame&state={}", state(&flow));
    let answer = Answer::about("canary-at", &claims).with("refresh_token", "canary-rt");
    let script = Script::new(&site.clock, [answer.reply()]);
    let end = site
        .app
        .acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
    let shown = format!("{shown} {end:?}");
    let result = run(end, &script).unwrap();
    let account = result.account().unwrap();
    let of_result = format!(
        "{result:?} {account:?} {:?} {:?} {:?} {:?}",
        account.tenant_profiles(),
        result.id_token_claims(),
        result.refresh_token(),
        site.app
    );
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
        assert!(!of_result.contains(&secret), "{secret} in {of_result}");
    }
}
