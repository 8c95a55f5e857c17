//! Credentials that somebody else issues, asked for within the flow that needs them (cases 89 to 94).

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msal_core::app::ManagedIdentityBuilder;
use msal_core::credential::ClientCredential;
use msal_core::credential::federated::{
    AzurePipelines, FederatedCredential, GitHubActions, ManagedIdentityAssertion, TokenFile,
    TokenFiles, WorkloadIdentityBuilder,
};
use msal_core::managed_identity::{Machine, ManagedIdentityId};
use msal_core::{
    ConfidentialClientApplication, Env, Error, ErrorKind, ManagedIdentityApplication, run,
    run_async,
};
use zeroize::Zeroizing;

use crate::script::*;

#[test]
fn a_workload_sends_what_its_file_holds_now() {
    let clock = ManualClock::new();
    let files = Files::default();
    files.write(PATH, " first.of.all\r\n");
    let workload = WorkloadIdentityBuilder::read(
        |name| match name {
            "AZURE_CLIENT_ID" => Some("workload".to_owned()),
            "AZURE_FEDERATED_TOKEN_FILE" => Some(PATH.to_owned()),
            "AZURE_TENANT_ID" => Some(TENANT.to_owned()),
            _ => None,
        },
        Arc::new(files.clone()),
    );
    let workload = workload.build().unwrap();
    let builder = msal_core::app::ApplicationBuilder::new(workload.client_id())
        .parsed_authority(workload.authority().clone())
        .credential(workload.credential());
    let app = built(builder, &clock);
    let script = Script::new(&clock, [token("one"), token("two")]);

    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    files.write(PATH, "second.of.all");
    clock.advance(minutes(50));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    clock.advance(minutes(60));
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();

    assert_eq!(
        script.log(),
        ["call token file", POST, "call token file", POST]
    );
    let pairs = |assertion| {
        [
            ("client_id", "workload"),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion),
        ]
        .map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()))
    };
    assert_eq!(
        script.forms(),
        [pairs("first.of.all"), pairs("second.of.all")]
    );
}

#[test]
fn a_file_that_is_missing_or_holds_no_token_is_named_before_anything_is_sent() {
    for content in [None, Some(""), Some(" \n"), Some("a\nb"), Some("é")] {
        let clock = ManualClock::new();
        let files = Files::default();
        if let Some(content) = content {
            files.write(PATH, content);
        }
        let app = app_of(TokenFile::new(PATH, Arc::new(files)), &clock);
        let script = Script::new(&clock, []);
        let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Credential, "{content:?}");
        assert!(error.to_string().contains(PATH), "{error}");
        assert_eq!(script.log(), ["call token file"], "{content:?}");
    }
}

#[test]
fn github_actions_is_asked_for_each_request_by_both_drivers() {
    let replies = || [reply(200, r#"{"value":"a.b.c"}"#), token("one")];
    let get = "GET https://run.actions.test/t?v=2&audience=api%3A%2F%2FAzureADTokenExchange";
    for is_async in [false, true] {
        let clock = ManualClock::new();
        let app = app_of(github(), &clock);
        let script = Script::new(&clock, replies());
        let flow = app.acquire_token_for_client([SCOPE], None);
        match is_async {
            true => block_on(run_async(flow, &script)).unwrap(),
            false => run(flow, &script).unwrap(),
        };
        assert_eq!(script.log(), [get, POST]);
        assert_eq!(assertion(&script, 1), "a.b.c");
        assert_eq!(
            script.request(0).headers()["authorization"],
            "bearer canary"
        );
    }
}

#[test]
fn a_request_that_is_sent_again_has_another_assertion() {
    let clock = ManualClock::new();
    let app = app_of(github(), &clock);
    let value = |text: &str| reply(200, &format!(r#"{{"value":"{text}"}}"#));
    let replies = [value("a.b.c"), reply(503, ""), value("d.e.f"), token("one")];
    let script = Script::new(&clock, replies);
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    assert_eq!(script.log().len(), 5);
    assert_eq!(assertion(&script, 1), "a.b.c");
    assert_eq!(assertion(&script, 3), "d.e.f");
}

#[test]
fn azure_pipelines_gives_a_token_for_a_service_connection() {
    let clock = ManualClock::new();
    let app = app_of(pipelines(), &clock);
    let script = Script::new(
        &clock,
        [reply(200, r#"{"oidcToken":"a.b.c"}"#), token("one")],
    );
    run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    let ask = "POST https://dev.azure.test/oidc?api-version=7.1&serviceConnectionId=connection";
    assert_eq!(script.log(), [ask, POST]);
    assert_eq!(assertion(&script, 1), "a.b.c");
}

#[test]
fn what_azure_pipelines_refuses_with_is_quoted_and_the_token_endpoint_not_asked() {
    let mut refused = reply(403, r#"{"message":"TF400813: not authorized"}"#).unwrap();
    let headers = refused.headers_mut();
    headers.insert("x-vss-e2eid", "e2e-7".parse().unwrap());
    let without = reply(200, r#"{"other":"a.b.c"}"#).unwrap();
    for (answer, told) in [(refused, "x-vss-e2eid: e2e-7"), (without, "oidcToken")] {
        let clock = ManualClock::new();
        let app = app_of(pipelines(), &clock);
        let script = Script::new(&clock, [Ok(answer)]);
        let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Credential);
        let text = error.to_string();
        assert!(
            text.contains(told) && text.contains("Azure Pipelines"),
            "{text}"
        );
        assert!(!format!("{error:?} {error}").contains("canary"));
        assert_eq!(script.log().len(), 1);
        assert!(error.server().is_none() && !error.is_retryable());
    }
}

#[test]
fn an_issuer_that_is_unwell_is_asked_once_more_and_may_be_well_later() {
    let clock = ManualClock::new();
    let app = app_of(github(), &clock);
    let script = Script::new(&clock, [reply(503, ""), reply(503, "")]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(script.log().len(), 3);
    assert!(error.is_retryable(), "{error}");

    let script = Script::new(&clock, [reply_after(429, "7", "")]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(error.kind(), &ErrorKind::Throttled);

    let script = Script::new(&clock, [refused(), refused()]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Transport);
    assert!(error.to_string().contains("GitHub Actions"), "{error}");
}

#[test]
fn an_issuer_that_sends_elsewhere_is_not_followed() {
    let clock = ManualClock::new();
    let mut elsewhere = reply(302, "").unwrap();
    let headers = elsewhere.headers_mut();
    headers.insert("location", "https://evil.test/".parse().unwrap());
    let script = Script::new(&clock, [Ok(elsewhere)]);
    let app = app_of(github(), &clock);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    assert_eq!(script.log().len(), 1);
}

#[test]
fn a_managed_identity_is_asked_once_while_its_token_lives() {
    let clock = ManualClock::new();
    let identity = identity(&clock);
    let app = app_of(ManagedIdentityAssertion::new(identity.clone()), &clock);
    let of_machine = reply(200, r#"{"access_token":"m.m.m","expires_in":"86400"}"#);
    let script = Script::new(&clock, [of_machine, token("one"), token("two")]);

    let first = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap();
    run(
        app.acquire_token_for_client(["api://b/.default"], None),
        &script,
    )
    .unwrap();
    let own = run(
        identity.acquire_token("api://AzureADTokenExchange", None),
        &script,
    )
    .unwrap();

    let ask = "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2FAzureADTokenExchange";
    let log = script.log();
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[0].starts_with(ask), "{log:?}");
    assert_eq!(log[1..], [POST, POST]);
    assert_eq!(
        (assertion(&script, 1), assertion(&script, 2)),
        ("m.m.m".into(), "m.m.m".into())
    );
    assert_eq!(own.access_token().expose(), "m.m.m");
    assert_eq!(first.access_token().expose(), "one");
}

#[test]
fn a_refusal_of_the_machine_is_the_credentials_own_failure() {
    let clock = ManualClock::new();
    let app = app_of(ManagedIdentityAssertion::new(identity(&clock)), &clock);
    let refusal = r#"{"error":"invalid_grant","error_description":"Identity not found","error_codes":[50173]}"#;
    let script = Script::new(&clock, [reply(400, refusal)]);
    let error = run(app.acquire_token_for_client([SCOPE], None), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    assert!(error.server().is_none() && !error.needs_interaction());
    assert!(error.to_string().contains("Identity not found"), "{error}");
    let source: &Error = std::error::Error::source(&error)
        .unwrap()
        .downcast_ref()
        .unwrap();
    assert_eq!(source.code(), Some("invalid_grant"));
}

const POST: &str =
    "POST https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001/oauth2/v2.0/token";
const TENANT: &str = "a1a1a1a1-0000-4000-8000-000000000001";
const PATH: &str = "/run/identity/token";

/// Files in memory.
#[derive(Clone, Debug, Default)]
struct Files(Arc<Mutex<BTreeMap<String, String>>>);

impl Files {
    fn write(&self, path: &str, content: &str) {
        self.0
            .lock()
            .unwrap()
            .insert(path.to_owned(), content.to_owned());
    }
}

impl TokenFiles for Files {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        assert_eq!(limit, 256 * 1024);
        let files = self.0.lock().unwrap();
        let content = files.get(path.to_str().unwrap());
        let content = content.ok_or(io::ErrorKind::NotFound)?;
        Ok(Zeroizing::new(content.clone().into_bytes()))
    }
}

fn app_of(
    issuer: impl Into<FederatedCredential>,
    clock: &ManualClock,
) -> ConfidentialClientApplication {
    let credential = ClientCredential::from_federated(issuer);
    built(builder().credential(credential), clock)
}

fn github() -> GitHubActions {
    let run = GitHubActions::read(|name| match name {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some("canary".to_owned()),
        "ACTIONS_ID_TOKEN_REQUEST_URL" => Some("https://run.actions.test/t?v=2".to_owned()),
        _ => None,
    });
    run.unwrap()
}

fn pipelines() -> AzurePipelines {
    let uri = |name: &str| {
        (name == "SYSTEM_OIDCREQUESTURI").then(|| "https://dev.azure.test/oidc".to_owned())
    };
    AzurePipelines::read("connection", "canary", uri).unwrap()
}

fn identity(clock: &ManualClock) -> ManagedIdentityApplication {
    let env = Env::new(clock.clone(), Counting);
    let builder = ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned);
    builder
        .build(Machine::default(), Arc::<ListStore>::default(), env)
        .unwrap()
}

fn assertion(script: &Script, index: usize) -> String {
    let form = script.forms().swap_remove(index);
    let found = form
        .into_iter()
        .find(|(name, _)| name == "client_assertion");
    found.unwrap().1
}
