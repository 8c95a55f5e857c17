//! Tokens that are bound to a key: asked for, kept and found as such, and never taken for bearer tokens.

use std::sync::Arc;

use msal_core::app::{
    ApplicationBuilder, AuthCodeOptions, CallOptions, DeviceCodeFlow, OnBehalfOfOptions,
    SilentOptions,
};
use msal_core::credential::{AppToken, AppTokenRequest, ClientCredential};
use msal_core::{
    Account, AuthenticationResult, ConfidentialClientApplication, Env, Error, ErrorKind,
    PopAlgorithm, PopKey, PopRequest, TokenScheme, TokenSource, run,
};

use crate::script::*;
use crate::sign_in::{back, id_token, signed_in};

const SSH_KEY: &str = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;

#[test]
fn an_app_token_is_asked_for_with_its_key_and_kept_apart() {
    let clock = ManualClock::new();
    let (app, key) = (app(&clock), key(&clock));
    let other = self::key(&clock);
    let replies = [
        bound("pop", "bound"),
        token("bearer"),
        bound("pop", "other's"),
        bound("ssh-cert", "certificate"),
    ];
    let script = Script::new(&clock, replies);
    let ssh = TokenScheme::ssh_certificate(SSH_KEY, key.thumbprint()).unwrap();
    let schemes = [
        (TokenScheme::signed_http_request(&key), "bound", "pop"),
        (TokenScheme::BEARER, "bearer", "Bearer"),
        (TokenScheme::signed_http_request(&other), "other's", "pop"),
        (ssh, "certificate", "ssh-cert"),
    ];
    for source in [TokenSource::IdentityProvider, TokenSource::Cache] {
        for (scheme, expected, token_type) in &schemes {
            let result = for_client(&app, scheme, &script).unwrap();
            assert_eq!(result.access_token().expose(), *expected);
            assert_eq!(result.token_type(), *token_type);
            assert_eq!(result.token_source(), source);
        }
    }
    // Without options there is the short way.
    let result = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(result.access_token().expose(), "bearer");

    let forms = script.forms();
    assert_eq!(forms.len(), 4);
    assert_eq!(field(&forms[0], "token_type"), Some("pop"));
    assert_eq!(field(&forms[0], "req_cnf"), Some(&*req_cnf(&key)));
    assert_eq!(field(&forms[1], "token_type"), None);
    assert_eq!(field(&forms[1], "req_cnf"), None);
    assert_eq!(field(&forms[3], "token_type"), Some("ssh-cert"));
    assert_eq!(field(&forms[3], "req_cnf"), Some(SSH_KEY));
}

#[test]
fn a_bearer_token_for_a_bound_request_is_refused_and_the_other_way_round() {
    let clock = ManualClock::new();
    let key = key(&clock);
    let pop = TokenScheme::signed_http_request(&key);
    for (scheme, reply) in [
        (&pop, token("canary")),
        (&pop, bound("ssh-cert", "canary")),
        (&TokenScheme::BEARER, bound("pop", "canary")),
    ] {
        let app = app(&clock);
        let script = Script::new(&clock, [reply, refused(), refused()]);
        let error = for_client(&app, scheme, &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidResponse("token response"));
        assert!(!format!("{error:?}").contains("canary"));
        // Nothing was kept.
        let error = for_client(&app, scheme, &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Transport);
    }
}

#[test]
fn a_bound_token_is_presented_by_its_key_alone() {
    let clock = ManualClock::new();
    let (app, key) = (app(&clock), key(&clock));
    let replies = [
        bound("pop", "canary"),
        bound("ssh-cert", "canary"),
        token("bearer"),
    ];
    let script = Script::new(&clock, replies);
    let request = PopRequest::new("GET", "https://api.contoso.com/").unwrap();
    let pop = for_client(&app, &TokenScheme::signed_http_request(&key), &script).unwrap();
    let ssh = TokenScheme::ssh_certificate(SSH_KEY, key.thumbprint()).unwrap();
    let ssh = for_client(&app, &ssh, &script).unwrap();
    let bearer = for_client(&app, &TokenScheme::BEARER, &script).unwrap();

    let unsupported = ErrorKind::Unsupported("presenting a bound token by itself");
    for (result, instead) in [(&pop, "authorization_header_for"), (&ssh, "SSH client")] {
        let error = result.authorization_header().unwrap_err();
        assert_eq!(error.kind(), &unsupported);
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains(instead) && !shown.contains("canary"),
            "{shown}"
        );
    }
    let header = bearer.authorization_header().unwrap();
    assert!(header.is_sensitive());
    assert_eq!(header, "Bearer bearer");

    let header = pop.authorization_header_for(&key, &request).unwrap();
    assert!(header.is_sensitive());
    let signed = header.to_str().unwrap().strip_prefix("PoP ").unwrap();
    assert_eq!(signed.split('.').count(), 3);
    for result in [&pop, &ssh, &bearer] {
        let other = self::key(&clock);
        let error = result.authorization_header_for(&other, &request);
        assert_eq!(
            error.unwrap_err().kind(),
            &ErrorKind::InvalidArgument("key")
        );
    }
    for result in [&ssh, &bearer] {
        assert!(result.authorization_header_for(&key, &request).is_err());
    }
}

#[test]
fn a_sign_in_keeps_its_key_from_the_browser_to_the_cache() {
    let clock = ManualClock::new();
    let (app, key) = (app(&clock), key(&clock));
    let scheme = TokenScheme::signed_http_request(&key);
    let script = Script::new(&clock, []);
    let mut options = AuthCodeOptions::default();
    options.call.scheme = scheme.clone();
    let flow = app.initiate_auth_code_flow(["User.Read"], "http://localhost", options);
    let flow = run(flow, &script).unwrap();
    let answer = signed_in("pop", "bound", Some(&id_token(&flow)));
    let (flow, response) = back(flow);
    script.then([
        answer,
        signed_in("Bearer", "bearer", None),
        signed_in("pop", "renewed", None),
    ]);
    let redeemed = app.acquire_token_by_auth_code_flow(flow, &response, CallOptions::default());
    let result = run(redeemed, &script).unwrap();
    assert_eq!(result.token_type(), "pop");
    let account = result.account().unwrap();

    let found = silent(&app, account, &scheme, |_| {}, &script).unwrap();
    assert_eq!(found.access_token().expose(), "bound");
    assert_eq!(found.token_source(), TokenSource::Cache);
    let unbound = run(
        app.acquire_token_silent(["User.Read"], account, None),
        &script,
    );
    assert_eq!(unbound.unwrap().access_token().expose(), "bearer");
    let renewed = silent(&app, account, &scheme, |o| o.force_refresh = true, &script).unwrap();
    assert_eq!(renewed.access_token().expose(), "renewed");

    let forms = script.forms();
    for (form, is_bound) in [(0, true), (1, false), (2, true)] {
        let (expected_type, expected_key) = match is_bound {
            true => (Some("pop"), Some(req_cnf(&key))),
            false => (None, None),
        };
        assert_eq!(field(&forms[form], "token_type"), expected_type);
        assert_eq!(field(&forms[form], "req_cnf"), expected_key.as_deref());
    }
    // Another key's token would have to be asked for.
    let other = TokenScheme::signed_http_request(&self::key(&clock));
    let error = silent(&app, account, &other, |o| o.cache_only = true, &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
}

#[test]
fn a_sign_in_on_another_device_keeps_its_key_too() {
    let clock = ManualClock::new();
    let key = key(&clock);
    let env = Env::new(clock.clone(), Counting);
    let builder = ApplicationBuilder::new("client").authority(AUTHORITY);
    let app = builder.public(Arc::<ListStore>::default(), env).unwrap();
    let code = r#"{"device_code":"device","user_code":"ABCD-EFGH","expires_in":900,"interval":5,
        "verification_uri":"https://microsoft.com/devicelogin"}"#;
    let script = Script::new(&clock, [reply(200, code), signed_in("pop", "bound", None)]);
    let mut options = CallOptions::default();
    options.scheme = TokenScheme::signed_http_request(&key);
    let flow = run(
        app.initiate_device_code_flow(["User.Read"], options),
        &script,
    )
    .unwrap();
    let flow = DeviceCodeFlow::from_secret_json(&flow.into_secret_json()).unwrap();
    let redeemed = app.acquire_token_by_device_code(flow, CallOptions::default());
    let result = run(redeemed, &script).unwrap();
    assert_eq!(result.token_type(), "pop");
    let request = PopRequest::new("GET", "https://api.contoso.com").unwrap();
    assert!(result.authorization_header_for(&key, &request).is_ok());
    let forms = script.forms();
    assert_eq!(field(&forms[1], "token_type"), Some("pop"));
    assert_eq!(field(&forms[1], "req_cnf"), Some(&*req_cnf(&key)));
    let unbound = app.acquire_token_silent(["User.Read"], result.account().unwrap(), None);
    assert_eq!(
        run(unbound, &script).unwrap_err().kind(),
        &ErrorKind::Transport
    );
}

#[test]
fn a_call_on_behalf_of_a_user_is_bound_too() {
    let clock = ManualClock::new();
    let (app, key) = (app(&clock), key(&clock));
    let script = Script::new(
        &clock,
        [
            signed_in("pop", "bound", None),
            signed_in("Bearer", "bearer", None),
        ],
    );
    let call = |scheme: TokenScheme| {
        let mut options = OnBehalfOfOptions::default();
        options.call.scheme = scheme;
        run(
            app.acquire_token_on_behalf_of("assertion".into(), [SCOPE], options),
            &script,
        )
        .unwrap()
    };
    for _ in 0..2 {
        let result = call(TokenScheme::signed_http_request(&key));
        assert_eq!(result.access_token().expose(), "bound");
        assert_eq!(call(TokenScheme::BEARER).access_token().expose(), "bearer");
    }
    assert_eq!(script.forms().len(), 2);
}

#[test]
fn the_parameters_of_a_bound_token_cannot_be_given_by_hand() {
    let clock = ManualClock::new();
    let app = app(&clock);
    let script = Script::new(&clock, []);
    for (name, value) in [("token_type", "pop"), ("req_cnf", "e30")] {
        let by_hand = options(|options| {
            options
                .call
                .parameters
                .push((name.to_owned(), value.to_owned()));
        });
        let error = run(app.acquire_token_for_client([SCOPE], by_hand), &script).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("extra parameter"),
            "{name}"
        );
    }
}

#[test]
fn an_app_token_provider_is_not_asked_for_a_bound_token() {
    let clock = ManualClock::new();
    let provider = |_: &AppTokenRequest| {
        let token = AppToken::new("bearer", std::time::Duration::from_secs(3600));
        Ok::<_, Error>(token)
    };
    let credential = ClientCredential::from_app_token_provider(provider);
    let app = built(builder().credential(credential), &clock);
    let script = Script::new(&clock, []);
    let bound = TokenScheme::signed_http_request(&key(&clock));
    let error = for_client(&app, &bound, &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unsupported("a bound token"));
    assert!(for_client(&app, &TokenScheme::BEARER, &script).is_ok());
    assert!(for_client(&app, &bound, &script).is_err());
}

fn for_client(
    app: &ConfidentialClientApplication,
    scheme: &TokenScheme,
    script: &Script,
) -> Result<AuthenticationResult, Error> {
    let options = options(|options| options.call.scheme = scheme.clone());
    run(app.acquire_token_for_client([SCOPE], options), script)
}

fn silent(
    app: &ConfidentialClientApplication,
    account: &Account,
    scheme: &TokenScheme,
    change: impl FnOnce(&mut SilentOptions),
    script: &Script,
) -> Result<AuthenticationResult, Error> {
    let mut options = Box::<SilentOptions>::default();
    options.call.scheme = scheme.clone();
    change(&mut options);
    run(
        app.acquire_token_silent(["User.Read"], account, Some(options)),
        script,
    )
}

fn key(clock: &ManualClock) -> PopKey {
    PopKey::generate(PopAlgorithm::Es256, &Env::new(clock.clone(), Counting)).unwrap()
}

fn bound(token_type: &str, name: &str) -> Reply {
    let body = serde_json::json!({
        "token_type": token_type,
        "expires_in": 3599,
        "access_token": name,
    });
    reply(200, &body.to_string())
}

fn req_cnf(key: &PopKey) -> String {
    use base64::Engine;
    let json = format!(r#"{{"kid":"{}"}}"#, key.thumbprint());
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json)
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = form.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}
