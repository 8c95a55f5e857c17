//! Acquisitions over TLS on the loopback, beside the same HTTP client posting the same request.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use msal::{
    AsyncTransport as _, AuthenticationResult, ClientCredential, Request, ReqwestTransport, Scopes,
    Transport as _, UreqTransport,
};
use msal_core::credential::ClientAuthentication;
use msal_core::protocol::client_credentials::{self, ClientCredentials};
use msal_testing::{LocalIdentityProvider, defaults};

use crate::support::TOKEN_LENGTH;
use crate::support::race::{Race, repeated};
use crate::support::report::{note, row, time};

/// One after another on a connection that stays open.
pub(crate) fn keep_alive() -> Result<(), Box<dyn Error>> {
    let provider = LocalIdentityProvider::builder()
        .opaque_access_tokens(TOKEN_LENGTH)
        .start()?;
    reqwest(&provider)?;
    ureq(&provider)?;
    ureq_without_tls(&provider)
}

fn reqwest(provider: &LocalIdentityProvider) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let transport = ReqwestTransport::builder()
        .no_proxy()
        .add_root_certificates_pem(provider.ca_pem());
    let transport = Arc::new(transport.build()?);
    let app = msal::ConfidentialClientApplication::builder(defaults::SECRET_CLIENT_ID)
        .authority(authority(&provider.base_url()))
        .instance_discovery(false)
        .credential(ClientCredential::from_secret(defaults::CLIENT_SECRET))
        .transport(transport.clone())
        .build()?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .tls_certs_only([reqwest::Certificate::from_pem(
            provider.ca_pem().as_bytes(),
        )?])
        .build()?;
    let request = request(&provider.base_url())?;
    let race = Race::run(
        ROUNDS,
        IN_A_ROW,
        [
            &mut repeated(|| {
                let post = reqwest::Request::try_from(request.clone())
                    .expect("a request that was sent before");
                let answer = runtime.block_on(async { client.execute(post).await?.bytes().await });
                assert_token(answer);
            }),
            &mut repeated(|| {
                let call = app.acquire_token_for_client([SCOPE]).force_refresh();
                assert_acquired(runtime.block_on(async { call.await }));
            }),
            &mut repeated(|| {
                let answer = runtime.block_on(transport.send(request.clone()));
                assert_token(answer.map(http::Response::into_body));
            }),
        ],
    );
    report("reqwest, TLS", &race);
    let measured = format!("{:.2} × a bare POST", race.ratio(0, 2));
    note(
        "a POST by the reqwest transport, beside reqwest's own",
        &measured,
    );
    Ok(())
}

/// Against the transport's own post: ureq has no connector but ours for a certificate authority of one's own.
fn ureq(provider: &LocalIdentityProvider) -> Result<(), Box<dyn Error>> {
    let transport = UreqTransport::builder()
        .no_proxy()
        .add_root_certificates_pem(provider.ca_pem());
    let transport = Arc::new(transport.build()?);
    let app = msal::blocking::ConfidentialClientApplication::builder(defaults::SECRET_CLIENT_ID)
        .authority(authority(&provider.base_url()))
        .instance_discovery(false)
        .credential(ClientCredential::from_secret(defaults::CLIENT_SECRET))
        .transport(transport.clone())
        .build()?;
    let request = request(&provider.base_url())?;
    let race = Race::run(
        ROUNDS,
        IN_A_ROW,
        [
            &mut repeated(|| {
                assert_token(
                    transport
                        .send(request.clone())
                        .map(http::Response::into_body),
                )
            }),
            &mut repeated(|| {
                assert_acquired(app.acquire_token_for_client([SCOPE]).force_refresh().send())
            }),
        ],
    );
    report("ureq, TLS", &race);
    Ok(())
}

/// What our connector and our limits add to ureq as it comes.
fn ureq_without_tls(provider: &LocalIdentityProvider) -> Result<(), Box<dyn Error>> {
    let transport = UreqTransport::builder().no_proxy().build()?;
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let request = request(&provider.plain_url())?;
    let race = Race::run(
        ROUNDS,
        IN_A_ROW,
        [
            &mut repeated(|| {
                let answer = agent.run(request.clone().map(Vec::from));
                assert_token(
                    answer
                        .and_then(|answer| answer.into_body().read_to_vec())
                        .map(Bytes::from),
                );
            }),
            &mut repeated(|| {
                assert_token(
                    transport
                        .send(request.clone())
                        .map(http::Response::into_body),
                )
            }),
        ],
    );
    let measured = format!("{:.2} × a bare POST", race.ratio(0, 1));
    note(
        "a POST by the ureq transport, plain HTTP, beside ureq's own",
        &measured,
    );
    Ok(())
}

fn report<const N: usize>(client: &str, race: &Race<N>) {
    note(
        &format!("a bare POST, keep-alive, {client}"),
        &time(race.time(0)),
    );
    let speed = race.ratio(0, 1);
    row(
        &format!("acquisitions, keep-alive, one after another, {client}"),
        "≥ 0.9 × a bare POST",
        &format!("{} = {speed:.2} × a bare POST", time(race.time(1))),
        speed >= 0.9,
    );
}

fn assert_token<E>(answer: Result<Bytes, E>) {
    let is_token = |body: Bytes| body.windows(14).any(|text| text == b"\"access_token\"");
    assert!(answer.is_ok_and(is_token), "the provider answers");
}

fn assert_acquired(outcome: Result<AuthenticationResult, msal::Error>) {
    assert!(black_box(outcome).is_ok(), "the provider answers");
}

/// The request that the library sends.
fn request(base: &str) -> Result<Request, Box<dyn Error>> {
    let grant = ClientCredentials {
        client_id: defaults::SECRET_CLIENT_ID,
        authentication: &ClientAuthentication::Secret(defaults::CLIENT_SECRET.into()),
        scopes: &Scopes::parse([SCOPE])?,
        claims: None,
        fmi_path: None,
        parameters: &[],
    };
    let endpoint = format!("{}/oauth2/v2.0/token", authority(base));
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse()?;
    Ok(client_credentials::request(&grant, &endpoint.parse()?, id)?)
}

fn authority(base: &str) -> String {
    format!("{base}/{}", defaults::TENANT_ID)
}

const SCOPE: &str = "https://graph.microsoft.com/.default";
const ROUNDS: usize = 100;
/// So many that each way is timed as it is when nothing else runs between two calls.
const IN_A_ROW: u64 = 20;
