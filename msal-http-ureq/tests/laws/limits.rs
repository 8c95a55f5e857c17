//! How much, and how long.

use std::time::{Duration, Instant};

use msal_core::SendOptions;
use msal_core::TransportErrorKind::{Connect, Interrupted, Timeout, TooLarge};
use msal_testing::{Fault, Wire};

use super::setup::{Make, Setup, at_most, get, post, post_with, start, token_url, within};

pub(crate) fn a_body_of_just_the_allowed_size_is_read(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for size in [0, 1, 4_096, 100_000, 1_048_576] {
        let body = "x".repeat(size);
        let chunked = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            match size {
                0 => String::new(),
                _ => format!("{size:x}\r\n{body}\r\n"),
            }
        );
        for fault in [Fault::json(200, body.clone()), Fault::raw(chunked)] {
            provider.script(fault);
            let request = post_with(&token_url(&provider), at_most(size));
            assert_eq!(sender.send(request).unwrap().body(), &body, "{size}");
        }
    }
}

pub(crate) fn larger_bodies_are_refused_however_they_come(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for fault in [
        Fault::json(200, "x".repeat(1025)),
        Fault::raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1025))),
        Fault::raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        Fault::endless_body(),
        Fault::huge_json(200, 64 * 1024 * 1024),
    ] {
        provider.script(fault.clone());
        let started = Instant::now();
        let request = post_with(&token_url(&provider), at_most(1024));
        assert_eq!(sender.fail(request), TooLarge, "{fault:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{fault:?}");
    }
    // What was too large is not taken for the next answer.
    provider.script(Fault::json(200, "{}"));
    let response = sender.send(post(&token_url(&provider))).unwrap();
    assert_eq!(response.body(), "{}");
}

pub(crate) fn headers_without_end_are_an_error(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    let many = "X-A: b\r\n".repeat(1000);
    for fault in [
        Fault::endless_headers(),
        Fault::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
    ] {
        provider.script(fault);
        let started = Instant::now();
        assert_eq!(sender.fail(get(&token_url(&provider))), Interrupted);
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

pub(crate) fn the_time_covers_silence_and_drips(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    // So that the connection is there.
    provider.script(Fault::json(200, "{}"));
    sender.send(post(&token_url(&provider))).unwrap();
    let pause = Duration::from_millis(20);
    let body_drip = [Wire::Write(
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".into(),
    )]
    .into_iter()
    .chain((0..1000).flat_map(|_| [Wire::Wait(pause), Wire::Write("x".into())]));
    for (name, fault) in [
        ("silence", Fault::hang()),
        ("drip", Fault::drip(200, "{}", pause)),
        ("drip of a body", Fault::wire(body_drip)),
        ("interim responses", Fault::endless_interim_responses()),
    ] {
        provider.script(fault);
        let started = Instant::now();
        let request = post_with(&token_url(&provider), within(Duration::from_millis(300)));
        let error = sender.send(request).expect_err(name);
        let took = started.elapsed();
        assert_eq!(error.kind(), Timeout, "{name}: {error:?}");
        assert!(error.may_have_been_sent());
        assert!(took >= Duration::from_millis(290), "{name}: {took:?}");
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
    }
}

pub(crate) fn a_connection_that_comes_too_late_is_no_connection(make: Make) {
    let provider = start();
    let short = Duration::from_millis(200);
    let impatient = |setup| {
        make(Setup {
            connect_timeout: Some(short),
            ..setup
        })
    };
    let url = token_url(&provider);
    let straight = Setup::trusting(&provider);
    let proxied = Setup::through(&provider);
    for (name, sender, options) in [
        ("TLS", impatient(straight.clone()), SendOptions::default()),
        ("the whole request", make(straight), within(short)),
        (
            "a proxy",
            impatient(proxied.clone()),
            SendOptions::default(),
        ),
        ("a proxy, the whole request", make(proxied), within(short)),
    ] {
        provider.script_connection(Fault::wire([Wire::Hang]));
        let started = Instant::now();
        let error = sender
            .unwrap()
            .send(post_with(&url, options))
            .expect_err(name);
        assert_eq!(error.kind(), Connect, "{name}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name}");
    }
    assert_eq!(provider.journal().len(), 0);
}

pub(crate) fn no_time_and_endless_time(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    let url = token_url(&provider);
    assert_eq!(
        sender.fail(post_with(&url, within(Duration::ZERO))),
        Timeout
    );
    assert_eq!(provider.connections(), 0);
    provider.script(Fault::json(200, "{}"));
    sender.send(post_with(&url, within(Duration::MAX))).unwrap();
}
