//! Tokens for the users of an API: kept by assertion or by process, and seen by nobody else.

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use msal_core::app::{ApplicationBuilder, OnBehalfOfOptions};
use msal_core::store::{TokenStore, UserFilter};
use msal_core::{
    AuthenticationResult, ConfidentialClientApplication, ErrorKind, Flow, TokenSource, run,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::script::*;
use crate::users::*;

/// An API with its cache.
pub(crate) struct Api {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<ListStore>,
    pub(crate) app: ConfidentialClientApplication,
}

impl Api {
    pub(crate) fn of(builder: ApplicationBuilder) -> Self {
        let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
        let app = confidential(builder, &store, &clock);
        Self { clock, store, app }
    }

    pub(crate) fn for_user(&self, assertion: &str) -> Flow<AuthenticationResult> {
        self.with(assertion, |_| {})
    }

    pub(crate) fn with(
        &self,
        assertion: &str,
        change: impl FnOnce(&mut OnBehalfOfOptions),
    ) -> Flow<AuthenticationResult> {
        self.app
            .acquire_token_on_behalf_of(assertion.into(), [READ], obo(change))
    }

    pub(crate) fn begin(&self, assertion: &str, key: &str) -> Flow<AuthenticationResult> {
        self.app
            .initiate_long_running_process(assertion.into(), key, [READ], obo(|_| {}))
    }

    pub(crate) fn go_on(&self, key: &str) -> Flow<AuthenticationResult> {
        self.app
            .acquire_token_in_long_running_process(key, [READ], obo(|_| {}))
    }

    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) -> Script {
        Script::new(&self.clock, replies)
    }

    /// Plays a flow that is to be answered like this; the access token it gives.
    pub(crate) fn answered(&self, flow: Flow<AuthenticationResult>, answer: &Answer) -> String {
        let script = self.script([answer.reply()]);
        let result = run(flow, &script).unwrap();
        assert_eq!(script.log().len(), 1, "it should ask");
        result.access_token().expose().to_owned()
    }

    /// Plays a flow that is to find its token in the cache.
    pub(crate) fn found(&self, flow: Flow<AuthenticationResult>) -> String {
        let result = run(flow, &self.script([])).unwrap();
        assert_eq!(result.token_source(), TokenSource::Cache);
        result.access_token().expose().to_owned()
    }

    pub(crate) fn fails(&self, flow: Flow<AuthenticationResult>) -> ErrorKind {
        let script = self.script([]);
        let error = run(flow, &script).unwrap_err();
        assert_eq!(script.log(), [""; 0]);
        error.kind().clone()
    }
}

pub(crate) fn api() -> Api {
    Api::of(public_builder())
}

pub(crate) fn obo(change: impl FnOnce(&mut OnBehalfOfOptions)) -> OnBehalfOfOptions {
    let mut options = OnBehalfOfOptions::default();
    change(&mut options);
    options
}

/// An answer about another user.
pub(crate) fn of_bob(name: &str) -> Answer {
    let oid = "e5e5e5e5-0000-4000-8000-000000000005";
    let mut claims = claims();
    claims["oid"] = oid.into();
    claims["sub"] = "bob".into();
    claims["preferred_username"] = "bob@contoso.example".into();
    Answer::about(name, &claims).with("client_info", client_info(oid, TENANT))
}

#[test]
fn the_request_is_that_of_the_grant() {
    for driver in Driver::BOTH {
        let api = api();
        let script = api.script([Answer::new("at").reply()]);
        let result = driver.run(api.for_user("assertion-1"), &script).unwrap();
        assert_eq!(script.log(), [format!("POST {TOKEN_URL}")]);
        let pairs = [
            ("client_id", "client"),
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("scope", "User.Read offline_access openid profile"),
            ("client_info", "1"),
            ("client_secret", "hush"),
            ("requested_token_use", "on_behalf_of"),
            ("assertion", "assertion-1"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(script.forms(), [pairs]);
        assert!(!script.request(0).headers().contains_key("x-anchormailbox"));
        assert_eq!(result.account().unwrap().home_account_id(), HOME);
        assert_eq!(result.id_token_claims().unwrap().name(), Some("Alice"));
        assert!(refresh_tokens(&api.store, UserFilter::All).is_empty());
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("assertion-1"));
        assert!(
            refresh_tokens(&api.store, UserFilter::Assertion(&hash)).is_empty(),
            "the assertion itself is at hand"
        );
        assert!(
            !api.store
                .users(CLOUD, UserFilter::Assertion(&hash))
                .is_empty()
        );
    }
}

#[test]
fn a_token_answers_the_assertion_that_obtained_it_and_no_other() {
    let api = api();
    assert_eq!(
        api.answered(api.for_user("one"), &Answer::new("of-one")),
        "of-one"
    );
    assert_eq!(
        api.answered(api.for_user("two"), &of_bob("of-two")),
        "of-two"
    );
    assert_eq!(api.found(api.for_user("one")), "of-one");
    assert_eq!(api.found(api.for_user("two")), "of-two");
    assert_eq!(
        api.answered(api.for_user("One"), &Answer::new("of-One")),
        "of-One"
    );
    let cached = run(api.for_user("two"), &api.script([])).unwrap();
    assert_eq!(cached.account().unwrap().username(), "bob@contoso.example");
    assert_eq!(cached.id_token_claims().unwrap().subject(), Some("bob"));
    api.clock.advance(minutes(61));
    assert_eq!(
        api.answered(api.for_user("one"), &Answer::new("anew")),
        "anew"
    );
}

#[test]
fn what_can_not_be_is_refused_unsent() {
    let api = api();
    assert_eq!(
        api.fails(api.for_user("")),
        ErrorKind::InvalidArgument("user assertion")
    );
    assert_eq!(
        api.fails(api.for_user(" ")),
        ErrorKind::InvalidArgument("user assertion")
    );
    let key = ErrorKind::InvalidArgument("key of a long-running process");
    assert_eq!(api.fails(api.begin("a", "")), key);
    assert_eq!(api.fails(api.go_on("")), key);
}

#[test]
fn tenants_claims_and_insistence_are_heard() {
    let api = api();
    api.answered(api.for_user("one"), &Answer::new("home"));
    let away = || api.with("one", |options| options.call.tenant = Some(AWAY.to_owned()));
    let script = api.script([Answer::about("away", &claims_away()).reply()]);
    run(away(), &script).unwrap();
    assert_eq!(script.log(), [format!("POST {AWAY_URL}")]);
    assert_eq!(api.found(away()), "away");
    assert_eq!(api.found(api.for_user("one")), "home");
    let forced = api.with("one", |options| options.force_refresh = true);
    assert_eq!(api.answered(forced, &Answer::new("forced")), "forced");
    let claims = api.with("one", |options| {
        options.call.claims = Some(r#"{"a":1}"#.to_owned())
    });
    assert_eq!(api.answered(claims, &Answer::new("claims")), "claims");
    assert_eq!(api.found(api.for_user("one")), "claims");
}

#[test]
fn an_authority_of_many_tenants_finds_its_tokens_again() {
    for word in ["common", "organizations"] {
        let authority = format!("https://login.microsoftonline.com/{word}");
        let api = Api::of(ApplicationBuilder::new("client").authority(&authority));
        api.answered(api.for_user("one"), &Answer::new("of-one"));
        assert_eq!(api.found(api.for_user("one")), "of-one");
        let result = run(api.for_user("one"), &api.script([])).unwrap();
        assert_eq!(result.tenant_id(), TENANT);
        api.answered(api.begin("two", "job"), &Answer::new("of-two"));
        assert_eq!(api.found(api.go_on("job")), "of-two");
        let service = Answer::new("app")
            .without("client_info")
            .without("id_token");
        api.answered(api.for_user("service"), &service);
        assert_eq!(api.found(api.for_user("service")), "app");
    }
}

#[test]
fn calls_in_silence_and_on_behalf_never_see_each_others_tokens() {
    let api = api();
    api.answered(api.for_user("one"), &Answer::new("obo"));
    api.answered(api.begin("two", "job"), &Answer::new("job"));
    let all = || {
        api.app
            .accounts(Default::default())
            .try_ready()
            .unwrap()
            .unwrap()
    };
    assert!(
        all().is_empty(),
        "whom an assertion speaks for has not signed in"
    );

    let flow = api
        .app
        .acquire_token_by_refresh_token("rt".into(), [READ], Default::default());
    let signed_in = run(
        flow,
        &api.script([Answer::new("own").with("expires_in", 0).reply()]),
    )
    .unwrap();
    let account = signed_in.account().unwrap().clone();
    let silent = || api.app.acquire_token_silent([READ], &account, None);
    let script = api.script([Answer::new("silent").reply()]);
    run(silent(), &script).unwrap();
    assert_eq!(
        sent(&script, 0, "refresh_token").as_deref(),
        Some("rt-own"),
        "not the job's"
    );
    assert_eq!(api.found(silent()), "silent");
    assert_eq!(api.found(api.for_user("one")), "obo");
    assert_eq!(api.found(api.go_on("job")), "job");
    assert_eq!(
        api.answered(api.for_user("three"), &Answer::new("three")),
        "three"
    );

    api.app
        .remove_account(&account)
        .try_ready()
        .unwrap()
        .unwrap();
    assert_eq!(
        api.found(api.for_user("one")),
        "obo",
        "an assertion is no sign-in"
    );
    assert_eq!(api.found(api.go_on("job")), "job");
    assert_eq!(api.fails(silent()), ErrorKind::InteractionRequired);
}

#[test]
fn a_challenge_surfaces_with_its_claims_to_be_passed_on() {
    let challenge = json!({
        "error": "interaction_required", "error_codes": [50076], "suberror": "basic_action",
        "claims": r#"{"access_token":{"acrs":{"essential":true}}}"#,
    });
    for driver in Driver::BOTH {
        let api = api();
        let script = api.script([refusal(&challenge)]);
        let error = driver.run(api.for_user("one"), &script).unwrap_err();
        assert!(error.needs_interaction());
        assert_eq!(
            error.claims(),
            Some(r#"{"access_token":{"acrs":{"essential":true}}}"#)
        );
        assert_eq!(error.aadsts_codes(), [50076]);
        assert!(api.store.is_empty());
        assert!(!format!("{error:?}").contains("essential"));
    }
}

#[test]
fn a_wrong_assertion_is_no_users_to_mend() {
    for number in [50_013, 500_131, 500_133] {
        let api = api();
        let body = json!({"error": "invalid_grant", "error_codes": [number]});
        let error = run(api.for_user("one"), &api.script([refusal(&body)])).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Server, "{number}");
    }
}

#[test]
fn an_answer_for_a_service_has_no_user_and_is_kept_all_the_same() {
    let api = api();
    let answer = Answer::new("app")
        .without("client_info")
        .without("id_token");
    let result = run(api.for_user("service"), &api.script([answer.reply()])).unwrap();
    assert!(result.account().is_none() && result.id_token_claims().is_none());
    assert_eq!(api.found(api.for_user("service")), "app");
    let cached = run(api.for_user("service"), &api.script([])).unwrap();
    assert!(cached.account().is_none());

    api.answered(api.begin("service", "job"), &answer);
    api.clock.advance(minutes(61));
    assert_eq!(
        api.answered(api.go_on("job"), &answer.with("access_token", "later")),
        "later"
    );
    assert_eq!(api.found(api.go_on("job")), "later");
}

#[test]
fn a_token_that_still_works_outranks_an_unwell_server() {
    let api = api();
    api.answered(api.for_user("one"), &Answer::new("first"));
    api.clock.advance(minutes(57));
    let result = run(
        api.for_user("one"),
        &api.script([reply(503, ""), reply(503, "")]),
    )
    .unwrap();
    assert_eq!(result.access_token().expose(), "first");
    assert!(result.refresh_error().unwrap().is_retryable());
}

#[test]
fn a_clock_ten_years_off_costs_a_request_and_no_more() {
    let ten_years = 10 * 365 * 86_400;
    for wall in [START - ten_years, START + ten_years] {
        let api = api();
        api.answered(api.for_user("one"), &Answer::new("first"));
        api.clock.set_wall(wall);
        api.answered(api.for_user("one"), &Answer::new("second"));
        assert_eq!(api.found(api.for_user("one")), "second");
    }
}

#[test]
fn a_call_dropped_at_any_await_can_be_made_again() {
    let api = api();
    let needs = at_every_await(
        || {
            let flow = api.with("one", |options| options.force_refresh = true);
            (flow, api.script([refused(), Answer::new("at").reply()]))
        },
        |_| {
            let again = api.with("one", |options| options.force_refresh = true);
            api.answered(again, &Answer::new("again"));
        },
    );
    assert_eq!(needs, 3);
    let begin = || {
        (
            api.begin("one", "job"),
            api.script([Answer::new("at").reply()]),
        )
    };
    let needs = at_every_await(begin, |_| {
        api.answered(api.begin("one", "job"), &Answer::new("again"));
        assert_eq!(api.found(api.go_on("job")), "again");
    });
    assert_eq!(needs, 1);
}
