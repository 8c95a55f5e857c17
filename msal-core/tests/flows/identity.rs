//! Whose answer is believed: nothing of one that is not leaves a trace in the cache.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use msal_core::app::{ApplicationBuilder, AuthCodeOptions, CallOptions};
use msal_core::{AuthenticationResult, Error, ErrorKind, Tenant, run};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::script::*;
use crate::site::*;
use crate::users::*;

const PERSONAL: &str = Tenant::PERSONAL_ACCOUNTS;
const COMMON: &str = "https://login.microsoftonline.com/common";

/// What is wrong with a token, and how it becomes so.
type Mutation = (&'static str, fn(Provider) -> Provider);

/// An authority, and the claims that it would put into an id token.
#[derive(Clone)]
struct Provider {
    builder: ApplicationBuilder,
    claims: Value,
    uid: String,
    utid: String,
}

fn entra(authority: &str, tid: &str) -> Provider {
    let mut claims = claims();
    claims["iss"] = format!("https://login.microsoftonline.com/{tid}/v2.0").into();
    claims["tid"] = tid.into();
    Provider {
        builder: ApplicationBuilder::new("client").authority(authority),
        claims,
        uid: OID.to_owned(),
        utid: tid.to_owned(),
    }
}

fn with_metadata(builder: ApplicationBuilder, base: &str, issuer: &str) -> Provider {
    let metadata = json!({
        "issuer": issuer, "token_endpoint": format!("{base}/token"),
        "authorization_endpoint": format!("{base}/authorize"),
    });
    let mut claims = claims();
    claims["iss"] = issuer.into();
    Provider {
        builder: builder.authority_settings(settings(&metadata)),
        claims,
        uid: OID.to_owned(),
        utid: TENANT.to_owned(),
    }
}

fn b2c() -> Provider {
    let base = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in";
    let builder = ApplicationBuilder::new("client").authority(base);
    let issuer = format!("https://contoso.b2clogin.com/{TENANT}/v2.0");
    let mut provider = with_metadata(builder, base, &issuer);
    provider.uid = format!("{OID}-b2c_1_in");
    provider
}

fn ciam() -> Provider {
    let base = "https://contoso.ciamlogin.com";
    let builder = ApplicationBuilder::new("client").authority(base);
    let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    with_metadata(builder, base, &issuer)
}

fn adfs() -> Provider {
    let base = "https://adfs.contoso.example/adfs";
    let builder = ApplicationBuilder::new("client").authority(base);
    with_metadata(builder, base, base)
}

fn oidc() -> Provider {
    let base = "https://idp.example";
    let builder = ApplicationBuilder::new("client").oidc_authority(base);
    with_metadata(builder, base, base)
}

impl Provider {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    fn answer(&self) -> Answer {
        Answer::about("at", &self.claims).with("client_info", client_info(&self.uid, &self.utid))
    }

    /// Takes `answer`, on a store of its own.
    fn takes(&self, answer: &Answer) -> (Result<AuthenticationResult, Error>, Arc<ListStore>) {
        let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
        let app = public(self.builder.clone(), &store, &clock);
        let flow = app.acquire_token_by_refresh_token("rt".into(), [READ], CallOptions::default());
        (run(flow, &Script::new(&clock, [answer.reply()])), store)
    }

    fn is_refused(&self, answer: &Answer, kind: &ErrorKind, case: &str) {
        let (outcome, store) = self.takes(answer);
        let error = outcome.map(|_| panic!("taken: {case}")).unwrap_err();
        assert_eq!(error.kind(), kind, "{case}");
        assert!(!error.needs_interaction() && !error.is_retryable());
        assert!(store.is_empty(), "{case} left {store:?}");
        let shown = format!("{error} {error:?}");
        for personal in ["Alice", OID, "subject"] {
            assert!(!shown.contains(personal), "{shown}");
        }
    }

    fn is_taken(&self, case: &str) -> AuthenticationResult {
        let (outcome, store) = self.takes(&self.answer());
        let result = outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(store.access_tokens().len(), 1, "{case}");
        result
    }
}

fn everybody() -> Vec<(&'static str, Provider)> {
    vec![
        ("tenanted", entra(AUTHORITY, TENANT)),
        ("common", entra(COMMON, TENANT)),
        (
            "organizations",
            entra("https://login.microsoftonline.com/organizations", TENANT),
        ),
        (
            "consumers",
            entra("https://login.microsoftonline.com/consumers", PERSONAL),
        ),
        ("B2C", b2c()),
        ("CIAM", ciam()),
        ("AD FS", adfs()),
        ("OIDC", oidc()),
    ]
}

#[test]
fn a_right_token_is_taken_from_every_provider() {
    for (name, provider) in everybody() {
        let result = provider.is_taken(name);
        let account = result.account().unwrap();
        assert_eq!(
            account.home_account_id(),
            format!("{}.{}", provider.uid, provider.utid),
            "{name}"
        );
        assert_eq!(account.local_account_id(), OID, "{name}");
        assert_eq!(account.username(), "Alice@contoso.example", "{name}");
        assert_eq!(account.name().as_deref(), Some("Alice"), "{name}");
    }
}

#[test]
fn tokens_that_are_wrong_for_everybody_are_refused_by_everybody() {
    let wrong = ErrorKind::InvalidResponse("id token");
    let mutations: [Mutation; 17] = [
        ("no aud", |it| it.without("aud")),
        ("empty aud", |it| it.with("aud", "")),
        ("other aud", |it| it.with("aud", "other")),
        ("aud in another case", |it| it.with("aud", "Client")),
        ("several aud", |it| {
            it.with("aud", json!(["client", "other"]))
        }),
        ("aud of no text", |it| it.with("aud", 1)),
        ("no sub", |it| it.without("sub")),
        ("empty sub", |it| it.with("sub", "")),
        ("sub of no text", |it| it.with("sub", 1)),
        ("no iss", |it| it.without("iss")),
        ("empty iss", |it| it.with("iss", "")),
        ("other iss", |it| it.with("iss", "https://evil.example")),
        ("iss of no text", |it| it.with("iss", json!({}))),
        ("iss with more", |it| {
            let iss = format!("{}/x", it.claims["iss"].as_str().unwrap());
            it.with("iss", iss)
        }),
        ("iss in the clear", |it| {
            let iss = it.claims["iss"].as_str().unwrap().replace("https", "http");
            it.with("iss", iss)
        }),
        ("empty oid", |it| it.with("oid", "")),
        ("oid of no text", |it| it.with("oid", 1)),
    ];
    for (name, provider) in everybody() {
        for (case, mutate) in &mutations {
            let mutated = mutate(provider.clone());
            mutated.is_refused(&mutated.answer(), &wrong, &format!("{name}: {case}"));
        }
        for (case, token) in [
            ("nonsense", "nonsense".to_owned()),
            ("two parts", "e30.e30".to_owned()),
            ("encrypted", "e30.e30.e30.e30.e30".to_owned()),
            ("no JSON", "e30.aGk.x".to_owned()),
            ("aud twice", {
                let claims = provider.claims.to_string();
                let twice = claims.replacen('{', r#"{"aud":"other","#, 1);
                format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(twice))
            }),
        ] {
            let answer = provider.answer().with("id_token", token);
            provider.is_refused(&answer, &wrong, &format!("{name}: {case}"));
        }
    }
}

#[test]
fn tokens_that_are_wrong_for_one_provider_are_refused_by_it() {
    let wrong = ErrorKind::InvalidResponse("id token");
    let iss = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let tenanted = || entra(AUTHORITY, TENANT);
    let organizations = |tid| entra("https://login.microsoftonline.com/organizations", tid);
    let consumers = |tid| entra("https://login.microsoftonline.com/consumers", tid);
    let cases = [
        ("no tid", tenanted().without("tid")),
        ("empty tid", tenanted().with("tid", "")),
        ("tid that is a name", tenanted().with("tid", "contoso.com")),
        ("tid of no text", tenanted().with("tid", 1)),
        ("tid of another tenant", tenanted().with("tid", AWAY)),
        ("iss of another tenant", tenanted().with("iss", iss(AWAY))),
        ("both of another tenant", entra(AUTHORITY, AWAY)),
        (
            "iss of the first version",
            tenanted().with("iss", format!("https://sts.windows.net/{TENANT}/")),
        ),
        (
            "iss of another cloud",
            tenanted().with(
                "iss",
                format!("https://login.microsoftonline.us/{TENANT}/v2.0"),
            ),
        ),
        ("iss of the word", tenanted().with("iss", iss("common"))),
        (
            "common: iss of the template",
            entra(COMMON, TENANT).with("iss", iss("{tenantid}")),
        ),
        (
            "common: iss and tid differ",
            entra(COMMON, TENANT).with("iss", iss(AWAY)),
        ),
        ("common: no tid", entra(COMMON, TENANT).without("tid")),
        ("organizations: personal", organizations(PERSONAL)),
        ("consumers: work", consumers(TENANT)),
        (
            "consumers: iss of work",
            consumers(PERSONAL).with("iss", iss(TENANT)),
        ),
        (
            "B2C: another tenant's iss",
            b2c().with("iss", format!("https://contoso.b2clogin.com/{AWAY}/v2.0")),
        ),
        ("B2C: another host's iss", b2c().with("iss", iss(TENANT))),
        ("B2C: tid that is a name", b2c().with("tid", "contoso")),
        ("CIAM: no tid", ciam().without("tid")),
        (
            "CIAM: another's host",
            ciam().with("iss", format!("https://{AWAY}.ciamlogin.com/{TENANT}/v2.0")),
        ),
        (
            "AD FS: services' iss",
            adfs().with("iss", "https://adfs.contoso.example/adfs/services/trust"),
        ),
        (
            "OIDC: iss in another case",
            oidc().with("iss", "https://IDP.example"),
        ),
    ];
    for (case, provider) in cases {
        provider.is_refused(&provider.answer(), &wrong, case);
    }
}

#[test]
fn an_object_id_and_a_client_info_must_be_the_same_user_at_home() {
    let wrong = ErrorKind::InvalidResponse("id token");
    let uid = |mut provider: Provider, uid: &str| {
        provider.uid = uid.to_owned();
        provider
    };
    let other = "e5e5e5e5-0000-4000-8000-000000000005";
    for (case, provider) in [
        ("tenanted", uid(entra(AUTHORITY, TENANT), other)),
        (
            "longer",
            uid(entra(AUTHORITY, TENANT), &format!("{OID}-b2c_1_in")),
        ),
        ("CIAM", uid(ciam(), other)),
        ("B2C: another", uid(b2c(), &format!("{other}-b2c_1_in"))),
        ("B2C: no policy", uid(b2c(), OID)),
        ("B2C: no hyphen", uid(b2c(), &format!("{OID}b2c_1_in"))),
    ] {
        provider.is_refused(&provider.answer(), &wrong, case);
    }
    uid(entra(AUTHORITY, TENANT), &OID.to_uppercase()).is_taken("another case");
    let mut shouted = entra(AUTHORITY, TENANT);
    shouted.utid = TENANT.to_uppercase();
    shouted.is_taken("a tenant in another case");
}

#[test]
fn a_guest_is_another_object_by_right() {
    let mut guest = entra(AUTHORITY, TENANT).with("oid", "f6f6f6f6-0000-4000-8000-000000000006");
    guest.utid = AWAY.to_owned();
    let result = guest.is_taken("a guest");
    let account = result.account().unwrap();
    assert_eq!(account.home_account_id(), format!("{OID}.{AWAY}"));
    assert_eq!(account.tenant_id(), TENANT);
    assert_eq!(
        account.local_account_id(),
        "f6f6f6f6-0000-4000-8000-000000000006"
    );
    assert_eq!(account.home_tenant_id(), Some(AWAY));
}

#[test]
fn a_client_info_that_tells_nothing_is_as_good_as_none_and_nonsense_is_refused() {
    let provider = entra(AUTHORITY, TENANT);
    let kind = ErrorKind::InvalidResponse("client info");
    for nonsense in ["!", "e", "W10", "aGk", "eyJ1aWQiOjF9"] {
        let answer = provider.answer().with("client_info", nonsense);
        provider.is_refused(&answer, &kind, nonsense);
    }
    for nothing in ["", "e30", "eyJ1aWQiOiIifQ"] {
        let answer = provider.answer().with("client_info", nothing);
        let (outcome, store) = provider.takes(&answer);
        let result = outcome.unwrap();
        assert_eq!(result.account().unwrap().home_account_id(), "subject");
        assert_eq!(store.access_tokens().len(), 1);
    }
}

#[test]
fn an_answer_about_nobody_is_handed_over_and_not_kept() {
    let provider = oidc();
    let answer = provider.answer().without("client_info").without("id_token");
    let (outcome, store) = provider.takes(&answer);
    let result = outcome.unwrap();
    assert_eq!(result.access_token().expose(), "at");
    assert!(result.account().is_none() && result.id_token_claims().is_none());
    assert!(store.access_tokens().is_empty());
    assert!(refresh_tokens(&store, msal_core::store::UserFilter::All).is_empty());
}

#[test]
fn times_that_are_off_are_no_reason_to_refuse() {
    for (name, time) in [
        ("exp", START - 86_400),
        ("nbf", START + 86_400),
        ("iat", START + 86_400),
    ] {
        let result = entra(AUTHORITY, TENANT).with(name, time).is_taken(name);
        let claims = result.id_token_claims().unwrap();
        let now = msal_core::Timestamp::from_secs(START);
        assert!(claims.is_out_of_time(now), "{name}");
    }
    for absurd in [
        json!(-1),
        json!("x"),
        json!(u64::MAX),
        json!(1e300),
        json!([]),
    ] {
        for name in ["exp", "nbf", "iat", "auth_time"] {
            let provider = entra(AUTHORITY, TENANT).with(name, absurd.clone());
            provider.is_taken(&format!("{name} {absurd}"));
        }
    }
    let right = entra(AUTHORITY, TENANT).is_taken("right");
    assert!(
        !right
            .id_token_claims()
            .unwrap()
            .is_out_of_time(msal_core::Timestamp::from_secs(START + 300))
    );
}

#[test]
fn a_nonce_must_come_back_as_it_was_sent() {
    let site = site();
    let flow = || site.begin(AuthCodeOptions::default());
    let other = parameter(&flow(), "nonce").unwrap();
    for (case, nonce) in [
        ("missing", Value::Null),
        ("empty", json!("")),
        ("another's", json!(other)),
        ("of no text", json!(1)),
        ("cut", json!("CUT")),
        ("hashed", json!("HASHED")),
    ] {
        let flow = flow();
        let sent = parameter(&flow, "nonce").unwrap();
        let mut claims = claims();
        claims["nonce"] = match nonce.as_str() {
            Some("CUT") => sent[..42].into(),
            Some("HASHED") => BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&sent)).into(),
            _ => nonce,
        };
        let response = format!("code=c&state={}", state(&flow));
        let (outcome, _) = site.end(flow, &response, Answer::about("at", &claims).reply());
        let error = outcome.map(|_| panic!("taken: {case}")).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidResponse("id token"),
            "{case}"
        );
        assert!(site.store.is_empty(), "{case}");
    }
    // Where no id token comes back there is no nonce either.
    let flow = flow();
    let response = format!("code=c&state={}", state(&flow));
    let answer = Answer::new("at").without("id_token");
    site.end(flow, &response, answer.reply()).0.unwrap();
}

#[test]
fn a_user_must_have_signed_in_as_lately_as_was_asked_for() {
    let minute = Duration::from_secs(60);
    for (case, auth_time, is_taken) in [
        ("now", json!(START), true),
        ("a text", json!(START.to_string()), true),
        (
            "just so, with two minutes of skew",
            json!(START - 180),
            true,
        ),
        ("too long ago", json!(START - 181), false),
        ("missing", Value::Null, false),
        ("of no time", json!("yesterday"), false),
        ("in the future", json!(START + 60), true),
    ] {
        let site = site();
        let flow = site.begin(sign_in_options(|options| options.max_age = Some(minute)));
        let mut claims = claims();
        claims["nonce"] = parameter(&flow, "nonce").unwrap().into();
        claims["auth_time"] = auth_time;
        let response = format!("code=c&state={}", state(&flow));
        let (outcome, _) = site.end(flow, &response, Answer::about("at", &claims).reply());
        assert_eq!(outcome.is_ok(), is_taken, "{case}: {outcome:?}");
        assert_eq!(site.store.is_empty(), !is_taken, "{case}");
    }
    let site = site();
    let flow = site.begin(sign_in_options(|options| options.max_age = Some(minute)));
    let response = format!("code=c&state={}", state(&flow));
    let silent = Answer::new("at").without("id_token");
    site.end(flow, &response, silent.reply()).0.unwrap_err();
    assert!(site.store.is_empty(), "who tells nothing has not told when");
}
