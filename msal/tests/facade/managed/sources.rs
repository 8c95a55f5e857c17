//! Each source, end to end.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use msal::{
    AsyncTransport, ErrorKind, ManagedIdentityId, Request, Response, TokenSource, Transport,
    TransportError,
};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, Machine, Via, defaults};

use super::computer::*;
use ManagedIdentityId::SystemAssigned;

#[test]
fn a_token_arrives_from_each_source_for_each_identity_that_it_takes() {
    let computer = Computer::new();
    let mut expected = 0;
    for (played, ids) in [
        (
            Machine::AppService,
            vec![SystemAssigned, client_id(), object_id(), resource_id()],
        ),
        (
            Machine::AzureArc,
            vec![SystemAssigned, client_id(), object_id(), resource_id()],
        ),
        (Machine::AzureMl, vec![SystemAssigned, client_id()]),
        (Machine::CloudShell, vec![SystemAssigned]),
        (
            Machine::Imds,
            vec![SystemAssigned, client_id(), object_id(), resource_id()],
        ),
        (Machine::ServiceFabric, vec![SystemAssigned, object_id()]),
    ] {
        for id in ids {
            let machine = computer.machine(played, &[]);
            let oid = match (&id, played) {
                (_, Machine::CloudShell) => defaults::USER_OBJECT_ID,
                (SystemAssigned, _) => defaults::SYSTEM_IDENTITY_OBJECT_ID,
                _ => defaults::USER_IDENTITY_OBJECT_ID,
            };
            for outcome in computer.ask(&machine, &id) {
                let result = outcome.unwrap();
                assert_eq!(result.token_source(), TokenSource::IdentityProvider);
                assert_eq!(claim(&result, "oid"), oid, "{played:?} {id:?}");
                assert_eq!(claim(&result, "aud"), VAULT);
                assert_eq!(result.tenant_id(), "managed_identity");
                expected += if played == Machine::AzureArc { 2 } else { 1 };
            }
            assert_eq!(computer.requests(), expected, "{played:?} {id:?}");
        }
    }
    for request in computer.provider.requests(Endpoint::ManagedIdentity) {
        assert_eq!(request.via, Via::Direct);
    }
    computer.assert_no_proxy_was_used();
    assert!(std::fs::read_dir(computer.keys()).unwrap().next().is_none());
}

#[test]
fn each_application_tells_its_source_before_it_asks() {
    let computer = Computer::new();
    for played in Machine::ALL {
        let machine = computer.machine(played, &[]);
        let app = computer.asynchronous(&machine, &SystemAssigned).build();
        assert_eq!(app.unwrap().source().name(), played.name());
        let app = computer.blocking(&machine, &SystemAssigned).build();
        assert_eq!(app.unwrap().source().name(), played.name());
    }
    assert_eq!(computer.provider.connections(), 0);
}

#[test]
fn what_a_source_refuses_is_told_without_its_secret() {
    let computer = Computer::new();
    let wrong = "Opensesame";
    for (played, variable, status) in [
        (Machine::AppService, "IDENTITY_HEADER", 401),
        (Machine::AzureMl, "MSI_SECRET", 401),
        (Machine::ServiceFabric, "IDENTITY_HEADER", 404),
    ] {
        let machine = computer.machine(played, &[(variable, wrong)]);
        for outcome in computer.ask(&machine, &SystemAssigned) {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Server);
            assert_eq!(error.server().unwrap().status(), status);
            assert!(!format!("{error} {error:?}").contains(wrong), "{error:?}");
        }
    }
    let unknown = ManagedIdentityId::ClientId("00000000-0000-0000-0000-00000000dead".to_owned());
    for (played, says) in [
        (Machine::AppService, "No User Assigned"),
        (Machine::AzureArc, "Identity not found"),
        (Machine::AzureMl, "invalid_client"),
        (Machine::Imds, "Identity not found"),
    ] {
        for outcome in computer.ask(&computer.machine(played, &[]), &unknown) {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
    computer.assert_no_proxy_was_used();
}

#[test]
fn a_redirect_is_not_followed() {
    // 49
    let (computer, elsewhere) = (Computer::new(), LocalIdentityProvider::start().unwrap());
    for played in Machine::ALL {
        for target in [elsewhere.plain_url(), elsewhere.base_url()] {
            let fault = Fault::redirect(302, &target).on(Endpoint::ManagedIdentity);
            computer.provider.script(fault.times(2));
            let machine = computer.machine(played, &[]);
            for outcome in computer.ask(&machine, &SystemAssigned) {
                assert_eq!(outcome.unwrap_err().kind(), &ErrorKind::Redirected);
            }
        }
    }
    assert_eq!(elsewhere.connections(), 0);
    computer.assert_no_proxy_was_used();
}

/// Writes down the hosts that requests were for.
#[derive(Clone)]
struct Watched<T>(Arc<T>, Arc<Mutex<Vec<String>>>);

impl<T> Watched<T> {
    fn note(&self, request: &Request) {
        let authority = request.uri().authority().unwrap().to_string();
        self.1.lock().unwrap().push(authority);
    }
}

#[async_trait]
impl<T: AsyncTransport> AsyncTransport for Watched<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        panic!("on no terms: {}", request.uri());
    }

    async fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.note(&request);
        self.0.send_on_terms(request).await
    }
}

struct Blocking<T>(Watched<T>);

impl<T: Transport> Transport for Blocking<T> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        panic!("on no terms: {}", request.uri());
    }

    fn send_on_terms(&self, request: Request) -> Result<Response, TransportError> {
        self.0.note(&request);
        self.0.0.send_on_terms(request)
    }
}

#[test]
fn the_metadata_service_that_was_moved_is_the_only_one_that_is_asked() {
    let computer = Computer::new();
    let hosts = Arc::<Mutex<Vec<String>>>::default();
    let machine = computer.machine(Machine::Imds, &[]);
    let app = computer
        .asynchronous(&machine, &SystemAssigned)
        .transport(Watched(Arc::new(computer.reqwest()), hosts.clone()))
        .build()
        .unwrap();
    let call = app.acquire_token(VAULT).into_future();
    computer.runtime.block_on(call).unwrap();
    let watched = Watched(Arc::new(computer.ureq()), hosts.clone());
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .transport(Blocking(watched))
        .build()
        .unwrap();
    app.acquire_token(VAULT).send().unwrap();
    let here = computer.provider.address().to_string();
    assert_eq!(*hosts.lock().unwrap(), [here.clone(), here]);
    assert_eq!(computer.requests(), 2);
}

#[test]
fn a_source_that_is_not_there_is_asked_once() {
    // 67
    let computer = Computer::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let moved = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*address)];
    let machine = computer.machine(Machine::Imds, &moved);
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .build()
        .unwrap();
    let begun = std::time::Instant::now();
    let error = app.acquire_token(VAULT).send().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Transport);
    let says = error.to_string();
    assert!(
        says.contains("cannot be reached from this machine"),
        "{says}"
    );
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    computer.assert_no_proxy_was_used();
}
