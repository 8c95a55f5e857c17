//! Cases 45 to 52: Service Fabric's certificate, which is pinned before a byte of HTTP is sent.

use async_trait::async_trait;
use msal::{
    AsyncTransport, ErrorKind, ManagedIdentityId, Request, ReqwestTransport, Response, Transport,
    TransportError,
};
use msal_testing::{Endpoint, Machine, ServerCertificate, defaults};

use super::computer::*;
use ManagedIdentityId::SystemAssigned;

const THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";

#[test]
fn the_certificate_that_is_pinned_is_the_one_that_is_taken_whoever_signed_it() {
    // 45
    let computer = Computer::new();
    for kind in [
        ServerCertificate::SelfSigned,
        ServerCertificate::UnknownAuthority,
        ServerCertificate::Expired,
        ServerCertificate::WrongName,
        ServerCertificate::Valid,
    ] {
        computer.provider.present(kind);
        let thumbprint = computer.provider.thumbprint("localhost").unwrap();
        let upper: Vec<String> = thumbprint.sha1.map(|byte| format!("{byte:02X}")).to_vec();
        for pin in [
            upper.join(":"),
            thumbprint.sha1_hex().to_lowercase(),
            thumbprint.sha256_hex(),
        ] {
            let machine = computer.machine(Machine::ServiceFabric, &[(THUMBPRINT, &pin)]);
            for outcome in computer.ask(&machine, &SystemAssigned) {
                outcome.unwrap();
            }
            let requests = computer.provider.requests(Endpoint::ManagedIdentity);
            let request = requests.last().unwrap();
            assert_eq!(request.header("secret"), Some(defaults::IDENTITY_HEADER));
            let version = request.query_parameter("api-version");
            assert_eq!(version.as_deref(), Some("2019-07-01-preview"));
            assert_eq!(request.query_parameter("resource").as_deref(), Some(VAULT));
        }
    }
    computer.assert_no_proxy_was_used();
}

#[test]
fn another_certificate_sees_no_byte_of_http_whoever_signed_it() {
    // 46, 50: the transport trusts the authority that signs the valid one.
    let computer = Computer::new();
    computer.provider.present(ServerCertificate::SelfSigned);
    let pinned = computer.provider.thumbprint("localhost").unwrap();
    for kind in [
        ServerCertificate::Valid,
        ServerCertificate::UnknownAuthority,
        ServerCertificate::SelfSigned,
    ] {
        computer.provider.present(kind);
        let mut near = pinned.sha1;
        near[19] ^= 1;
        let near: String = near.map(|byte| format!("{byte:02x}")).concat();
        let mut pins = vec!["0".repeat(40), near, "f".repeat(64)];
        if kind != ServerCertificate::SelfSigned {
            pins.push(pinned.sha1_hex());
            pins.push(pinned.sha256_hex());
        }
        for pin in pins {
            let machine = computer.machine(Machine::ServiceFabric, &[(THUMBPRINT, &pin)]);
            for outcome in computer.ask(&machine, &SystemAssigned) {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), &ErrorKind::Transport);
                let source = std::error::Error::source(&error).unwrap().to_string();
                assert!(source.contains("could not prove who it is"), "{source}");
            }
        }
    }
    assert!(computer.provider.connections() > 0);
    assert!(computer.provider.journal().is_empty());
    computer.assert_no_proxy_was_used();
}

#[test]
fn what_cannot_be_pinned_makes_no_connection() {
    // 47, 48, 51
    let computer = Computer::new();
    let plain = format!("{}/x", computer.provider.plain_url());
    for (others, id, name) in [
        (
            [(THUMBPRINT, "not-a-thumbprint")],
            SystemAssigned,
            THUMBPRINT,
        ),
        (
            [("IDENTITY_ENDPOINT", &*plain)],
            SystemAssigned,
            "IDENTITY_ENDPOINT",
        ),
        ([("X", "")], client_id(), "managed identity"),
        ([("X", "")], resource_id(), "managed identity"),
    ] {
        let machine = computer.machine(Machine::ServiceFabric, &others);
        for outcome in computer.ask(&machine, &id) {
            let kind = outcome.unwrap_err().kind().clone();
            assert_eq!(kind, ErrorKind::InvalidArgument(name));
        }
    }
    assert_eq!(computer.provider.connections(), 0);
}

/// Sends nothing but ordinary requests.
struct Ordinary;

impl Transport for Ordinary {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        panic!("without the pin: {}", request.uri());
    }
}

#[async_trait]
impl AsyncTransport for Ordinary {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Transport::send(self, request)
    }
}

#[test]
fn a_transport_that_cannot_pin_is_told_from_one_that_failed() {
    let computer = Computer::new();
    let machine = computer.machine(Machine::ServiceFabric, &[]);
    let unsupported = ErrorKind::Unsupported("a pinned server certificate");
    let ask = |transport: Box<dyn AsyncTransport>| {
        let app = computer
            .asynchronous(&machine, &SystemAssigned)
            .transport(Held(transport))
            .build()
            .unwrap();
        let call = app.acquire_token(VAULT).into_future();
        computer.runtime.block_on(call).unwrap_err()
    };
    assert_eq!(ask(Box::new(Ordinary)).kind(), &unsupported);
    let finished = ReqwestTransport::danger_from_client(reqwest::Client::new());
    assert_eq!(ask(Box::new(finished)).kind(), &unsupported);
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .transport(Ordinary)
        .build()
        .unwrap();
    let error = app.acquire_token(VAULT).send().unwrap_err();
    assert_eq!(error.kind(), &unsupported);
    assert_eq!(computer.provider.connections(), 0);
}

struct Held(Box<dyn AsyncTransport>);

#[async_trait]
impl AsyncTransport for Held {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send_on_terms(request).await
    }
}

#[test]
fn a_refused_token_is_renewed_by_its_hash_alone() {
    // 84 to 86
    let computer = Computer::new();
    let machine = computer.machine(Machine::ServiceFabric, &[]);
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .client_capabilities(["cp1", "cp2"])
        .build()
        .unwrap();
    let first = app.acquire_token(VAULT).send().unwrap();
    let forced = app.acquire_token(VAULT).force_refresh().send().unwrap();
    assert_eq!(forced.access_token(), first.access_token());
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let call = app.acquire_token(VAULT).claims(claims);
    let renewed = call.send().unwrap();
    assert_ne!(renewed.access_token(), first.access_token());
    let kept = app.acquire_token(VAULT).send().unwrap();
    assert_eq!(kept.access_token(), renewed.access_token());
    for request in computer.provider.requests(Endpoint::ManagedIdentity) {
        assert!(
            request
                .query
                .as_deref()
                .unwrap()
                .contains("xms_cc=cp1%2Ccp2")
        );
    }
}
