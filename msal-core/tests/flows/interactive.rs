//! A sign-in in the user's own browser: what the program's part of it is told, and what it may do wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msal_core::app::{AuthCodeFlow, AuthCodeOptions, Interaction};
use msal_core::{Ask, AuthenticationResult, Error, ErrorKind, Flow, PublicClientApplication, Step};

use crate::script::*;
use crate::site::{parameter, sign_in_options, state};
use crate::users::*;

/// What a [`Browser`] does with the URL.
type Does = fn(&AuthCodeFlow) -> Result<String, Error>;

/// Somebody's browser, which writes down what it is asked.
struct Browser {
    does: Does,
    log: Mutex<Vec<String>>,
    nonce: Mutex<String>,
    cancelled: AtomicUsize,
    panics_at: &'static str,
}

impl Browser {
    fn new(does: Does) -> Arc<Self> {
        Self::panicking(does, "")
    }

    fn panicking(does: Does, panics_at: &'static str) -> Arc<Self> {
        Arc::new(Self {
            does,
            log: Mutex::default(),
            nonce: Mutex::default(),
            cancelled: AtomicUsize::new(0),
            panics_at,
        })
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) > 0
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser")
    }
}

impl Interaction for Browser {
    fn redirect_uri(&self) -> &str {
        assert_ne!(self.panics_at, "redirect_uri");
        "http://localhost:4242"
    }

    fn interact(&self, flow: &AuthCodeFlow, limit: Duration) -> Result<String, Error> {
        assert_ne!(self.panics_at, "interact");
        self.log
            .lock()
            .unwrap()
            .push(format!("{}s", limit.as_secs()));
        *self.nonce.lock().unwrap() = parameter(flow, "nonce").unwrap();
        (self.does)(flow)
    }

    fn cancel(&self) {
        self.cancelled.fetch_add(1, Ordering::SeqCst);
        assert_ne!(self.panics_at, "cancel");
    }
}

fn signs_in(flow: &AuthCodeFlow) -> Result<String, Error> {
    Ok(format!("code=sesame&state={}", state(flow)))
}

fn app(clock: &ManualClock) -> (PublicClientApplication, Arc<ListStore>) {
    let store = Arc::<ListStore>::default();
    (public(public_builder(), &store, clock), store)
}

fn begin(app: &PublicClientApplication, browser: &Arc<Browser>) -> Flow<AuthenticationResult> {
    app.acquire_token_interactive([READ], browser.clone(), AuthCodeOptions::default())
}

/// Plays the flow to its first request, if it comes so far: what is sent, and what it does with an answer.
fn play(
    flow: Flow<AuthenticationResult>,
    browser: &Browser,
    driver: Driver,
    clock: &ManualClock,
) -> (Result<AuthenticationResult, Error>, Script) {
    // The nonce is not known before the browser is open: the answer is made up in the middle.
    match driver {
        Driver::Async => {
            let script = Script::new(clock, []);
            (driver.run(flow, &script), script)
        }
        Driver::Blocking => {
            let script = Script::new(clock, []);
            let mut step = flow.start();
            loop {
                step = match step {
                    Step::Ask(Ask::Call(callback, limit, flow)) => {
                        flow.resume(msal_core::Host::call(&script, callback, limit))
                    }
                    Step::Send(request, flow) => {
                        let _over = msal_core::Host::send(&script, request);
                        let mut claims = claims();
                        claims["nonce"] = browser.nonce.lock().unwrap().clone().into();
                        flow.resume(Answer::about("at", &claims).reply())
                    }
                    Step::Done(outcome) => return (outcome, script),
                    _ => panic!("it needs nothing else"),
                };
            }
        }
    }
}

#[test]
fn a_user_signs_in_and_the_browser_is_told_how_long_it_may_take() {
    let clock = ManualClock::new();
    let (app, _) = app(&clock);
    let browser = Browser::new(signs_in);
    let (outcome, script) = play(begin(&app, &browser), &browser, Driver::Blocking, &clock);
    let result = outcome.unwrap();
    assert_eq!(
        result.account().unwrap().username(),
        "Alice@contoso.example"
    );
    assert_eq!(
        script.log(),
        ["call browser".to_owned(), format!("POST {TOKEN_URL}")]
    );
    assert_eq!(*browser.log.lock().unwrap(), ["300s"]);
    assert_eq!(
        sent(&script, 0, "redirect_uri").as_deref(),
        Some("http://localhost:4242")
    );
    assert_eq!(sent(&script, 0, "code").as_deref(), Some("sesame"));

    let options = sign_in_options(|options| options.call.timeout = Some(minutes(20)));
    let flow = app.acquire_token_interactive([READ], browser.clone(), options);
    play(flow, &browser, Driver::Blocking, &clock).0.unwrap();
    assert_eq!(*browser.log.lock().unwrap(), ["300s", "1200s"]);
}

#[test]
fn a_browser_that_fails_ends_the_sign_in_and_nothing_is_sent() {
    let cases: [(Does, ErrorKind); 7] = [
        (
            |_| Err(Error::new(ErrorKind::Cancelled)),
            ErrorKind::Cancelled,
        ),
        (|_| Err(Error::new(ErrorKind::Timeout)), ErrorKind::Timeout),
        (
            |_| Ok(String::new()),
            ErrorKind::InvalidResponse("authorization response"),
        ),
        (
            |_| Ok("code=c&state=forged".to_owned()),
            ErrorKind::InvalidResponse("authorization response"),
        ),
        (
            |_| Ok("error=access_denied".to_owned()),
            ErrorKind::InvalidResponse("authorization response"),
        ),
        (
            |flow| Ok(format!("error=access_denied&state={}", state(flow))),
            ErrorKind::Server,
        ),
        (
            |_| Ok("a=b&".repeat(100)),
            ErrorKind::InvalidResponse("authorization response"),
        ),
    ];
    for driver in Driver::BOTH {
        for (does, kind) in &cases {
            let clock = ManualClock::new();
            let (app, store) = app(&clock);
            let browser = Browser::new(*does);
            let (outcome, script) = play(begin(&app, &browser), &browser, driver, &clock);
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.correlation_id().is_some());
            assert_eq!(script.log(), ["call browser"]);
            assert!(browser.cancelled() && store.is_empty());
        }
    }
}

#[test]
fn a_browser_that_panics_is_an_error_and_later_calls_work() {
    for driver in Driver::BOTH {
        for panics_at in ["redirect_uri", "interact"] {
            let clock = ManualClock::new();
            let (app, _) = app(&clock);
            let browser = Browser::panicking(signs_in, panics_at);
            let (outcome, _) = play(begin(&app, &browser), &browser, driver, &clock);
            let error = outcome.unwrap_err();
            assert_eq!(
                error.kind(),
                &ErrorKind::CallbackPanicked("browser"),
                "{panics_at}"
            );
            let browser = Browser::new(signs_in);
            play(begin(&app, &browser), &browser, Driver::Blocking, &clock)
                .0
                .unwrap();
        }
    }
}

#[test]
fn a_browser_that_panics_when_it_is_cancelled_takes_nothing_with_it() {
    let clock = ManualClock::new();
    let (app, _) = app(&clock);
    let browser = Browser::panicking(signs_in, "cancel");
    play(begin(&app, &browser), &browser, Driver::Blocking, &clock)
        .0
        .unwrap();
    drop(begin(&app, &browser).start());
    assert!(browser.cancelled());
}

#[test]
fn a_sign_in_that_is_dropped_or_declined_cancels_the_browser() {
    let clock = ManualClock::new();
    let (app, _) = app(&clock);
    let browser = Browser::new(signs_in);
    let Step::Ask(Ask::Call(callback, limit, flow)) = begin(&app, &browser).start() else {
        panic!("it should call the browser");
    };
    assert_eq!(limit, minutes(5));
    assert!(!browser.cancelled());
    drop(flow);
    assert!(
        browser.cancelled(),
        "although the browser may still be open"
    );
    drop(callback);

    let browser = Browser::new(signs_in);
    let Step::Ask(ask) = begin(&app, &browser).start() else {
        panic!("it should call the browser");
    };
    let Step::Done(outcome) = ask.decline() else {
        panic!("it should be over");
    };
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Declined("browser"));
    assert!(browser.cancelled());

    let browser = Browser::new(signs_in);
    let Step::Ask(Ask::Call(callback, _, flow)) = begin(&app, &browser).start() else {
        panic!("it should call the browser");
    };
    drop(callback);
    let Step::Done(outcome) = flow.resume(Err(Error::new(ErrorKind::Timeout))) else {
        panic!("it should be over");
    };
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Timeout);
    assert!(browser.cancelled());
}

#[test]
fn a_limit_that_passes_in_front_of_the_browser_leaves_none_for_the_code() {
    let clock = ManualClock::new();
    let (app, store) = app(&clock);
    let browser = Browser::new(signs_in);
    let Step::Ask(Ask::Call(callback, _, flow)) = begin(&app, &browser).start() else {
        panic!("it should call the browser");
    };
    let outcome = callback.run();
    clock.advance(minutes(5));
    let Step::Done(outcome) = flow.resume(outcome) else {
        panic!("it should be over");
    };
    assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Timeout);
    assert!(store.is_empty());
}
