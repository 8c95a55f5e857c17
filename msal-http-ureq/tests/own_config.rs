//! A ureq configuration of the program's own is finished, and keeps what is harmless.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use msal_core::{Request, Transport};
use msal_http_ureq::UreqTransport;
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, Via};
use ureq::config::AutoHeaderValue;

#[test]
fn it_follows_no_redirect_asks_for_no_compression_and_takes_every_status() {
    let provider = LocalIdentityProvider::start().unwrap();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(true)
        .max_redirects(5)
        .accept_encoding(AutoHeaderValue::Provided("gzip".to_owned().into()))
        .user_agent("theirs/1.0")
        .proxy(None);
    let transport = UreqTransport::from_config_builder(config)
        .add_root_certificates_pem(provider.ca_pem())
        .build()
        .unwrap();
    provider.script(Fault::redirect(302, &provider.plain_url()));
    provider.script(Fault::status(400));

    assert_eq!(transport.send(post(&provider)).unwrap().status(), 302);
    assert_eq!(transport.send(post(&provider)).unwrap().status(), 400);

    let journal = provider.journal();
    assert_eq!(journal.len(), 2);
    assert_eq!(journal[0].header("accept-encoding"), None);
    assert_eq!(journal[0].header("user-agent"), Some("theirs/1.0"));
}

#[test]
fn its_proxy_is_used_with_its_exceptions_unless_another_is_given() {
    let provider = LocalIdentityProvider::builder()
        .proxy_credentials("user", "password")
        .start()
        .unwrap();
    let fault = Fault::json(200, "{}").when(|request| request.method != "CONNECT");
    provider.script(fault.forever());
    let proxy = || {
        ureq::Proxy::builder(ureq::ProxyProtocol::Http)
            .host("127.0.0.1")
            .port(provider.port())
            .username("user")
            .password("password")
    };
    let via = |proxy: ureq::ProxyBuilder, given: bool| {
        provider.clear_journal();
        let config = ureq::Agent::config_builder().proxy(Some(proxy.build().unwrap()));
        let mut builder =
            UreqTransport::from_config_builder(config).add_root_certificates_pem(provider.ca_pem());
        if given {
            builder = builder.no_proxy();
        }
        let transport = builder.build().unwrap();
        assert!(!format!("{transport:?}").contains("password"));
        transport.send(post(&provider)).unwrap();
        provider.requests(Endpoint::Token)[0].via
    };
    assert_eq!(via(proxy(), false), Via::Connect);
    assert_eq!(via(proxy().no_proxy("localhost"), false), Via::Direct);
    assert_eq!(via(proxy(), true), Via::Direct);
}

fn post(provider: &LocalIdentityProvider) -> Request {
    http::Request::post(format!("{}/contoso/oauth2/v2.0/token", provider.base_url()))
        .body(Bytes::from_static(b"a=b"))
        .unwrap()
}
