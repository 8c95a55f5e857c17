//! A sign-in on another device: the code, the asking, and all the ways in which it ends.

use std::sync::Arc;
use std::time::Duration;

use msal_core::app::{ApplicationBuilder, CallOptions, DeviceCodeFlow};
use msal_core::{ErrorKind, PublicClientApplication, Timestamp, TransportError, run};
use serde_json::{Value, json};

use crate::script::*;
use crate::site::*;
use crate::users::*;

const DEVICE_URL: &str =
    "https://login.microsoftonline.com/a1a1a1a1-0000-4000-8000-000000000001/oauth2/v2.0/devicecode";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn code() -> Value {
    json!({
        "device_code": "sesame", "user_code": "ABCD-1234", "expires_in": 900, "interval": 5,
        "verification_uri": "https://microsoft.com/devicelogin", "message": "Go to \u{1b}]0;x\u{7}\u{202e}there",
    })
}

fn pending() -> Reply {
    oauth_error(400, "authorization_pending")
}

/// A device, and the store that it keeps its tokens in.
struct Device {
    clock: ManualClock,
    store: Arc<ListStore>,
    app: PublicClientApplication,
}

fn device() -> Device {
    let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
    let app = public(public_builder(), &store, &clock);
    Device { clock, store, app }
}

impl Device {
    fn begin(&self, code: &Value) -> DeviceCodeFlow {
        let flow = self
            .app
            .initiate_device_code_flow([READ], CallOptions::default());
        run(
            flow,
            &Script::new(&self.clock, [reply(200, &code.to_string())]),
        )
        .unwrap()
    }

    /// Asks until it ends: how it ended, and the seconds since it began at which it asked.
    fn polls(
        &self,
        code: &Value,
        replies: impl IntoIterator<Item = Reply>,
    ) -> (
        Result<msal_core::AuthenticationResult, msal_core::Error>,
        Vec<u64>,
    ) {
        let flow = self.begin(code);
        let begun = msal_core::Clock::uptime(&self.clock);
        let script = Script::new(&self.clock, replies);
        let poll = self
            .app
            .acquire_token_by_device_code(flow, CallOptions::default());
        let mut asked = Vec::new();
        let mut step = poll.start();
        let outcome = loop {
            step = match step {
                msal_core::Step::Send(request, flow) => {
                    asked.push((msal_core::Clock::uptime(&self.clock) - begun).as_secs());
                    flow.resume(msal_core::Host::send(&script, request))
                }
                msal_core::Step::Wait(delay, flow) => {
                    self.clock.advance(delay);
                    flow.resume(())
                }
                msal_core::Step::Done(outcome) => break outcome,
                msal_core::Step::Ask(_) => panic!("it needs nothing else"),
            };
        };
        (outcome, asked)
    }
}

#[test]
fn a_user_types_the_code_and_is_signed_in() {
    for driver in Driver::BOTH {
        let device = device();
        let begin = device
            .app
            .initiate_device_code_flow([READ], CallOptions::default());
        let script = Script::new(
            &device.clock,
            [
                reply(200, &code().to_string()),
                pending(),
                Answer::new("at").reply(),
            ],
        );
        let flow = driver.run(begin, &script).unwrap();
        assert_eq!(flow.user_code(), "ABCD-1234");
        assert_eq!(flow.expires_on(), Timestamp::from_secs(START + 900));
        let poll = device
            .app
            .acquire_token_by_device_code(flow, CallOptions::default());
        let result = driver.run(poll, &script).unwrap();
        assert_eq!(
            result.account().unwrap().username(),
            "Alice@contoso.example"
        );
        let (ask, poll) = (format!("POST {DEVICE_URL}"), format!("POST {TOKEN_URL}"));
        assert_eq!(script.log(), [&ask, "wait", &poll, "wait", &poll]);
        let scope = "User.Read offline_access openid profile";
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(own).collect()
        };
        assert_eq!(
            script.forms()[0],
            pairs(&[("client_id", "client"), ("scope", scope)])
        );
        assert_eq!(
            script.forms()[1],
            pairs(&[
                ("client_id", "client"),
                ("grant_type", grant),
                ("scope", scope),
                ("client_info", "1"),
                ("device_code", "sesame"),
            ])
        );
        let id = |at: usize| script.request(at).headers()["client-request-id"].clone();
        assert_eq!(id(0), id(1), "one sign-in, one id");
        assert_eq!(accounts(&device.app).len(), 1);
    }
}

#[test]
fn it_asks_as_often_as_it_was_told_and_less_when_that_is_too_often() {
    let device = device();
    let slower = || oauth_error(400, "slow_down");
    let (outcome, asked) = device.polls(
        &code(),
        [
            pending(),
            slower(),
            pending(),
            slower(),
            pending(),
            Answer::new("at").reply(),
        ],
    );
    outcome.unwrap();
    assert_eq!(asked, [5, 10, 20, 30, 45, 60]);
    for (interval, first) in [
        (json!(7), 7),
        (json!("9"), 9),
        (Value::Null, 5),
        (json!(0), 1),
        (json!(u64::MAX), 60),
    ] {
        let mut code = code();
        code["interval"] = interval;
        let (_, asked) = device.polls(&code, [Answer::new("at").reply()]);
        assert_eq!(asked, [first]);
    }
}

#[test]
fn failures_that_may_be_over_soon_make_it_ask_less_often_until_there_is_an_answer() {
    let failures: [Failure; 5] = [
        ("503", || reply(503, "")),
        ("429", || reply(429, "")),
        ("unreachable", refused),
        ("cut", || Err(TransportError::interrupted("cut"))),
        ("late", || Err(TransportError::timeout())),
    ];
    for (name, failure) in failures {
        let (outcome, asked) = device().polls(
            &code(),
            [
                failure(),
                failure(),
                pending(),
                pending(),
                Answer::new("at").reply(),
            ],
        );
        outcome.unwrap();
        assert_eq!(asked, [5, 15, 35, 40, 45], "{name}");
    }
    let many = std::iter::repeat_with(refused).take(6);
    let (outcome, asked) = device().polls(&code(), many.chain([Answer::new("at").reply()]));
    outcome.unwrap();
    assert_eq!(
        asked,
        [5, 15, 35, 75, 135, 195, 255],
        "no more than a minute"
    );
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept_once() {
    let (outcome, asked) = device().polls(
        &code(),
        [
            reply_after(503, "120", ""),
            pending(),
            Answer::new("at").reply(),
        ],
    );
    outcome.unwrap();
    assert_eq!(asked, [5, 125, 130]);
}

#[test]
fn a_pending_answer_with_the_status_of_a_success_is_pending() {
    let pending = || reply(200, r#"{"error":"authorization_pending"}"#);
    let declined = || reply(200, r#"{"error":"access_denied"}"#);
    let (outcome, asked) = device().polls(&code(), [pending(), Answer::new("at").reply()]);
    outcome.unwrap();
    assert_eq!(asked, [5, 10]);
    let (outcome, _) = device().polls(&code(), [declined()]);
    assert_eq!(outcome.unwrap_err().code(), Some("access_denied"));
}

#[test]
fn it_ends_when_the_user_declines_or_the_code_is_over() {
    for (code_of_error, says) in [
        ("authorization_declined", "declined"),
        ("access_denied", "declined"),
        ("expired_token", "in time"),
        ("bad_verification_code", ""),
        ("invalid_grant", ""),
        ("invalid_client", ""),
    ] {
        let device = device();
        let (outcome, asked) = device.polls(&code(), [pending(), oauth_error(400, code_of_error)]);
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), Some(code_of_error));
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(asked, [5, 10]);
        assert!(device.store.is_empty());
    }
}

#[test]
fn a_code_that_nobody_typed_is_over_in_time_and_never_asked_for_early() {
    let mut short = code();
    short["expires_in"] = 12.into();
    let (outcome, asked) = device().polls(&short, std::iter::repeat_with(pending).take(9));
    assert_eq!(
        outcome.unwrap_err().kind(),
        &ErrorKind::Expired("device code")
    );
    assert_eq!(asked, [5, 10]);
    let unreachable = std::iter::repeat_with(refused).take(99);
    let (outcome, _) = device().polls(&short, unreachable);
    assert_eq!(
        outcome.unwrap_err().kind(),
        &ErrorKind::Expired("device code")
    );
}

#[test]
fn a_call_may_end_before_the_code_does() {
    let device = device();
    let flow = device.begin(&code());
    let script = Script::new(&device.clock, std::iter::repeat_with(pending).take(9));
    let options = call_options(|options| options.timeout = Some(secs(12)));
    let poll = device.app.acquire_token_by_device_code(flow, options);
    assert_eq!(run(poll, &script).unwrap_err().kind(), &ErrorKind::Timeout);
    assert_eq!(script.forms().len(), 2);
    assert_eq!(msal_core::Clock::uptime(&device.clock), secs(12));
}

#[test]
fn answers_that_nobody_could_use_are_refused() {
    let kind = ErrorKind::InvalidResponse("device authorization response");
    for (name, value) in [
        ("device_code", json!("")),
        ("device_code", Value::Null),
        ("user_code", json!("A\u{1b}]0;x")),
        ("user_code", json!("\u{1b}[2JABCD")),
        ("user_code", json!("\u{202e}ABCD")),
        ("user_code", json!("abc")),
        ("user_code", json!(12345678)),
        ("verification_uri", json!("http://microsoft.com")),
        ("verification_uri", json!("https://a@evil.example")),
        ("verification_uri", Value::Null),
    ] {
        let mut code = code();
        code[name] = value;
        let device = device();
        let begin = device
            .app
            .initiate_device_code_flow([READ], CallOptions::default());
        let script = Script::new(&device.clock, [reply(200, &code.to_string())]);
        let error = run(begin, &script).unwrap_err();
        assert_eq!(error.kind(), &kind, "{code}");
        assert!(!format!("{error} {error:?}").contains("sesame"));
    }
}

#[test]
fn a_refusal_of_the_code_is_told_whatever_its_status() {
    for status in [200, 400, 401] {
        let device = device();
        let begin = device
            .app
            .initiate_device_code_flow([READ], CallOptions::default());
        let script = Script::new(&device.clock, [oauth_error(status, "unauthorized_client")]);
        let error = run(begin, &script).unwrap_err();
        assert_eq!(error.code(), Some("unauthorized_client"));
        assert_eq!(error.aadsts_codes(), [7_000_215]);
    }
}

#[test]
fn what_is_shown_cannot_take_over_a_terminal() {
    let flow = device().begin(&code());
    assert_eq!(
        flow.prompt(),
        "To sign in, open https://microsoft.com/devicelogin in a browser on any device and enter the code ABCD-1234."
    );
    let message = flow.message().unwrap();
    assert!(message.starts_with("Go to") && message.ends_with("there"));
    assert!(
        !message.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{message:?}"
    );
    assert!(!format!("{flow:?}").contains("sesame"));
}

#[test]
fn a_flow_comes_back_from_json_whole_and_from_nothing_else() {
    let device = device();
    let json = device.begin(&code()).into_secret_json();
    device.clock.advance(secs(100));
    let flow = DeviceCodeFlow::from_secret_json(&json).unwrap();
    let script = Script::new(&device.clock, [pending(), Answer::new("at").reply()]);
    let poll = device
        .app
        .acquire_token_by_device_code(flow, CallOptions::default());
    run(poll, &script).unwrap();
    assert_eq!(script.log().len(), 4);

    let whole: Value = serde_json::from_str(&json).unwrap();
    for (name, value) in [
        ("version", json!(9)),
        ("user_code", json!("\u{1b}]0;owned\u{7}")),
        ("user_code", json!("")),
        ("verification_uri", json!("http://microsoft.com")),
        ("verification_uri", json!("javascript:alert(1)")),
        (
            "verification_uri",
            json!("https://microsoft.com@evil.example"),
        ),
        ("interval", json!(-1)),
        ("device_code", json!(1)),
    ] {
        let mut tampered = whole.clone();
        tampered[name] = value;
        let error = DeviceCodeFlow::from_secret_json(&tampered.to_string()).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("device code flow")
        );
    }
    let mut endless = whole.clone();
    endless["interval"] = json!(u64::MAX);
    endless["expires_on"] = json!(u64::MAX);
    let flow = DeviceCodeFlow::from_secret_json(&endless.to_string()).unwrap();
    let poll = device
        .app
        .acquire_token_by_device_code(flow, CallOptions::default());
    let error = run(poll, &Script::new(&device.clock, [])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Expired("device code"));

    let other = public(
        ApplicationBuilder::new("other").authority(AUTHORITY),
        &device.store,
        &device.clock,
    );
    let flow = DeviceCodeFlow::from_secret_json(&json).unwrap();
    let script = Script::new(&device.clock, []);
    let error = run(
        other.acquire_token_by_device_code(flow, CallOptions::default()),
        &script,
    )
    .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidArgument("flow"));
    assert_eq!(script.log(), [""; 0]);
}

#[test]
fn a_clock_that_jumps_makes_no_code_live_for_years() {
    let ten_years = 10 * 365 * 86_400;
    let device = device();
    let flow = device.begin(&code());
    device.clock.set_wall(START - ten_years);
    let pendings = std::iter::repeat_with(pending).take(10_000);
    let script = Script::new(&device.clock, pendings);
    let poll = device
        .app
        .acquire_token_by_device_code(flow, CallOptions::default());
    assert_eq!(
        run(poll, &script).unwrap_err().kind(),
        &ErrorKind::Expired("device code")
    );
    assert_eq!(script.forms().len(), 180);

    let flow = device.begin(&code());
    device.clock.set_wall(START + ten_years);
    let poll = device
        .app
        .acquire_token_by_device_code(flow, CallOptions::default());
    let error = run(poll, &Script::new(&device.clock, [])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Expired("device code"));
}

#[test]
fn an_authority_without_an_endpoint_for_it_says_so() {
    let metadata = json!({
        "issuer": "https://idp.example", "token_endpoint": "https://idp.example/token",
        "authorization_endpoint": "https://idp.example/authorize",
    });
    let builder = ApplicationBuilder::new("client").oidc_authority("https://idp.example");
    let (clock, store) = (ManualClock::new(), Arc::<ListStore>::default());
    let app = public(
        builder.authority_settings(settings(&metadata)),
        &store,
        &clock,
    );
    let begin = app.initiate_device_code_flow([READ], CallOptions::default());
    let error = run(begin, &Script::new(&clock, [])).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("sign-in by device code")
    );
}

#[test]
fn a_sign_in_dropped_at_any_await_can_be_gone_on_with() {
    let device = device();
    let json = device.begin(&code()).into_secret_json();
    let poll = || {
        let flow = DeviceCodeFlow::from_secret_json(&json).unwrap();
        device
            .app
            .acquire_token_by_device_code(flow, CallOptions::default())
    };
    let needs = at_every_await(
        || {
            (
                poll(),
                Script::new(&device.clock, [pending(), Answer::new("at").reply()]),
            )
        },
        |_| {
            let script = Script::new(&device.clock, [Answer::new("again").reply()]);
            run(poll(), &script).unwrap();
        },
    );
    assert_eq!(needs, 4);
}
