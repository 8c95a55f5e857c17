//! Cases 53 to 68: how often which service is asked again, and when.

use std::time::Duration;

use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::ManagedIdentityId;
use msal_core::{ErrorKind, Host, SendOptions, Step, TransportError, run};

use super::stage::*;
use crate::script::*;

/// Its number or name, the answers, the seconds waited, and the status that the call fails with; none where a token comes.
type Case = (&'static str, Vec<Reply>, &'static [f64], Option<u16>);

/// What happens when the service answers so: sendings, and the seconds waited in between.
fn played(variables: Variables<'_>, replies: Vec<Reply>) -> (Played, Vec<f64>) {
    let played = play(|| Stage::own(variables), replies);
    let mut waits = Vec::new();
    for line in played.log() {
        if let Some(wait) = line.strip_prefix("wait ") {
            waits.push(wait.trim_end_matches('s').parse().unwrap());
        }
    }
    assert_eq!(played.service.count(), waits.len() + 1);
    (played, waits)
}

fn forever(code: u16) -> Vec<Reply> {
    vec![status(code); 32]
}

fn after(code: u16, value: &str) -> Reply {
    reply_after(code, value, "{}")
}

fn timeout() -> Reply {
    Err(TransportError::timeout())
}

#[test]
fn the_metadata_service_is_given_the_time_that_it_needs() {
    // 53 to 58, 60
    let first = |codes: &[u16]| -> Vec<Reply> {
        codes
            .iter()
            .map(|code| status(*code))
            .chain([ok(3600)])
            .collect()
    };
    let cases: Vec<Case> = vec![
        ("53", first(&[404, 404]), &[1., 2.], None),
        ("54", forever(504), &[1., 2., 4.], Some(504)),
        ("55", first(&[410; 4]), &[10.; 4], None),
        ("56", forever(410), &[10.; 7], Some(410)),
        ("57", forever(400), &[], Some(400)),
        ("57", forever(401), &[], Some(401)),
        ("57", forever(403), &[], Some(403)),
        ("58", vec![after(429, "30"), ok(3600)], &[1.], None),
        (
            "60",
            vec![status(503), status(410), status(503), status(503)],
            &[1., 10., 4.],
            Some(503),
        ),
        (
            "410 first",
            [vec![status(410)], forever(504)].concat(),
            &[10., 2., 4., 4., 4., 4., 4.],
            Some(504),
        ),
        ("408", first(&[408]), &[1.], None),
        ("500", first(&[500]), &[1.], None),
        ("599", first(&[599]), &[1.], None),
        ("405", forever(405), &[], Some(405)),
    ];
    for (case, replies, expected, code) in cases {
        let (played, waits) = played(IMDS, replies);
        assert_eq!(waits, expected, "{case}");
        match code {
            Some(code) => assert_eq!(played.error().server().unwrap().status(), code, "{case}"),
            None => assert_eq!(played.token(), TOKEN, "{case}"),
        }
    }
}

#[test]
fn each_call_has_its_own_tries() {
    // 59
    let stage = Stage::own(IMDS);
    for _ in 0..2 {
        let service = stage.service(forever(504));
        let error = run(stage.acquire(), &service).unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(service.count(), 4);
    }
}

#[test]
fn other_services_are_asked_again_after_a_second_or_when_they_say() {
    // 61 to 65
    let date = httpdate(START + 3);
    let cases: Vec<Case> = vec![
        ("61", vec![status(500), ok(3600)], &[1.], None),
        ("62", vec![after(500, "3"), ok(3600)], &[3.], None),
        ("63", vec![after(500, &date), ok(3600)], &[3.], None),
        ("64", forever(500), &[1.; 3], Some(500)),
        ("65", forever(400), &[], Some(400)),
        ("65", forever(410), &[], Some(410)),
        ("65", forever(502), &[], Some(502)),
        ("404", vec![status(404), ok(3600)], &[1.], None),
        ("408", vec![status(408), ok(3600)], &[1.], None),
        ("429", vec![status(429), ok(3600)], &[1.], None),
        ("503", vec![status(503), ok(3600)], &[1.], None),
        ("504", vec![status(504), ok(3600)], &[1.], None),
        (
            "a fraction",
            vec![after(500, "2.5"), ok(3600)],
            &[2.5],
            None,
        ),
        ("nothing", vec![after(500, "0"), ok(3600)], &[1.], None),
        ("nonsense", vec![after(500, "soon"), ok(3600)], &[1.], None),
        ("negative", vec![after(500, "-7"), ok(3600)], &[1.], None),
        ("infinite", vec![after(500, "inf"), ok(3600)], &[1.], None),
        ("too long", vec![after(500, "61"), ok(3600)], &[60.], None),
        (
            "past",
            vec![after(500, &httpdate(START - 9)), ok(3600)],
            &[1.],
            None,
        ),
    ];
    for variables in [APP_SERVICE, CLOUD_SHELL, ML] {
        for (case, replies, expected, code) in &cases {
            let (played, waits) = played(variables, replies.clone());
            assert_eq!(waits, *expected, "{case}");
            match code {
                Some(code) => assert_eq!(played.error().server().unwrap().status(), *code),
                None => assert_eq!(played.token(), TOKEN, "{case}"),
            }
        }
    }
}

#[test]
fn service_fabric_means_it_when_it_finds_nothing() {
    // 52
    let (_, waits) = played(FABRIC, forever(404));
    assert_eq!(waits, [0.; 0]);
    let (_, waits) = played(FABRIC, forever(500));
    assert_eq!(waits, [1.; 3]);
}

#[test]
fn who_wants_no_tries_gets_none() {
    // 66
    for variables in [APP_SERVICE, CLOUD_SHELL, FABRIC, IMDS, ML] {
        for failure in [status(500), status(410), timeout(), refused()] {
            let builder = ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned);
            let builder = builder.retries(false);
            let make = || Stage::of(machine(variables), builder.clone());
            let played = play(make, vec![failure; 9]);
            assert_eq!(played.log(), ["send"]);
        }
    }
}

#[test]
fn a_service_that_is_not_there_is_asked_once() {
    // 67
    for variables in [APP_SERVICE, CLOUD_SHELL, FABRIC, IMDS, ML] {
        let (played, waits) = played(variables, vec![refused(); 9]);
        assert_eq!(played.error().kind(), &ErrorKind::Transport);
        let says = played.says();
        assert!(
            says.contains("cannot be reached from this machine"),
            "{says}"
        );
        assert_eq!(waits, [0.; 0]);
    }
}

#[test]
fn a_service_that_does_not_answer_is_asked_again() {
    let (played, waits) = played(IMDS, vec![timeout(); 9]);
    assert_eq!(played.error().kind(), &ErrorKind::Timeout);
    assert_eq!(waits, [1., 2., 4.]);
    let first = SendOptions::of(&played.service.request(0)).time_left;
    assert_eq!(
        first,
        Duration::from_secs(10),
        "a link-local service is near"
    );
    let (_, waits) = self::played(APP_SERVICE, vec![timeout(), ok(3600)]);
    assert_eq!(waits, [1.]);
}

/// A service that takes so long to refuse.
struct Slow<'a>(&'a Service, Duration);

impl Host for Slow<'_> {
    fn send(&self, request: msal_core::Request) -> Reply {
        Host::send(self.0, request)
    }

    fn send_on_terms(&self, request: msal_core::Request) -> Reply {
        let left = SendOptions::of(&request).time_left;
        self.0.script.clock.advance(self.1.min(left));
        let reply = Host::send_on_terms(self.0, request);
        if self.1 > left { timeout() } else { reply }
    }

    fn wait(&self, delay: Duration) {
        Host::wait(self.0, delay);
    }
}

#[test]
fn a_call_ends_in_120_seconds_unless_it_is_told_otherwise() {
    // R1
    let elapsed = |slow: u64, limit: Option<u64>| {
        let stage = Stage::own(IMDS);
        let service = stage.service(forever(410));
        let flow = stage.acquire_with(|options| {
            options.call.timeout = limit.map(Duration::from_secs);
        });
        let host = Slow(&service, Duration::from_secs(slow));
        run(flow, &host).unwrap_err();
        msal_core::Clock::uptime(&stage.clock).as_secs()
    };
    assert_eq!(elapsed(0, None), 70);
    let whole = elapsed(9, None);
    assert!((100..=120).contains(&whole), "{whole}");
    let short = elapsed(0, Some(25));
    assert!(short <= 25, "{short}");
}

#[test]
fn a_pause_that_the_call_has_no_time_for_is_told_to_the_caller() {
    // F1, R3
    let stage = Stage::own(APP_SERVICE);
    let service = stage.service([after(429, "40"), ok(3600)]);
    let flow = stage.acquire_with(|options| {
        options.call.timeout = Some(Duration::from_secs(30));
    });
    let error = run(flow, &service).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(service.log(), ["send"]);
}

/// A host whose call is given up while it waits.
struct Impatient<'a>(&'a Service);

impl Host for Impatient<'_> {
    fn send(&self, request: msal_core::Request) -> Reply {
        Host::send(self.0, request)
    }

    fn send_on_terms(&self, request: msal_core::Request) -> Reply {
        Host::send_on_terms(self.0, request)
    }

    fn wait(&self, delay: Duration) {
        Host::wait(self.0, delay);
    }

    fn is_cancelled(&self) -> bool {
        self.0.log().iter().any(|line| line == "wait 10s")
    }
}

#[test]
fn a_call_that_is_given_up_while_it_waits_sends_nothing_more() {
    // 68
    let stage = Stage::own(IMDS);
    let service = stage.service(forever(410));
    let error = run(stage.acquire(), &Impatient(&service)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cancelled);
    assert_eq!(service.log(), ["send", "wait 10s"]);

    let Step::Ask(msal_core::Ask::SendOnTerms(_, flow)) = stage.acquire().start() else {
        panic!("it should send");
    };
    let Step::Wait(delay, waiting) = flow.resume(status(410)) else {
        panic!("it should wait");
    };
    assert_eq!(delay, Duration::from_secs(10));
    drop(waiting);
    // Nobody is in the way of who comes next.
    let service = stage.service([ok(3600)]);
    run(stage.acquire(), &service).unwrap();
}

fn httpdate(seconds: u64) -> String {
    // START is a Sunday, 15:06:40.
    let of_day = (seconds - (START - START % 86_400)) % 86_400;
    let (h, m, s) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("Sun, 15 Jun 2025 {h:02}:{m:02}:{s:02} GMT")
}
