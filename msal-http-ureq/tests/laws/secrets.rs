//! Nothing secret in what people see.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use msal_core::{SendOptions, Thumbprint};
use msal_testing::{Fault, LocalIdentityProvider, ServerCertificate, Wire};

use super::setup::{Make, Sender, Setup, at_most, pinned, start, with, within};

pub(crate) fn no_error_and_no_debug_text_shows_a_secret(make: Make) {
    let provider = start();
    let straight = make(Setup::trusting(&provider)).unwrap();
    let setup = Setup {
        proxy: Some(format!(
            "http://canary-user:canary-password@127.0.0.1:{}",
            provider.port()
        )),
        ..Setup::through(&provider)
    };
    let proxied = make(setup).unwrap();
    let mut texts = vec![straight.debug.clone(), proxied.debug.clone()];

    let soon = within(Duration::from_millis(200));
    let small = at_most(10);
    let usual = SendOptions::default();
    let secretive = "HTTP/1.1 200 OK\r\nSet-Cookie: canary-cookie\r\nX-A: canary-answer\r\n";
    for (fault, options) in [
        (Fault::close(), &usual),
        (Fault::reset(), &usual),
        (Fault::garbage(), &usual),
        (Fault::hang(), &soon),
        (Fault::raw("HTTP/1.1 canary-status\r\n\r\n"), &usual),
        (
            Fault::raw("HTTP/1.1 200 OK\r\ncanary header: a\r\n\r\n"),
            &usual,
        ),
        (
            Fault::raw(format!("{secretive}Content-Length: canary-length\r\n\r\n")),
            &usual,
        ),
        (
            Fault::raw(format!(
                "{secretive}Transfer-Encoding: chunked\r\n\r\ncanary-chunk\r\n"
            )),
            &usual,
        ),
        (
            Fault::raw(format!("{secretive}Content-Length: 99\r\n\r\ncanary-body")),
            &usual,
        ),
        (
            Fault::raw(format!("{secretive}Content-Length: 99\r\n\r\ncanary-body")),
            &small,
        ),
        (Fault::endless_headers(), &usual),
        (
            Fault::redirect(302, "https://canary-location.test/?canary"),
            &usual,
        ),
    ] {
        let fault = fault.when(|request| request.method != "CONNECT");
        for sender in [&straight, &proxied] {
            provider.script(fault.clone());
            texts.push(outcome(sender, &provider, options));
        }
    }
    for fault in [Fault::status(407), Fault::close(), Fault::garbage()] {
        let fault = fault.when(|request| request.method == "CONNECT");
        // An open tunnel would be used again.
        for options in [&usual, &pinned(Thumbprint::Sha1([0; 20]))] {
            provider.script(fault.clone());
            texts.push(outcome(&proxied, &provider, options));
        }
        provider.clear_faults();
    }
    provider.script_connection(Fault::wire([Wire::Reset]));
    let fresh = make(Setup::trusting(&provider)).unwrap();
    texts.push(outcome(&fresh, &provider, &usual));
    provider.present(ServerCertificate::WrongName);
    let fresh = make(Setup::trusting(&provider)).unwrap();
    texts.push(outcome(&fresh, &provider, &usual));
    provider.present(ServerCertificate::Valid);
    texts.push(outcome(
        &fresh,
        &provider,
        &pinned(Thumbprint::Sha1([0; 20])),
    ));

    for url in [
        "/canary-path",
        "canary:x",
        "http:///canary",
        "ftp://a/?canary",
    ] {
        let Ok(uri) = url.parse::<http::Uri>() else {
            continue;
        };
        let mut request = with(Bytes::new(), "GET", "http://a/", usual.clone());
        *request.uri_mut() = uri;
        texts.push(shown(&straight.send(request).expect_err(url)));
    }

    for text in &texts {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(texts.len() > 30);
}

/// Sends a request full of secrets, and gives what there is to see of its end.
fn outcome(sender: &Sender, provider: &LocalIdentityProvider, options: &SendOptions) -> String {
    let url = format!("{}/canary-path?code=canary-query", provider.base_url());
    let body = Bytes::from_static(b"client_secret=canary-body");
    let mut request = with(body, "POST", &url, options.clone());
    let headers = request.headers_mut();
    headers.insert("authorization", "Bearer canary-token".parse().unwrap());
    headers.insert("x-canary", "canary-header".parse().unwrap());
    match sender.send(request) {
        // A redirect, which the flows make an error of.
        Ok(response) => response.status().to_string(),
        Err(error) => shown(&error),
    }
}

fn shown(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n{error} {error:?}");
        cause = error.source();
    }
    text
}
