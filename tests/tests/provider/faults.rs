use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, Wire};
use url::Url;

use crate::client::{Client, Connection, Way};
use crate::{good_fields, token_url};

#[test]
fn faults_strike_in_their_order_and_then_the_provider_answers_again() {
    let provider = LocalIdentityProvider::start().unwrap();
    provider.script(Fault::status(503).header("Retry-After", "7").times(2));
    provider.script(Fault::json(429, r#"{"error":"a","error":"b"}"#));
    provider.script(Fault::html(502));
    assert_eq!(provider.waiting_faults(), 3);
    let client = Client::of(&provider);
    let statuses: Vec<u16> = (0..5)
        .map(|_| client.post(&token_url(), &good_fields()).unwrap().status)
        .collect();
    assert_eq!(statuses, [503, 503, 429, 502, 200]);
    provider.clear_journal();
    provider.script(Fault::status(502).on(Endpoint::Connect));
    let refused = client.post(&token_url(), &good_fields()).unwrap_err();
    assert!(refused.to_string().contains("502"), "{refused}");
    provider.script(Fault::status(503).on(Endpoint::Token));
    provider.script(
        Fault::json(429, "{")
            .on(Endpoint::Token)
            .header("X-Extra", "1"),
    );
    let first = client.post(&token_url(), &good_fields()).unwrap();
    let second = client.post(&token_url(), &good_fields()).unwrap();
    assert_eq!((first.status, first.body.len()), (503, 0));
    assert_eq!((second.status, &second.body[..]), (429, &b"{"[..]));
    assert_eq!(second.header("x-extra"), Some("1"));
    assert_eq!(provider.waiting_faults(), 0);
    let statuses: Vec<_> = provider
        .requests(Endpoint::Token)
        .iter()
        .map(|request| request.status())
        .collect();
    assert_eq!(statuses, [Some(503), Some(429)]);
}

#[test]
fn a_fault_waits_for_the_request_that_it_is_meant_for() {
    let provider = LocalIdentityProvider::start().unwrap();
    let on_token = |fault: Fault| fault.on(Endpoint::Token);
    provider.script(
        on_token(Fault::status(500))
            .on_host("login.microsoftonline.us")
            .forever(),
    );
    provider.script(on_token(Fault::status(418)).when(|request| {
        request
            .form_field("scope")
            .is_some_and(|scope| scope.contains("teapot"))
    }));
    let client = Client::of(&provider);
    assert_eq!(
        client.post(&token_url(), &good_fields()).unwrap().status,
        200
    );
    assert_eq!(
        client
            .post(&token_url(), &[("scope", "teapot")])
            .unwrap()
            .status,
        418
    );
    assert_eq!(
        client
            .post(&token_url(), &[("scope", "teapot")])
            .unwrap()
            .status,
        400
    );
    let government = token_url().replace(".com/", ".us/");
    for _ in 0..3 {
        assert_eq!(
            client.post(&government, &good_fields()).unwrap().status,
            500
        );
    }
    provider.clear_faults();
    assert_eq!(
        client.post(&government, &good_fields()).unwrap().status,
        200
    );
}

#[test]
fn a_connection_is_reset_cut_or_closed_over_tls_and_plain_http() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (way, url) in ways() {
        for (fault, kind) in [
            (Fault::reset(), ErrorKind::ConnectionReset),
            (Fault::close(), ErrorKind::UnexpectedEof),
            (Fault::wire([Wire::Cut]), ErrorKind::UnexpectedEof),
        ] {
            let error = strike(&provider, way, &url, fault.clone())
                .read()
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{way:?} {url} {fault:?}");
        }
    }
}

#[test]
fn a_response_is_truncated() {
    let provider = LocalIdentityProvider::start().unwrap();
    for (way, url) in ways() {
        let error = strike(&provider, way, &url, Fault::truncated())
            .read()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{way:?} {url}");
    }
    let url = plain(&token_url());
    let bytes = strike(&provider, Way::Direct, &url, Fault::truncated_chunked())
        .read_raw(usize::MAX)
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains("Transfer-Encoding: chunked") && !text.contains("\r\n0\r\n"),
        "{text}"
    );
}

#[test]
fn bytes_are_written_as_the_test_gives_them() {
    let provider = LocalIdentityProvider::start().unwrap();
    let url = plain(&token_url());
    for (fault, expected) in [
        (
            Fault::raw("HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"),
            &b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"[..],
        ),
        (
            Fault::garbage(),
            b"\x00\xff\xfeSSH-2.0-OpenSSH_9.2p1\r\n\x80\x81\x82\r\n\r\n",
        ),
        (
            Fault::wire([
                Wire::Write(Bytes::from_static(b"a")),
                Wire::Write(Bytes::from_static(b"b")),
            ]),
            b"ab",
        ),
    ] {
        assert_eq!(
            strike(&provider, Way::Direct, &url, fault)
                .read_raw(usize::MAX)
                .unwrap(),
            expected
        );
    }
    let drip = Fault::drip(200, r#"{"a":1}"#, Duration::from_millis(1));
    let response = strike(&provider, Way::Proxy, &token_url(), drip)
        .read()
        .unwrap();
    assert_eq!(
        (response.status, &response.json()["a"]),
        (200, &serde_json::json!(1))
    );
}

#[test]
fn what_never_ends_goes_on_until_the_client_goes() {
    let provider = LocalIdentityProvider::start().unwrap();
    for fault in [
        Fault::endless_body(),
        Fault::endless_headers(),
        Fault::endless_interim_responses(),
    ] {
        let mut connection = strike(&provider, Way::Proxy, &token_url(), fault);
        assert!(connection.read_raw(1_000_000).unwrap().len() >= 1_000_000);
    }
    assert_eq!(
        Client::of(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .status,
        200
    );
}

#[test]
fn bodies_of_bad_form_arrive_whole() {
    let provider = LocalIdentityProvider::start().unwrap();
    let read = |fault| {
        strike(&provider, Way::Proxy, &token_url(), fault)
            .read()
            .unwrap()
    };
    assert!(read(Fault::huge_json(200, 1_000_000)).body.len() > 1_000_000);
    assert_eq!(read(Fault::deep_json(200, 10_000)).body.len(), 20_000);
    let gzip = read(Fault::gzip(200, r#"{"a":1}"#));
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(gzip.body[..2], [0x1f, 0x8b]);
    let redirect = read(Fault::redirect(307, "https://evil.example/"));
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (307, Some("https://evil.example/"))
    );
    let large = read(Fault::status(200).header("X-Large", &"x".repeat(200_000)));
    assert_eq!(large.header("x-large").unwrap().len(), 200_000);
}

#[test]
fn a_client_that_gets_no_answer_can_go() {
    let provider = LocalIdentityProvider::start().unwrap();
    let connection = strike(&provider, Way::Proxy, &token_url(), Fault::hang());
    let request = provider.wait_for(Endpoint::Token, 1, LIMIT).unwrap();
    drop(connection);
    assert_eq!(request.status(), None);
    assert_eq!(
        Client::of(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .status,
        200
    );
}

#[test]
fn a_fault_can_strike_before_tls() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::new(&provider, Way::Direct);
    provider.script_connection(Fault::garbage());
    provider.script_connection(Fault::reset());
    client.post(&token_url(), &good_fields()).unwrap_err();
    client.post(&token_url(), &good_fields()).unwrap_err();
    assert_eq!(provider.waiting_faults(), 0);
    assert_eq!(
        client.post(&token_url(), &good_fields()).unwrap().status,
        200
    );
    assert_eq!(provider.count(Endpoint::Token), 1);
    assert_eq!(provider.connections(), 3);
}

#[test]
fn held_requests_wait_until_they_are_let_through() {
    let provider = LocalIdentityProvider::start().unwrap();
    let hold = provider.hold(Endpoint::Token);
    let (sender, answers) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..3 {
            let (provider, sender) = (&provider, sender.clone());
            scope.spawn(move || {
                let response = Client::of(provider)
                    .post(&token_url(), &good_fields())
                    .unwrap();
                sender.send(response.status).unwrap();
            });
        }
        let third = provider.wait_for(Endpoint::Token, 3, LIMIT).unwrap();
        assert_eq!(third.status(), None);
        let keys = format!(
            "https://login.microsoftonline.com/{}/discovery/v2.0/keys",
            msal_testing::defaults::TENANT_ID
        );
        assert_eq!(
            Client::of(&provider).get(&keys).unwrap().status,
            200,
            "others pass"
        );
        assert_eq!(answers.try_recv(), Err(mpsc::TryRecvError::Empty));
        hold.release();
        for _ in 0..3 {
            assert_eq!(answers.recv_timeout(LIMIT), Ok(200));
        }
    });
    assert_eq!(
        Client::of(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .status,
        200
    );
}

#[test]
fn two_holds_of_one_kind_both_have_to_be_released() {
    let provider = LocalIdentityProvider::start().unwrap();
    let (first, second) = (
        provider.hold(Endpoint::Token),
        provider.hold(Endpoint::Token),
    );
    thread::scope(|scope| {
        let answer = scope.spawn(|| {
            Client::of(&provider)
                .post(&token_url(), &good_fields())
                .unwrap()
                .status
        });
        let request = provider.wait_for(Endpoint::Token, 1, LIMIT).unwrap();
        drop(first);
        // Another request passes meanwhile, so the first had its chance.
        Client::of(&provider)
            .get("https://login.microsoftonline.com/x")
            .unwrap();
        assert_eq!(request.status(), None);
        drop(second);
        assert_eq!(answer.join().unwrap(), 200);
    });
}

#[test]
fn answers_can_be_late() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    let pause = Duration::from_millis(60);
    provider.script(Fault::delay(pause).on(Endpoint::Token));
    provider.script(Fault::status(500).after(pause).on(Endpoint::Token));
    for expected in [200, 500] {
        let start = Instant::now();
        assert_eq!(
            client.post(&token_url(), &good_fields()).unwrap().status,
            expected
        );
        assert!(start.elapsed() >= pause);
    }
    provider.set_latency(pause);
    let start = Instant::now();
    client.post(&token_url(), &good_fields()).unwrap();
    assert!(start.elapsed() >= pause);
}

#[test]
fn waiting_for_a_request_that_does_not_come_ends_in_time() {
    let provider = LocalIdentityProvider::start().unwrap();
    let error = provider
        .wait_for(Endpoint::Token, 2, Duration::from_millis(10))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(
        error.to_string().contains("0 of 2 token requests"),
        "{error}"
    );
}

#[test]
fn the_control_surface_is_there_only_on_demand() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = |provider| Client::new(provider, Way::Direct);
    let journal =
        |provider: &LocalIdentityProvider| format!("{}/.control/journal", provider.plain_url());
    assert_eq!(
        client(&provider).get(&journal(&provider)).unwrap().status,
        404
    );

    let provider = LocalIdentityProvider::builder().control().start().unwrap();
    let url = provider.plain_url();
    let call = |method, name: &str, body| {
        client(&provider)
            .send(method, &format!("{url}/.control/{name}"), &[], body)
            .unwrap()
    };
    let fault = r#"{"endpoint":"token","status":503,"headers":{"Retry-After":"3"},"body":"busy","times":2}"#;
    assert_eq!(call("POST", "fault", fault).status, 204);
    let response = client(&provider)
        .post(&token_url(), &good_fields())
        .unwrap();
    assert_eq!(
        (
            response.status,
            response.header("retry-after"),
            &response.body[..]
        ),
        (503, Some("3"), &b"busy"[..])
    );
    call("DELETE", "fault", "");
    assert_eq!(
        client(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .status,
        200
    );
    assert_eq!(call("POST", "clock", r#"{"offset":-1000}"#).status, 204);
    let entries = call("GET", "journal", "").json();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(
        (&entries[0]["endpoint"], &entries[0]["status"]),
        (&"token".into(), &503.into())
    );
    assert_eq!(
        entries[0]["form"][0],
        serde_json::json!(["grant_type", "client_credentials"])
    );
    call("DELETE", "journal", "");
    assert_eq!(call("GET", "journal", "").json(), serde_json::json!([]));
    for wrong in [
        "",
        "{}",
        r#"{"kind":"magic"}"#,
        r#"{"status":503,"endpoint":"magic"}"#,
        r#"{"status":503,"headers":{"a":1}}"#,
    ] {
        assert_eq!(call("POST", "fault", wrong).status, 400, "{wrong}");
    }
}

/// Sends a request that a fault strikes, and gives the connection.
fn strike(provider: &LocalIdentityProvider, way: Way, url: &str, fault: Fault) -> Connection {
    provider.script(fault.on(Endpoint::Token));
    let client = Client::new(provider, way);
    let url = Url::parse(url).unwrap();
    let mut connection = client.connect(&url).unwrap();
    connection
        .send(&client.request("POST", &url, &[], ""))
        .unwrap();
    connection
}

fn ways() -> [(Way, String); 4] {
    [
        (Way::Proxy, token_url()),
        (Way::Direct, token_url()),
        (Way::Direct, plain(&token_url())),
        (Way::Tunnel, plain(&token_url())),
    ]
}

fn plain(url: &str) -> String {
    url.replacen("https://", "http://", 1)
}

const LIMIT: Duration = Duration::from_secs(10);
