//! Nothing secret in what people see.

use std::error::Error;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use msal_core::{SendOptions, Thumbprint};
use msal_testing::{Fault, LocalIdentityProvider, ServerCertificate, Wire};

use super::child;
use super::setup::{Make, Sender, Setup, at_most, pinned, start, with, within};

pub(crate) fn no_error_and_no_debug_text_shows_a_secret(make: Make) {
    let texts = failures(make);
    for text in &texts {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(texts.len() > 30);
}

pub(crate) fn no_log_shows_a_secret(make: Make) {
    let Some(level) = child::argument() else {
        child::run("no_log_shows_a_secret", "DEBUG", &[]);
        return child::run("no_log_shows_a_secret", "TRACE", &[]);
    };
    log::set_logger(&Log).unwrap();
    log::set_max_level(level.parse().unwrap());
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(|| Lines)
        .init();
    failures(make);
    let lines = LINES.lock().unwrap();
    assert!(lines.len() > 100, "{}", lines.len());
    for line in lines.iter() {
        let mut line = line.clone();
        if level == "TRACE" {
            // At this level ureq shows URLs, to where redirects lead as well. The flows put no secret there.
            for url in [
                "/canary-path?code=canary-query",
                "https://canary-location.test/?canary",
            ] {
                line = line.replace(url, "");
            }
        }
        assert!(!line.contains("canary"), "{line}");
    }
}

/// Lets everything go wrong with requests full of secrets, and gives what there is to see of it.
fn failures(make: Make) -> Vec<String> {
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
        "/canary-path?code=canary-query",
        "ftp://a/canary-path?code=canary-query",
    ] {
        let mut request = with(Bytes::new(), "GET", "http://a/", usual.clone());
        *request.uri_mut() = url.parse().unwrap();
        texts.push(shown(&straight.send(request).expect_err(url)));
    }

    texts
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

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Log;

impl log::Log for Log {
    // As the blocking transport's documentation asks for: ureq's protocol crate dumps what it reads and writes.
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() < log::Level::Trace || !of.target().starts_with("ureq_proto")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// What `tracing` writes.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).into_owned();
        LINES.lock().unwrap().push(text);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
