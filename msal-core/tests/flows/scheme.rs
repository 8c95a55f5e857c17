//! Tokens that are bound to a key: never handed out as bearer tokens, nor the other way round.

use msal_core::app::{AuthCodeOptions, CallOptions, OnBehalfOfOptions};
use msal_core::{AuthenticationResult, ErrorKind, Flow, TokenScheme, run};

use crate::script::*;
use crate::site::*;
use crate::users::*;

const JWK: &str = r#"{"kty":"RSA","n":"x","e":"AQAB","kid":"key-1"}"#;

fn certificate(key_id: &str) -> TokenScheme {
    TokenScheme::ssh_certificate(JWK, key_id).unwrap()
}

fn certified(name: &str) -> Answer {
    Answer::new(name).with("token_type", "ssh-cert")
}

impl Desk {
    fn bound(&self, key_id: &str) -> Flow<AuthenticationResult> {
        let options = silent_options(|options| options.call.scheme = certificate(key_id));
        self.app
            .acquire_token_silent([READ], &self.account, options)
    }
}

#[test]
fn a_certificate_is_asked_for_by_its_key() {
    for driver in Driver::BOTH {
        let desk = Desk::new();
        let script = desk.script([certified("cert").reply()]);
        let result = driver.run(desk.bound("key-1"), &script).unwrap();
        assert_eq!(sent(&script, 0, "token_type").as_deref(), Some("ssh-cert"));
        assert_eq!(sent(&script, 0, "req_cnf").as_deref(), Some(JWK));
        assert_eq!(sent(&script, 0, "key_id"), None);
        assert_eq!(
            (result.access_token().expose(), result.token_type()),
            ("cert", "ssh-cert")
        );
        let error = result.authorization_header().unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::Unsupported("presenting a bound token by itself")
        );
    }
}

#[test]
fn the_cache_keeps_keys_and_bearer_tokens_apart_in_both_directions() {
    let desk = Desk::new();
    let ask = |flow: Flow<AuthenticationResult>, name: &str| {
        let script = desk.script([certified(name).reply()]);
        let result = run(flow, &script).unwrap();
        (
            result.access_token().expose().to_owned(),
            script.log().len(),
        )
    };
    assert_eq!(ask(desk.bound("key-1"), "cert-1"), ("cert-1".to_owned(), 1));
    assert_eq!(ask(desk.bound("key-2"), "cert-2"), ("cert-2".to_owned(), 1));
    assert_eq!(ask(desk.bound("key-1"), "no"), ("cert-1".to_owned(), 0));
    assert_eq!(ask(desk.bound("key-2"), "no"), ("cert-2".to_owned(), 0));
    assert_eq!(ask(desk.bound("KEY-1"), "cert-3"), ("cert-3".to_owned(), 1));
    assert_eq!(ask(desk.silent(), "no"), ("first".to_owned(), 0));
    let cached = run(desk.bound("key-1"), &desk.script([])).unwrap();
    assert_eq!(cached.token_type(), "ssh-cert");
    assert_eq!(
        run(desk.silent(), &desk.script([])).unwrap().token_type(),
        "Bearer"
    );
}

#[test]
fn an_answer_of_another_type_is_refused_and_not_kept() {
    let kind = ErrorKind::InvalidResponse("token response");
    for answer in [
        Answer::new("bearer"),
        certified("x").with("token_type", "pop"),
        certified("x").with("token_type", ""),
        certified("x").without("token_type"),
    ] {
        let desk = Desk::new();
        let error = run(desk.bound("key-1"), &desk.script([answer.reply()])).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert_eq!(desk.store.access_tokens().len(), 1);
        assert_eq!(desk.refresh_tokens(), ["rt-first of client -"]);
    }
    let desk = Desk::expired();
    let error = run(desk.silent(), &desk.script([certified("cert").reply()])).unwrap_err();
    assert_eq!(error.kind(), &kind);
    run(
        desk.bound("key-1"),
        &desk.script([certified("cert").with("token_type", "SSH-Cert").reply()]),
    )
    .unwrap();
}

#[test]
fn every_grant_of_a_user_can_ask_for_it() {
    let scheme = || call_options(|options| options.scheme = certificate("key-1"));
    let asks = |script: &Script, at: usize| {
        assert_eq!(sent(script, at, "token_type").as_deref(), Some("ssh-cert"));
        assert_eq!(sent(script, at, "req_cnf").as_deref(), Some(JWK));
    };
    let site = site();
    let flow = site.begin(sign_in_options(|options: &mut AuthCodeOptions| {
        options.call = scheme()
    }));
    let mut claims = claims();
    claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
    let response = format!("code=c&state={}", state(&flow));
    let answer = Answer::about("cert", &claims).with("token_type", "ssh-cert");
    let (outcome, script) = site.end(flow, &response, answer.reply());
    outcome.unwrap();
    asks(&script, 0);

    let script = Script::new(&site.clock, [certified("cert").reply()]);
    let flow = site
        .app
        .acquire_token_by_refresh_token("rt".into(), [READ], scheme());
    run(flow, &script).unwrap();
    asks(&script, 0);

    let code = r#"{"device_code":"d","user_code":"ABCD","verification_uri":"https://a.example"}"#;
    let script = Script::new(&site.clock, [reply(200, code), certified("cert").reply()]);
    let flow = run(
        site.app.initiate_device_code_flow([READ], scheme()),
        &script,
    )
    .unwrap();
    let poll = site
        .app
        .acquire_token_by_device_code(flow, CallOptions::default());
    assert_eq!(run(poll, &script).unwrap().token_type(), "ssh-cert");
    asks(&script, 1);

    let api = confidential(public_builder(), &site.store, &site.clock);
    let mut options = OnBehalfOfOptions::default();
    options.call = scheme();
    let script = Script::new(&site.clock, [certified("cert").reply()]);
    run(
        api.acquire_token_on_behalf_of("a".into(), [READ], options),
        &script,
    )
    .unwrap();
    asks(&script, 0);
    let bearer = api.acquire_token_on_behalf_of("a".into(), [READ], Default::default());
    let script = Script::new(&site.clock, [Answer::new("bearer").reply()]);
    assert_eq!(
        run(bearer, &script).unwrap().access_token().expose(),
        "bearer"
    );
}

#[test]
fn keys_that_are_none_are_refused() {
    for (jwk, key_id) in [
        ("", "k"),
        ("{", "k"),
        ("[]", "k"),
        ("\"x\"", "k"),
        (JWK, ""),
    ] {
        let error = TokenScheme::ssh_certificate(jwk, key_id).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("ssh key"));
    }
    assert_eq!(TokenScheme::default().token_type(), "Bearer");
    assert_eq!(certificate("key-1").key_id(), Some("key-1"));
}
