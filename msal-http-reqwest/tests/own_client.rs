//! A reqwest client or builder of the program's own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use bytes::Bytes;
use msal_core::TransportErrorKind::{Refused, Tls, Unsupported};
use msal_core::{AsyncTransport, ProxyUse, Request, SendOptions, ServerTrust, Thumbprint};
use msal_http_reqwest::ReqwestTransport;
use msal_testing::{Fault, LocalIdentityProvider};

#[tokio::test]
async fn a_builder_is_finished_and_keeps_its_tls_and_its_proxy() {
    let provider = LocalIdentityProvider::start().unwrap();
    let (ca, proxy) = (provider.ca_pem().to_owned(), provider.proxy_url());
    let transport = ReqwestTransport::from_client_builder(move || {
        reqwest::Client::builder()
            .user_agent("theirs/1.0")
            .redirect(reqwest::redirect::Policy::limited(10))
            .tls_certs_merge([reqwest::Certificate::from_pem(ca.as_bytes()).unwrap()])
            .proxy(reqwest::Proxy::all(&proxy).unwrap())
    })
    .build()
    .unwrap();
    let not_connect = |fault: Fault| fault.when(|request| request.method != "CONNECT");
    provider.script(not_connect(Fault::redirect(307, &provider.plain_url())));
    let request = post("https://login.microsoftonline.com/contoso/oauth2/v2.0/token");
    assert_eq!(transport.send(request).await.unwrap().status(), 307);
    let journal = provider.journal();
    assert_eq!(journal.len(), 2);
    assert_eq!(journal[0].method, "CONNECT");
    assert_eq!(journal[1].header("user-agent"), Some("theirs/1.0"));

    // Terms outrank the builder's proxy and its TLS.
    provider.clear_journal();
    let mut request = post(&token_url(&provider));
    request.extensions_mut().insert(pinned([0; 20]));
    let error = transport.send_on_terms(request).await.unwrap_err();
    assert_eq!(error.kind(), Tls);
    let pin = provider.thumbprint("localhost").unwrap().sha1;
    provider.script(Fault::json(200, "{}"));
    let mut request = post(&token_url(&provider));
    request.extensions_mut().insert(pinned(pin));
    transport.send_on_terms(request).await.unwrap();
    assert_eq!(provider.journal().len(), 1);
}

#[tokio::test]
async fn what_is_given_beside_a_builder_outranks_it() {
    let provider = LocalIdentityProvider::start().unwrap();
    let transport = ReqwestTransport::from_client_builder(|| {
        reqwest::Client::builder()
            .proxy(reqwest::Proxy::all("http://127.0.0.1:1").unwrap())
            .tls_certs_only([])
    })
    .no_proxy()
    .add_root_certificates_pem(provider.ca_pem())
    .build()
    .unwrap();
    provider.script(Fault::json(200, "{}"));
    transport.send(post(&token_url(&provider))).await.unwrap();
}

#[tokio::test]
async fn a_finished_client_may_send_but_its_redirects_are_refused_and_terms_too() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(provider.ca_pem().as_bytes()).unwrap()])
        .build()
        .unwrap();
    let transport = ReqwestTransport::danger_from_client(client);
    provider.script(Fault::json(200, "{}"));
    transport.send(post(&token_url(&provider))).await.unwrap();

    let target = format!("{}?to=canary", token_url(&provider));
    provider.script(Fault::redirect(302, &target));
    provider.script(Fault::json(200, "{}"));
    let error = transport
        .send(post(&token_url(&provider)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Refused);
    assert!(!format!("{error:?}").contains("canary"));

    provider.clear_journal();
    let mut terms = SendOptions::default();
    terms.proxy = ProxyUse::Never;
    for options in [terms, pinned([0; 20])] {
        let mut request = post(&token_url(&provider));
        let demands = options.demands();
        request.extensions_mut().insert(options);
        let error = transport.send_on_terms(request).await.unwrap_err();
        assert_eq!(error.kind(), Unsupported(demands));
    }
    assert!(provider.journal().is_empty());
}

#[test]
fn outside_a_runtime_there_is_an_error_and_no_panic() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    let transport = ReqwestTransport::new();
    let mut sending = std::pin::pin!(transport.send(post("https://localhost:1/token")));
    let Poll::Ready(outcome) = sending
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("it waits for something");
    };
    let what = "sending outside a tokio runtime";
    assert_eq!(outcome.unwrap_err().kind(), Unsupported(what));
}

#[test]
fn a_second_runtime_uses_the_transport_after_the_first_has_ended() {
    let provider = LocalIdentityProvider::start().unwrap();
    let transport = ReqwestTransport::builder()
        .no_proxy()
        .add_root_certificates_pem(provider.ca_pem())
        .build()
        .unwrap();
    provider.script(Fault::json(200, "{}").forever());
    for round in 1..=10 {
        let runtime = match round % 2 {
            0 => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build(),
            _ => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build(),
        };
        let runtime = runtime.unwrap();
        runtime.block_on(async {
            for _ in 0..3 {
                transport.send(post(&token_url(&provider))).await.unwrap();
            }
        });
        drop(runtime);
        assert_eq!(provider.journal().len(), round * 3);
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_the_transport_in_order() {
    let provider = LocalIdentityProvider::start().unwrap();
    let transport = ReqwestTransport::builder()
        .no_proxy()
        .add_root_certificates_pem(provider.ca_pem())
        .build()
        .unwrap();
    for _ in 0..5 {
        provider.script(Fault::hang());
        let sending = transport.send(post(&token_url(&provider)));
        tokio::time::timeout(Duration::from_millis(50), sending)
            .await
            .unwrap_err();
        provider.clear_faults();
        provider.script(Fault::json(200, "{}"));
        let response = transport.send(post(&token_url(&provider))).await.unwrap();
        assert_eq!(response.body(), "{}");
    }
}

fn post(url: &str) -> Request {
    http::Request::post(url)
        .body(Bytes::from_static(b"a=b"))
        .unwrap()
}

fn pinned(sha1: [u8; 20]) -> SendOptions {
    let mut options = SendOptions::default();
    options.proxy = ProxyUse::Never;
    options.trust = ServerTrust::PinnedLeaf(Thumbprint::Sha1(sha1));
    options
}

fn token_url(provider: &LocalIdentityProvider) -> String {
    format!("{}/contoso/oauth2/v2.0/token", provider.base_url())
}
