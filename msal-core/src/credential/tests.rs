//! Credentials as flows use them; assertions are checked with another implementation of JOSE.
#![cfg(feature = "certificate")]

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::assertion::UnsignedAssertion;
use super::*;
use crate::flow::{CallContext, Flow, Io};
use crate::{
    AccessToken, Authority, Clock, CorrelationId, Env, Host, Random, Request, Response, Scopes,
    Timestamp, TransportError, jwt, run,
};

#[test]
fn entra_id_gets_ps256_with_the_sha256_thumbprint() {
    let assertion = assertion(
        &ClientCredential::from_certificate(certificate()),
        SigningAlgorithm::Ps256,
    );
    let (header, claims) = verified(&assertion, Algorithm::PS256);
    let x5t_s256 = jwt::base64url(&certificate().public().sha256_thumbprint());
    assert_eq!(
        header,
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": x5t_s256 })
    );
    assert_eq!(
        claims,
        json!({
            "aud": TOKEN_ENDPOINT, "iss": CLIENT_ID, "sub": CLIENT_ID, "jti": claims["jti"],
            "iat": NOW, "nbf": NOW - 60, "exp": NOW + 600,
        })
    );
}

#[test]
fn ad_fs_gets_rs256_with_the_sha1_thumbprint() {
    let assertion = assertion(
        &ClientCredential::from_certificate(certificate()),
        SigningAlgorithm::Rs256,
    );
    let (header, claims) = verified(&assertion, Algorithm::RS256);
    let x5t = jwt::base64url(&certificate().public().sha1_thumbprint());
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "x5t": x5t }));
    assert_eq!(claims["aud"], TOKEN_ENDPOINT);
}

#[test]
fn x5c_holds_the_certificates_in_standard_base64_the_leaf_first() {
    let certificate = Certificate::from_pem(CHAIN, KEY).unwrap().send_x5c(true);
    let ours = ClientCredential::from_certificate(certificate);
    let assertion = assertion(&ours, SigningAlgorithm::Ps256);
    let (header, _) = verified(&assertion, Algorithm::PS256);
    let x5c = header["x5c"].as_array().unwrap();
    let leaf: String = CERTIFICATE
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    assert_eq!((x5c.len(), x5c[0].as_str()), (3, Some(leaf.as_str())));
}

#[test]
fn claims_of_the_program_are_added() {
    let certificate = certificate()
        .assertion_claims(r#"{"client_ip":"192.0.2.1"}"#)
        .unwrap();
    let ours = ClientCredential::from_certificate(certificate);
    let (_, claims) = verified(&assertion(&ours, SigningAlgorithm::Ps256), Algorithm::PS256);
    assert_eq!(
        (&claims["client_ip"], &claims["aud"]),
        (&json!("192.0.2.1"), &json!(TOKEN_ENDPOINT))
    );
}

#[test]
fn no_two_assertions_have_the_same_id() {
    let (env, certificate) = (env(), certificate());
    let context = context(SigningAlgorithm::Ps256);
    let ids: HashSet<_> = (0..10_000)
        .map(|_| {
            let input = UnsignedAssertion::new(&context, &env)
                .signing_input(certificate.public())
                .unwrap();
            payload(&input)["jti"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 10_000);
    assert!(
        ids.iter()
            .all(|id| uuid::Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 4))
    );
}

#[test]
fn a_certificate_that_is_over_is_not_sent_to_entra_id() {
    let certificate = Certificate::from_pem(EXPIRED, KEY).unwrap();
    let ours = ClientCredential::from_certificate(certificate);
    let error = authenticate(&ours, SigningAlgorithm::Ps256).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    assert!(
        error
            .to_string()
            .contains("expired at 2001-01-01T00:00:00Z"),
        "{error}"
    );
    assert!(authenticate(&ours, SigningAlgorithm::Rs256).is_ok());
}

#[test]
fn a_signer_is_asked_to_sign_what_is_sent() {
    let here = certificate();
    let signer = move |algorithm: SigningAlgorithm, input: &[u8]| here.sign(algorithm, input);
    let ours = ClientCredential::from_signer(certificate().public().clone(), signer);
    for (ours_asked, theirs) in [
        (SigningAlgorithm::Ps256, Algorithm::PS256),
        (SigningAlgorithm::Rs256, Algorithm::RS256),
    ] {
        verified(&assertion(&ours, ours_asked), theirs);
    }
}

#[test]
fn a_signature_that_cannot_be_the_certificates_is_refused() {
    for length in [0, 1, 255, 257, 512] {
        let signer = move |_: SigningAlgorithm, _: &[u8]| Ok::<_, Error>(vec![7; length]);
        let ours = ClientCredential::from_signer(certificate().public().clone(), signer);
        let error = authenticate(&ours, SigningAlgorithm::Ps256).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Credential, "{length}");
    }
}

#[test]
fn a_certificate_can_be_replaced_while_the_program_runs() {
    let current = Arc::new(Mutex::new(certificate()));
    let ours = ClientCredential::from_certificate_provider({
        let current = current.clone();
        move |_: &AssertionContext| Ok::<_, Error>(current.lock().unwrap().clone())
    });
    verified(&assertion(&ours, SigningAlgorithm::Ps256), Algorithm::PS256);
    let other = Certificate::from_pem(OTHER_CERTIFICATE, OTHER_KEY).unwrap();
    let thumbprint = jwt::base64url(&other.public().sha256_thumbprint());
    *current.lock().unwrap() = other;
    let assertion = assertion(&ours, SigningAlgorithm::Ps256);
    let header = part(assertion.split('.').next().unwrap());
    assert_eq!(header["x5t#S256"], thumbprint);
}

#[test]
fn a_provider_learns_what_its_assertion_is_for() {
    let ours = ClientCredential::from_assertion_provider(|context: &AssertionContext| {
        let seen = [
            context.client_id(),
            context.token_endpoint(),
            context.authority(),
            context.tenant().unwrap(),
            context.claims().unwrap(),
            context.fmi_path().unwrap(),
            &context.correlation_id().to_string(),
        ];
        Ok::<_, Error>(ClientAssertion::new(format!(" {}\n", seen.join("|"))))
    });
    let expected = [
        CLIENT_ID,
        TOKEN_ENDPOINT,
        "https://login.microsoftonline.com/contoso",
        "contoso",
        "{}",
        "a/b",
        CORRELATION_ID,
    ]
    .join("|");
    assert_eq!(assertion(&ours, SigningAlgorithm::Ps256), expected);
}

#[test]
fn async_callbacks_need_an_async_driver_and_work_there() {
    let here = certificate();
    let signer = move |algorithm: SigningAlgorithm, input: Vec<u8>| {
        let signature = here.sign(algorithm, &input);
        async move { signature }
    };
    let signer = ClientCredential::from_async_signer(certificate().public().clone(), signer);
    let provider =
        ClientCredential::from_async_assertion_provider(|context: AssertionContext| async move {
            Ok::<_, Error>(ClientAssertion::new(context.client_id()))
        });
    for ours in [&signer, &provider] {
        assert!(ours.needs_async());
        let error = authenticate(ours, SigningAlgorithm::Ps256).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
    }
    verified(&awaited(&signer), Algorithm::PS256);
    assert_eq!(awaited(&provider), CLIENT_ID);
}

#[test]
fn what_a_callback_fails_with_is_the_source_and_a_panic_is_caught() {
    let failing = ClientCredential::from_assertion_provider(|_: &AssertionContext| {
        Err::<ClientAssertion, _>(std::io::Error::other("the vault is sealed"))
    });
    let error = authenticate(&failing, SigningAlgorithm::Ps256).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.downcast_ref::<std::io::Error>().is_some(),
        "{source}"
    );

    let panicking = ClientCredential::from_signer(
        certificate().public().clone(),
        |_: SigningAlgorithm, _: &[u8]| -> Result<Vec<u8>, Error> { panic!("out of cards") },
    );
    let error = authenticate(&panicking, SigningAlgorithm::Ps256).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::CallbackPanicked("assertion signer")
    );
}

#[test]
fn nothing_empty_is_sent() {
    let empty = |_: &AssertionContext| Ok::<_, Error>(ClientAssertion::new(" \n"));
    let cases = [
        (
            ClientCredential::from_secret(""),
            ErrorKind::InvalidArgument("client secret"),
        ),
        (
            ClientCredential::from_assertion("\n"),
            ErrorKind::InvalidArgument("client assertion"),
        ),
        (
            ClientCredential::from_assertion_provider(empty),
            ErrorKind::Credential,
        ),
    ];
    for (ours, kind) in cases {
        let error = authenticate(&ours, SigningAlgorithm::Ps256).unwrap_err();
        assert_eq!(error.kind(), &kind, "{ours:?}");
    }
}

#[test]
fn an_app_token_provider_replaces_the_request() {
    let ours = ClientCredential::from_app_token_provider(|request: &AppTokenRequest| {
        let token = format!("{} {}", request.scopes, request.tenant.as_deref().unwrap());
        Ok::<_, Error>(
            AppToken::new(token, Duration::from_secs(60)).refresh_in(Duration::from_secs(30)),
        )
    });
    let error = authenticate(&ours, SigningAlgorithm::Ps256).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Unsupported("an app token provider")
    );
    let token = app_token(&ours).unwrap().unwrap();
    let expected = (
        AccessToken::new("a contoso"),
        Duration::from_secs(60),
        Some(Duration::from_secs(30)),
    );
    assert_eq!(token.into_parts(), expected);

    let empty = |_: &AppTokenRequest| Ok::<_, Error>(AppToken::new("", Duration::ZERO));
    let error = app_token(&ClientCredential::from_app_token_provider(empty))
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Credential);
    assert!(app_token(&ClientCredential::from_secret("s")).is_none());
}

#[test]
fn nothing_secret_is_shown() {
    let canary = "canary-8c1f6ff1";
    let credentials = [
        ClientCredential::from_secret(canary),
        ClientCredential::from_assertion(canary),
        ClientCredential::from_assertion_provider(|_: &AssertionContext| {
            Ok::<_, Error>(ClientAssertion::new("canary-8c1f6ff1"))
        }),
    ];
    for ours in credentials {
        let sent = authenticate(&ours, SigningAlgorithm::Ps256).unwrap();
        assert!(sent.form_pairs().any(|(_, value)| value == canary));
        for shown in [format!("{ours:?} {ours:#?}"), format!("{sent:?} {sent:#?}")] {
            assert!(!shown.contains(canary), "{shown}");
        }
    }
    let shown = format!(
        "{:?} {:#?}",
        certificate(),
        AppToken::new(canary, Duration::ZERO)
    );
    assert!(!shown.contains(canary) && !shown.contains("MII"), "{shown}");
}

#[test]
fn credentials_are_told_apart_without_their_assertions() {
    let secret = |text: &str| *ClientCredential::from_secret(text).fingerprint();
    assert_eq!(secret("a"), secret("a"));
    assert_ne!(secret("a"), secret("b"));
    assert_ne!(
        &secret("a"),
        ClientCredential::from_assertion("a").fingerprint()
    );
    let local = ClientCredential::from_certificate(certificate());
    let remote = ClientCredential::from_signer(
        certificate().public().clone(),
        |_: SigningAlgorithm, _: &[u8]| Ok::<_, Error>(Vec::new()),
    );
    assert_eq!(local.fingerprint(), remote.fingerprint());
    let provider = || {
        ClientCredential::from_assertion_provider(|_: &AssertionContext| {
            Ok::<_, Error>(ClientAssertion::new("a"))
        })
    };
    let one = provider();
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
    assert_ne!(one.fingerprint(), provider().fingerprint());
}

/// Checks the signature with another implementation of JOSE, and hands over header and claims.
fn verified(assertion: &str, algorithm: Algorithm) -> (Value, Value) {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[TOKEN_ENDPOINT]);
    validation.set_issuer(&[CLIENT_ID]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "nbf", "sub"]);
    // The clock of these tests is their own.
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).unwrap();
    let token = jsonwebtoken::decode::<Value>(assertion, &key, &validation).unwrap();
    assert_eq!(token.header.alg, algorithm);
    assert!(!assertion.contains('='));
    let header = assertion.split('.').next().unwrap();
    (part(header), token.claims)
}

fn payload(signing_input: &str) -> Value {
    part(signing_input.split('.').nth(1).unwrap())
}

fn part(text: &str) -> Value {
    use base64::Engine;
    let json = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn assertion(credential: &ClientCredential, algorithm: SigningAlgorithm) -> String {
    exposed(authenticate(credential, algorithm).unwrap())
}

fn awaited(credential: &ClientCredential) -> String {
    use std::task::{Context, Poll, Waker};
    let mut driven = Box::pin(crate::run_async(
        flow(credential, SigningAlgorithm::Ps256),
        &Offline,
    ));
    match driven
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(outcome) => exposed(outcome.unwrap()),
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn exposed(sent: ClientAuthentication) -> String {
    let ClientAuthentication::Assertion(assertion) = sent else {
        panic!("{sent:?} is no assertion");
    };
    assertion.expose().to_owned()
}

fn authenticate(
    credential: &ClientCredential,
    algorithm: SigningAlgorithm,
) -> Result<ClientAuthentication, Error> {
    run(flow(credential, algorithm), &Offline)
}

fn flow(credential: &ClientCredential, algorithm: SigningAlgorithm) -> Flow<ClientAuthentication> {
    let credential = credential.clone();
    Flow::new(call(), env(), async move |mut io: Io| {
        credential.authenticate(&context(algorithm), &mut io).await
    })
}

fn app_token(credential: &ClientCredential) -> Option<Result<AppToken, Error>> {
    let credential = credential.clone();
    let request = AppTokenRequest {
        scopes: Scopes::parse(["a"]).unwrap(),
        tenant: Some("contoso".to_owned()),
        claims: None,
        correlation_id: CORRELATION_ID.parse().unwrap(),
    };
    let flow = Flow::new(call(), env(), async move |mut io: Io| {
        Ok(credential.app_token(|| request, &mut io).await)
    });
    run(flow, &Offline).unwrap()
}

static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::parse("https://login.microsoftonline.com/contoso").unwrap());

fn context(algorithm: SigningAlgorithm) -> CredentialContext<'static> {
    CredentialContext {
        client_id: CLIENT_ID,
        token_endpoint: TOKEN_ENDPOINT,
        authority: &AUTHORITY,
        tenant: Some("contoso"),
        correlation_id: CORRELATION_ID.parse().unwrap(),
        claims: Some("{}"),
        fmi_path: Some("a/b"),
        algorithm,
    }
}

fn call() -> CallContext {
    CallContext {
        flow: "test",
        correlation_id: CORRELATION_ID.parse::<CorrelationId>().unwrap(),
        deadline: Duration::from_secs(60),
    }
}

fn certificate() -> Certificate {
    Certificate::from_pem(CERTIFICATE, KEY).unwrap()
}

fn env() -> Env {
    Env::new(Standing, Chance)
}

#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(NOW)
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Debug)]
struct Chance;

impl Random for Chance {
    fn id(&self, bytes: &mut [u8]) {
        fill(bytes);
    }

    fn secret(&self, bytes: &mut [u8]) {
        fill(bytes);
    }

    fn detached(&self) -> fn(&mut [u8]) {
        fill
    }
}

fn fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).unwrap();
}

struct Offline;

impl Host for Offline {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        panic!("a credential sends nothing")
    }

    fn wait(&self, _: Duration) {}
}

impl crate::AsyncHost for Offline {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        panic!("a credential sends nothing")
    }

    async fn wait(&self, _: Duration) {}
}

const CERTIFICATE: &str = include_str!("../../tests/fixtures/credential/certificate.pem");
const CHAIN: &str = include_str!("../../tests/fixtures/credential/chain.pem");
const EXPIRED: &str = include_str!("../../tests/fixtures/credential/certificate-expired.pem");
const KEY: &str = include_str!("../../tests/fixtures/credential/key.pem");
const OTHER_CERTIFICATE: &str =
    include_str!("../../tests/fixtures/credential/other-certificate.pem");
const OTHER_KEY: &str = include_str!("../../tests/fixtures/credential/other-key.pem");
const PUBLIC_KEY: &str = include_str!("../../tests/fixtures/credential/public-key.pem");

const CLIENT_ID: &str = "11111111-2222-4333-8444-555555555555";
const CORRELATION_ID: &str = "99999999-8888-4777-8666-555555555555";
const NOW: u64 = 1_800_000_000;
const TOKEN_ENDPOINT: &str = "https://login.microsoftonline.com/contoso/oauth2/v2.0/token";
