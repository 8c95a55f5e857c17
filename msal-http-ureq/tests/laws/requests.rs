//! One request out, once.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use msal_core::{SendOptions, TransportErrorKind};
use msal_testing::Fault;

use super::setup::{FORM, Make, Setup, get, post, start, token_url, with};

pub(crate) fn a_request_goes_out_once_and_as_it_is(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    provider.script(Fault::json(200, r#"{"a":1}"#).header("x-ms-request-id", "one"));

    let url = format!("{}?dc=ESTS%20PUB&a=%2F", token_url(&provider));
    let mut request = post(&url);
    let headers = request.headers_mut();
    headers.append("x-client-sku", "MSAL.Rust".parse().unwrap());
    headers.append("x-twice", "1".parse().unwrap());
    headers.append("x-twice", "2".parse().unwrap());
    let response = sender.send(request).unwrap();

    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-ms-request-id"], "one");
    assert_eq!(response.body(), &r#"{"a":1}"#);
    let [seen] = &provider.journal()[..] else {
        panic!("not one request");
    };
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.url(), url);
    assert_eq!(seen.body, FORM);
    assert_eq!(seen.header("content-length"), Some("43"));
    assert_eq!(seen.header("x-client-sku"), Some("MSAL.Rust"));
    assert_eq!(seen.headers.get_all("x-twice").iter().count(), 2);
    assert_eq!(seen.header("accept-encoding"), None);
    assert_eq!(seen.header("transfer-encoding"), None);
    let agent = seen.header("user-agent").unwrap();
    assert!(agent.starts_with("msal-rust/"), "{agent}");
}

pub(crate) fn a_get_has_no_body_and_no_length(make: Make) {
    let provider = start();
    let setup = Setup {
        user_agent: Some("mine/1.0".to_owned()),
        ..Setup::trusting(&provider)
    };
    let sender = make(setup).unwrap();
    provider.script(Fault::json(200, "{}"));

    sender.send(get(&token_url(&provider))).unwrap();

    let seen = &provider.journal()[0];
    assert_eq!(seen.method, "GET");
    assert_eq!(seen.header("content-length"), None);
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("user-agent"), Some("mine/1.0"));
}

pub(crate) fn an_empty_post_has_length_zero(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    provider.script(Fault::json(200, "{}"));
    let request = with(
        Bytes::new(),
        "POST",
        &token_url(&provider),
        SendOptions::default(),
    );
    sender.send(request).unwrap();
    assert_eq!(provider.journal()[0].header("content-length"), Some("0"));
}

pub(crate) fn redirects_are_answers_and_nobody_follows_them(make: Make) {
    let provider = start();
    let elsewhere = start();
    let setup = Setup {
        roots: vec![provider.ca_pem().to_owned(), elsewhere.ca_pem().to_owned()],
        ..Setup::trusting(&provider)
    };
    let sender = make(setup).unwrap();
    for status in [301, 302, 303, 307, 308] {
        for request in [get(&token_url(&provider)), post(&token_url(&provider))] {
            let target = token_url(&elsewhere);
            provider.script(Fault::redirect(status, &target).body("moved"));
            let response = sender.send(request).unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["location"], *target);
            assert_eq!(response.body(), "moved");
        }
    }
    assert_eq!(provider.journal().len(), 10);
    assert_eq!(elsewhere.connections(), 0);
}

pub(crate) fn error_statuses_are_answers(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for status in [204, 400, 401, 404, 408, 421, 429, 500, 503] {
        provider.script(Fault::status(status));
        let response = sender.send(post(&token_url(&provider))).unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(provider.journal().len(), 9);
}

pub(crate) fn connections_are_used_again(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    provider.script(Fault::json(200, "{}").times(50));
    for _ in 0..50 {
        sender.send(post(&token_url(&provider))).unwrap();
    }
    assert_eq!(provider.journal().len(), 50);
    // One, but for an async client that is asked again before it has put the connection back.
    assert!(provider.connections() <= 10, "{}", provider.connections());
}

pub(crate) fn a_closed_idle_connection_is_replaced_and_each_request_sent_once(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for end in [Fault::raw(WHOLE), Fault::raw(WHOLE), Fault::raw(WHOLE)] {
        provider.script(end);
        let response = sender.send(post(&token_url(&provider))).unwrap();
        assert_eq!(response.body(), "ok");
        // The end of the connection is on its way, and there is nothing to see it by.
        thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(provider.journal().len(), 3);
    assert_eq!(provider.connections(), 3);
}

pub(crate) fn a_connection_that_ends_after_the_request_is_an_interruption_and_nothing_is_sent_again(
    make: Make,
) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for end in [Fault::close(), Fault::reset(), Fault::wire([])] {
        provider.clear_journal();
        provider.script(Fault::json(200, "{}"));
        provider.script(end);
        sender.send(post(&token_url(&provider))).unwrap();
        let error = sender.send(post(&token_url(&provider))).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
        assert!(error.may_have_been_sent());
        assert_eq!(provider.journal().len(), 2);
    }
}

pub(crate) fn many_requests_at_once_are_each_sent_once(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    provider.script(Fault::json(200, "{}").forever());
    let url = token_url(&provider);
    thread::scope(|scope| {
        for task in 0..32 {
            let (sender, url) = (&sender, &url);
            scope.spawn(move || {
                for round in 0..8 {
                    let mut request = post(url);
                    let id = (task * 8 + round).to_string().parse().unwrap();
                    request.headers_mut().insert("x-id", id);
                    assert_eq!(sender.send(request).unwrap().body(), "{}");
                }
            });
        }
    });
    let mut ids: Vec<usize> = provider
        .journal()
        .iter()
        .map(|request| request.header("x-id").unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..256).collect::<Vec<_>>());
    assert!(
        provider.connections() <= 256 / 2,
        "no connection was used again"
    );
}

pub(crate) fn localhost_is_this_machine(make: Make) {
    // A service that listens on one family only is found on it.
    let listener = TcpListener::bind("[::1]:0");
    let Ok(listener) = listener else {
        return;
    };
    let url = format!(
        "http://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let serving = thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).unwrap(), 0);
        stream.write_all(WHOLE).unwrap();
    });
    let sender = make(Setup {
        no_proxy: true,
        ..Setup::default()
    })
    .unwrap();
    assert_eq!(sender.send(get(&url)).unwrap().body(), "ok");
    serving.join().unwrap();
}

const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
