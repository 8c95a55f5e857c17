//! The way through proxies, and around them.

use std::net::TcpListener;

use msal_core::ErrorKind;
use msal_core::TransportErrorKind::{Connect, Tls};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, ServerCertificate, Via};

use super::child;
use super::setup::{Make, Setup, post, post_with, start, token_url, unproxied};

pub(crate) fn a_proxy_is_asked_for_a_tunnel(make: Make) {
    let provider = start();
    answer_all(&provider);
    for proxy in [provider.proxy_url(), provider.base_url()] {
        provider.clear_journal();
        let setup = Setup {
            proxy: Some(proxy),
            ..Setup::through(&provider)
        };
        let sender = make(setup).unwrap();
        for _ in 0..2 {
            let response = sender.send(post(REAL)).unwrap();
            assert_eq!(response.body(), "{}");
        }
        let (connects, requests): (Vec<_>, Vec<_>) = provider
            .journal()
            .into_iter()
            .partition(|request| request.method == "CONNECT");
        assert_eq!(connects[0].header("proxy-authorization"), None);
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!(request.via, Via::Connect);
            let target = request.connect_target.as_deref();
            assert_eq!(target, Some("login.microsoftonline.com:443"));
            let name = request.server_name.as_deref();
            assert_eq!(name, Some("login.microsoftonline.com"));
            assert_eq!(request.url(), REAL);
        }
    }

    // The proxy proves nothing about the server.
    provider.present(ServerCertificate::WrongName);
    let sender = make(Setup::through(&provider)).unwrap();
    assert_eq!(sender.fail(post(REAL)), Tls);
}

pub(crate) fn a_proxy_is_given_its_credentials(make: Make) {
    let provider = LocalIdentityProvider::builder()
        .proxy_credentials("ali ce", "p@ss:word")
        .start()
        .unwrap();
    answer_all(&provider);
    let proxy = |credentials: &str| Setup {
        proxy: Some(format!("http://{credentials}127.0.0.1:{}", provider.port())),
        ..Setup::through(&provider)
    };
    let sender = make(proxy("ali%20ce:p%40ss%3Aword@")).unwrap();
    sender.send(post(REAL)).unwrap();
    let inside = &provider.journal()[1];
    assert_eq!(inside.via, Via::Connect);
    assert_eq!(inside.header("proxy-authorization"), None);

    for credentials in ["", "ali%20ce:wrong@"] {
        let sender = make(proxy(credentials)).unwrap();
        let error = sender.send(post(REAL)).unwrap_err();
        assert_eq!(error.kind(), Connect);
        let text = format!("{error:?}");
        assert!(!text.contains("wrong"), "{text}");
    }
    assert_eq!(provider.count(Endpoint::Token), 1);
}

pub(crate) fn a_proxy_that_refuses_is_no_connection(make: Make) {
    let provider = start();
    for (name, fault) in [
        ("forbidden", Fault::status(403)),
        ("an error", Fault::status(502)),
        ("a redirect", Fault::redirect(302, "http://127.0.0.1:1/")),
        ("a close", Fault::close()),
        ("a reset", Fault::reset()),
        ("garbage", Fault::garbage()),
        ("headers without end", Fault::endless_headers()),
    ] {
        let sender = make(Setup::through(&provider)).unwrap();
        provider.script(fault.on(Endpoint::Connect));
        let error = sender.send(post(REAL)).expect_err(name);
        assert_eq!(error.kind(), Connect, "{name}: {error:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let setup = Setup {
        proxy: Some(closed),
        ..Setup::through(&provider)
    };
    assert_eq!(make(setup).unwrap().fail(post(REAL)), Connect);
    assert_eq!(provider.count(Endpoint::Token), 0);
}

pub(crate) fn terms_without_a_proxy_go_straight(make: Make) {
    let proxy = start();
    let server = start();
    answer_all(&server);
    let setup = Setup {
        proxy: Some(proxy.proxy_url()),
        roots: vec![server.ca_pem().to_owned()],
        ..Setup::default()
    };
    let sender = make(setup).unwrap();
    for url in [token_url(&server), server.plain_url()] {
        sender.send_on_terms(post_with(&url, unproxied())).unwrap();
        // The terms hold whichever way they are sent.
        sender.send(post_with(&url, unproxied())).unwrap();
    }
    assert_eq!(proxy.connections(), 0);
    assert_eq!(server.journal().len(), 4);
}

pub(crate) fn nonsense_is_no_proxy(make: Make) {
    for proxy in ["", "proxy.test", "socks5://proxy.test", "http://u:secret@"] {
        let setup = Setup {
            proxy: Some(proxy.to_owned()),
            ..Setup::default()
        };
        let error = make(setup).err().expect(proxy);
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("proxy"),
            "{proxy}"
        );
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

pub(crate) fn the_environment_names_proxies_and_exceptions(make: Make) {
    const LAW: &str = "the_environment_names_proxies_and_exceptions";
    if let Some(argument) = child::argument() {
        let (ca, urls) = argument.split_once(' ').unwrap();
        let setup = Setup {
            roots: vec![std::fs::read_to_string(ca).unwrap()],
            ..Setup::default()
        };
        let sender = make(setup).unwrap();
        for url in urls.split(' ') {
            sender.send(post(url)).unwrap();
        }
        return;
    }
    let server = start();
    answer_all(&server);
    let ca = server.ca_file().to_str().unwrap();
    let proxy = server.proxy_url();
    let proxied = |urls: &[&str], variables: &[(&str, &str)]| {
        server.clear_journal();
        child::run(LAW, &format!("{ca} {}", urls.join(" ")), variables);
        let journal = server.journal();
        let ways = journal
            .iter()
            .filter(|request| request.method != "CONNECT")
            .map(|request| request.via != Via::Direct)
            .collect::<Vec<_>>();
        assert_eq!(ways.len(), urls.len());
        ways
    };
    let by_name = &token_url(&server);
    let by_number = &by_name.replace("localhost", "127.0.0.1");

    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let ways = proxied(&[REAL, by_name], &[(variable, &proxy)]);
        assert_eq!(ways, [true, true], "{variable}");
    }
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let ways = proxied(&[by_name], &[(variable, &proxy)]);
        assert_eq!(ways, [false], "{variable}");
    }
    let cgi = [("HTTPS_PROXY", &*proxy), ("REQUEST_METHOD", "GET")];
    assert_eq!(proxied(&[by_name], &cgi), [false]);
    let without_scheme = proxy.trim_start_matches("http://");
    let ways = proxied(&[REAL], &[("HTTPS_PROXY", without_scheme)]);
    assert_eq!(ways, [true]);
    assert_eq!(
        proxied(&[by_name], &[("HTTPS_PROXY", "ftp://127.0.0.1:1")]),
        [false]
    );

    for (exceptions, ways) in [
        ("", [true, true, true]),
        ("localhost", [true, false, true]),
        ("LocalHost, 127.0.0.1", [true, false, false]),
        (".localhost,127.0.0.0/8", [true, false, false]),
        ("host,27.0.0.1,microsoftonline.com.evil", [true, true, true]),
        ("127.0.0.2,128.0.0.0/8", [true, true, true]),
    ] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let variables = [("HTTPS_PROXY", &*proxy), (variable, exceptions)];
            let urls = [REAL, by_name, by_number];
            assert_eq!(proxied(&urls, &variables), ways, "{variable}={exceptions}");
        }
    }
    let variables = [("HTTPS_PROXY", &*proxy), ("NO_PROXY", "*")];
    assert_eq!(proxied(&[by_name, by_number], &variables), [false, true]);
}

pub(crate) fn the_environment_does_not_count_when_there_shall_be_no_proxy(make: Make) {
    const LAW: &str = "the_environment_does_not_count_when_there_shall_be_no_proxy";
    if let Some(argument) = child::argument() {
        let (ca, url) = argument.split_once(' ').unwrap();
        let roots = vec![std::fs::read_to_string(ca).unwrap()];
        let setup = Setup {
            no_proxy: true,
            roots: roots.clone(),
            ..Setup::default()
        };
        make(setup).unwrap().send(post(url)).unwrap();
        let setup = Setup {
            roots,
            ..Setup::default()
        };
        let sender = make(setup).unwrap();
        sender.send_on_terms(post_with(url, unproxied())).unwrap();
        return;
    }
    let proxy = start();
    let server = start();
    answer_all(&server);
    let ca = server.ca_file().to_str().unwrap();
    child::run(
        LAW,
        &format!("{ca} {}", token_url(&server)),
        &[("ALL_PROXY", &proxy.proxy_url())],
    );
    assert_eq!(proxy.connections(), 0);
    assert_eq!(server.journal().len(), 2);
}

fn answer_all(provider: &LocalIdentityProvider) {
    let fault = Fault::json(200, "{}").when(|request| request.method != "CONNECT");
    provider.script(fault.forever());
}

const REAL: &str = "https://login.microsoftonline.com/contoso/oauth2/v2.0/token";
