//! Id tokens whose signatures are checked: by which keys, when those are fetched, and what becomes of a wrong one.

use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use msal_core::app::{
    AccountFilter, AuthCodeFlow, AuthCodeOptions, CallOptions, OnBehalfOfOptions, SilentOptions,
};
use msal_core::authority::AuthoritySettings;
use msal_core::{
    Account, Ask, AuthenticationResult, ConfidentialClientApplication, Error, ErrorKind, Flow,
    RefreshToken, Step, run, run_async,
};
use serde_json::{Value, json};

use crate::script::*;
use crate::sign_in::{back, claims, id_token, signed_in};

const KEY: &str = include_str!("../fixtures/credential/key.pem");
const OTHER_KEY: &str = include_str!("../fixtures/credential/other-key.pem");
const KEYS: &str = "GET https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001/discovery/v2.0/keys";
const TOKEN: &str =
    "POST https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001/oauth2/v2.0/token";
const WRONG: ErrorKind = ErrorKind::InvalidResponse("id token");

#[test]
fn the_keys_are_at_hand_before_the_code_is_spent_and_serve_for_a_day() {
    let stage = Stage::new();
    stage.script.then([keys(&["a"])]);
    for _ in 0..2 {
        let result = stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
        assert!(result.id_token_claims().is_some());
    }
    assert_eq!(stage.script.log(), [KEYS, TOKEN, TOKEN]);

    stage.clock.advance(minutes(24 * 60));
    stage.script.then([keys(&["a"])]);
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    assert_eq!(stage.script.log()[3..], [KEYS, TOKEN]);
    let fetched = stage.script.request(0);
    assert!(fetched.headers().contains_key("client-request-id"));
    assert!(fetched.body().is_empty());
}

#[test]
fn an_awaited_sign_in_does_the_same() {
    let stage = Stage::new();
    let flow = stage.begin();
    let answer = signed_in("Bearer", "token", Some(&signed(&flow, "a", KEY)));
    stage.script.then([keys(&["a"]), answer]);
    let (flow, response) = back(flow);
    let redeemed = stage.redeem(flow, &response);
    block_on(run_async(redeemed, &stage.script)).unwrap();
    assert_eq!(stage.script.log(), [KEYS, TOKEN]);
}

#[test]
fn after_a_wrong_signature_nothing_is_kept() {
    type Forge = fn(&AuthCodeFlow) -> Option<String>;
    let forged: [(&str, Forge); 6] = [
        ("another key's", |flow| Some(signed(flow, "a", OTHER_KEY))),
        ("no signature", |flow| Some(id_token(flow))),
        ("no algorithm", |flow| {
            let token = signed(flow, "a", KEY);
            let (_, rest) = token.split_once('.').unwrap();
            // {"alg":"none"}
            Some(["eyJhbGciOiJub25lIn0.", rest].concat())
        }),
        ("a shared secret's", |flow| {
            let secret = EncodingKey::from_secret(b"n");
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some("a".to_owned());
            Some(jsonwebtoken::encode(&header, &claims(flow), &secret).unwrap())
        }),
        ("a key that is not named", |flow| {
            Some(signed(flow, "b", OTHER_KEY))
        }),
        ("no id token", |_| None),
    ];
    for (name, forge) in forged {
        let stage = Stage::new();
        stage.script.then([keys(&["a"])]);
        let error = stage.sign_in(forge).unwrap_err();
        assert_eq!(error.kind(), &WRONG, "{name}");
        assert!(!error.is_retryable(), "{name}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("eyJ"), "{shown}");
        assert!(stage.accounts().is_empty(), "{name}");
        assert_eq!(stage.script.log().len(), 2, "{name}");
    }
}

#[test]
fn a_new_key_is_looked_for_once_in_five_minutes() {
    let stage = Stage::new();
    stage.script.then([keys(&["a"])]);
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    let by_new = |stage: &Stage| stage.sign_in(|flow| Some(signed(flow, "b", KEY)));

    // So soon after the first fetch nothing is new.
    assert_eq!(by_new(&stage).unwrap_err().kind(), &WRONG);
    stage.clock.advance(minutes(5));
    let begun = stage.begin();
    let answer = signed_in("Bearer", "token", Some(&signed(&begun, "b", KEY)));
    stage.script.then([answer, keys(&["a", "b"])]);
    stage.finish(begun).unwrap();
    by_new(&stage).unwrap();
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    let error = stage.sign_in(|flow| Some(signed(flow, "c", KEY)));
    assert_eq!(error.unwrap_err().kind(), &WRONG);
    let expected = [KEYS, TOKEN, TOKEN, TOKEN, KEYS, TOKEN, TOKEN, TOKEN];
    assert_eq!(stage.script.log(), expected);
}

#[test]
fn without_keys_nothing_is_spent() {
    for (replies, kind) in [
        (vec![refused(), refused()], ErrorKind::Transport),
        (vec![reply(404, "")], ErrorKind::Server),
        (
            vec![reply(200, "<html>")],
            ErrorKind::InvalidResponse("set of signing keys"),
        ),
    ] {
        let stage = Stage::new();
        stage.script.then(replies);
        let flow = stage.begin();
        let error = stage.finish(flow).unwrap_err();
        assert_eq!(error.kind(), &kind);
        assert!(stage.script.log().iter().all(|line| line != TOKEN));
    }
}

#[test]
fn keys_that_cannot_be_renewed_serve_a_while_longer() {
    let stage = Stage::new();
    stage.script.then([keys(&["a"])]);
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    stage.clock.advance(minutes(24 * 60));
    stage.script.then([refused(), refused()]);
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    let tried = stage.script.log();
    assert_eq!(tried.iter().filter(|line| *line == KEYS).count(), 3);
    stage.clock.advance(minutes(5));
    stage.script.then([keys(&["b"])]);
    let error = stage.sign_in(|flow| Some(signed(flow, "a", KEY)));
    assert_eq!(error.unwrap_err().kind(), &WRONG);
}

#[test]
fn many_sign_ins_at_once_fetch_the_keys_once() {
    let stage = Stage::new();
    let start = || {
        let (flow, response) = back(stage.begin());
        stage.redeem(flow, &response).start()
    };
    let Step::Send(request, first) = start() else {
        panic!("the keys are not asked for")
    };
    assert_eq!(request.method(), "GET");
    let Step::Ask(Ask::Join(landing, _, second)) = start() else {
        panic!("the keys are asked for twice")
    };
    let Step::Send(request, _first) = first.resume(keys(&["a"])) else {
        panic!("the code is not redeemed")
    };
    assert_eq!(request.method(), "POST");
    let Step::Send(request, _second) = second.resume(landing.block(Duration::ZERO)) else {
        panic!("the other code is not redeemed")
    };
    assert_eq!(request.method(), "POST");
}

#[test]
fn a_renewal_may_come_without_an_id_token_but_not_with_a_wrong_one() {
    let stage = Stage::new();
    stage.script.then([keys(&["a"])]);
    let result = stage.sign_in(|flow| Some(signed(flow, "a", KEY))).unwrap();
    let account = result.account().unwrap();
    stage.script.then([signed_in("Bearer", "second", None)]);
    let renewed = stage.renewed(account).unwrap();
    assert_eq!(renewed.access_token().expose(), "second");

    let begun = stage.begin();
    let forged = signed(&begun, "a", OTHER_KEY);
    let by_any = [
        signed_in("Bearer", "canary", Some(&forged)),
        signed_in("Bearer", "canary", Some(&forged)),
        signed_in("Bearer", "canary", Some(&forged)),
        signed_in("Bearer", "canary", None),
    ];
    stage.script.then(by_any);
    assert_eq!(stage.renewed(account).unwrap_err().kind(), &WRONG);
    let options = OnBehalfOfOptions::default();
    let on_behalf = stage
        .app
        .acquire_token_on_behalf_of("assertion".into(), [SCOPE], options);
    let error = run(on_behalf, &stage.script).unwrap_err();
    assert_eq!(error.kind(), &WRONG);
    for _ in 0..2 {
        let token = RefreshToken::new("another library's");
        let migrated =
            stage
                .app
                .acquire_token_by_refresh_token(token, ["User.Read"], CallOptions::default());
        assert_eq!(run(migrated, &stage.script).unwrap_err().kind(), &WRONG);
    }
    let kept = stage.app.acquire_token_silent(["User.Read"], account, None);
    let kept = run(kept, &stage.script).unwrap();
    assert_eq!(kept.access_token().expose(), "second");
}

#[test]
fn a_sign_in_that_was_written_down_still_knows_where_the_keys_are() {
    let stage = Stage::new();
    let flow = stage.begin();
    let answer = signed_in("Bearer", "token", Some(&signed(&flow, "a", KEY)));
    stage.script.then([keys(&["a"]), answer]);
    let json = flow.into_secret_json();
    let flow = AuthCodeFlow::from_secret_json(&json).unwrap();
    stage.finish(flow).unwrap();
    assert_eq!(stage.script.log(), [KEYS, TOKEN]);
}

#[test]
fn an_authority_without_keys_signs_nobody_in() {
    let at = |path: &str| format!("https://op.example/{path}");
    let mut settings = AuthoritySettings::default();
    let metadata = json!({
        "issuer": at("op"), "token_endpoint": at("t"), "authorization_endpoint": at("a"),
    });
    settings.openid_metadata = Some(metadata.to_string());
    let builder = builder()
        .oidc_authority(&at("op"))
        .authority_settings(settings)
        .verify_id_tokens(true);
    let stage = Stage::of(|clock| built(builder, clock));
    let flow = stage.begin();
    assert_eq!(stage.finish(flow).unwrap_err().kind(), &WRONG);
    assert!(stage.script.log().is_empty());
}

#[test]
fn nobody_asks_for_keys_who_does_not_want_signatures_checked() {
    let stage = Stage::of(app);
    stage.sign_in(|flow| Some(id_token(flow))).unwrap();
    assert_eq!(stage.script.log(), [TOKEN]);
}

/// An application that checks signatures, and what it talks to.
struct Stage {
    clock: ManualClock,
    app: ConfidentialClientApplication,
    script: Script,
}

impl Stage {
    fn new() -> Self {
        Self::of(|clock| built(builder().verify_id_tokens(true), clock))
    }

    fn of(app: impl FnOnce(&ManualClock) -> ConfidentialClientApplication) -> Self {
        let clock = ManualClock::new();
        Self {
            app: app(&clock),
            script: Script::new(&clock, []),
            clock,
        }
    }

    fn begin(&self) -> AuthCodeFlow {
        let options = AuthCodeOptions::default();
        let flow = self
            .app
            .initiate_auth_code_flow(["User.Read"], "http://localhost", options);
        run(flow, &self.script).unwrap()
    }

    fn redeem(&self, flow: AuthCodeFlow, response: &str) -> Flow<AuthenticationResult> {
        self.app
            .acquire_token_by_auth_code_flow(flow, response, CallOptions::default())
    }

    fn finish(&self, flow: AuthCodeFlow) -> Result<AuthenticationResult, Error> {
        let (flow, response) = back(flow);
        run(self.redeem(flow, &response), &self.script)
    }

    /// A whole sign-in, to which the token endpoint answers with this id token.
    fn sign_in(
        &self,
        id_token: impl FnOnce(&AuthCodeFlow) -> Option<String>,
    ) -> Result<AuthenticationResult, Error> {
        let flow = self.begin();
        let answer = signed_in("Bearer", "token", id_token(&flow).as_deref());
        self.script.then([answer]);
        self.finish(flow)
    }

    fn renewed(&self, account: &Account) -> Result<AuthenticationResult, Error> {
        let mut options = Box::<SilentOptions>::default();
        options.force_refresh = true;
        let silent = self
            .app
            .acquire_token_silent(["User.Read"], account, Some(options));
        run(silent, &self.script)
    }

    fn accounts(&self) -> Vec<Account> {
        run(self.app.accounts(AccountFilter::All), &self.script).unwrap()
    }
}

fn signed(flow: &AuthCodeFlow, key_id: &str, pem: &str) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key_id.to_owned());
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &claims(flow), &key).unwrap()
}

/// The one key, published under these ids.
fn keys(ids: &[&str]) -> Reply {
    let key = EncodingKey::from_rsa_pem(KEY.as_bytes()).unwrap();
    let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    let named = |id: &&str| {
        let mut jwk: Value = serde_json::to_value(&jwk).unwrap();
        jwk["kid"] = json!(id);
        jwk["use"] = json!("sig");
        jwk
    };
    let keys: Vec<_> = ids.iter().map(named).collect();
    reply(200, &json!({ "keys": keys }).to_string())
}
