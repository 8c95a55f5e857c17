//! What goes wrong, and how far the request came.

use std::net::TcpListener;

use msal_core::TransportErrorKind::{Connect, Interrupted};
use msal_testing::{Fault, Wire};

use super::setup::{Make, Setup, get, post, start, token_url};

pub(crate) fn nobody_listens(make: Make) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let sender = make(Setup {
        no_proxy: true,
        ..Setup::default()
    })
    .unwrap();
    for scheme in ["http", "https"] {
        let error = sender
            .send(post(&format!("{scheme}://127.0.0.1:{port}/token")))
            .unwrap_err();
        assert_eq!(error.kind(), Connect);
        assert!(!error.may_have_been_sent());
        let text = format!("{error:?}");
        assert!(text.contains("ConnectionRefused"), "{text}");
    }
}

pub(crate) fn a_name_without_address(make: Make) {
    let sender = make(Setup {
        no_proxy: true,
        ..Setup::default()
    })
    .unwrap();
    // Longer than a label may be: no name server is asked.
    let url = format!("https://{}.test/token", "a".repeat(64));
    assert_eq!(sender.fail(post(&url)), Connect);
}

pub(crate) fn the_server_ends_or_garbles_the_answer(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    let faults = [
        ("close", Fault::close()),
        ("cut", Fault::wire([Wire::Cut])),
        ("reset", Fault::reset()),
        ("garbage", Fault::garbage()),
        ("truncated", Fault::truncated()),
        ("truncated chunks", Fault::truncated_chunked()),
        ("half a header", Fault::raw("HTTP/1.1 200 OK\r\nContent-Le")),
        ("no version", Fault::raw("200 OK\r\n\r\n")),
        ("no status", Fault::raw("HTTP/1.1 abc OK\r\n\r\n")),
        (
            "two lengths",
            Fault::raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"),
        ),
        (
            "no number",
            Fault::raw("HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"),
        ),
        (
            "no chunk size",
            Fault::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        ),
        (
            "a reset within the body",
            Fault::wire([
                Wire::Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".into()),
                Wire::Reset,
            ]),
        ),
    ];
    for url in [
        token_url(&provider),
        format!("{}/contoso/oauth2/v2.0/token", provider.plain_url()),
    ] {
        for (name, fault) in &faults {
            provider.clear_journal();
            provider.script(fault.clone());
            let error = sender.send(post(&url)).expect_err(name);
            assert_eq!(error.kind(), Interrupted, "{name} at {url}: {error:?}");
            assert_eq!(provider.journal().len(), 1, "{name} at {url}");
        }
    }
}

pub(crate) fn a_body_without_length_ends_with_the_connection(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    for url in [token_url(&provider), provider.plain_url()] {
        provider.script(Fault::raw("HTTP/1.1 200 OK\r\n\r\nall of it"));
        let response = sender.send(get(&url)).unwrap();
        assert_eq!(response.body(), "all of it", "{url}");
    }
}

pub(crate) fn a_body_without_length_that_is_cut_off_is_an_interruption(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    let beginning = || Wire::Write("HTTP/1.1 200 OK\r\n\r\nhalf of".into());
    for (url, end) in [
        (token_url(&provider), Wire::Cut),
        (token_url(&provider), Wire::Reset),
        (provider.plain_url(), Wire::Reset),
    ] {
        provider.script(Fault::wire([beginning(), end.clone()]));
        assert_eq!(sender.fail(get(&url)), Interrupted, "{end:?} at {url}");
    }
}

pub(crate) fn compressed_bodies_stay_as_they_are(make: Make) {
    let provider = start();
    let sender = make(Setup::trusting(&provider)).unwrap();
    // An empty gzip member.
    let gzip: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    provider.script(
        Fault::status(200)
            .header("content-encoding", "gzip")
            .body(gzip),
    );
    let response = sender.send(get(&token_url(&provider))).unwrap();
    assert_eq!(response.body(), gzip);
    assert_eq!(response.headers()["content-encoding"], "gzip");
}
