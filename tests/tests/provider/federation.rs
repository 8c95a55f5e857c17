use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use msal_testing::defaults::TENANT_ID;
use msal_testing::{App, ClientCertificate, FederatedCredential, LocalIdentityProvider};
use serde_json::{Value, json};

use crate::assertion::{now, send, sign};
use crate::client::Client;
use crate::token_errors::assert_error;
use crate::token_url;

#[test]
fn a_federated_issuer_is_believed_for_its_subject_and_audience() {
    const ISSUER: &str = "https://token.actions.example";
    const SUBJECT: &str = "repo:contoso/app:ref:refs/heads/main";
    let signer = ClientCertificate::self_signed("issuer").unwrap();
    let stranger = ClientCertificate::self_signed("stranger").unwrap();
    let credential = FederatedCredential::new(ISSUER, SUBJECT, jwks(&signer));
    let provider = LocalIdentityProvider::builder()
        .app(App::new("fed").federated(credential))
        .start()
        .unwrap();
    let good = json!({ "iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange", "exp": now() + 300 });
    let change = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("key-1".to_owned());
    let send = |claims: &Value, key| send(&provider, "fed", &sign(&header, claims, key));
    assert_eq!(send(&good, &signer).status, 200);
    assert_eq!(
        send(
            &change("aud", json!(["api://AzureADTokenExchange"])),
            &signer
        )
        .status,
        200
    );
    let refused = [
        (change("iss", json!("https://other.example")), 700_211),
        (
            change("sub", json!("repo:contoso/app:ref:refs/heads/Main")),
            700_213,
        ),
        (change("aud", json!("api://other")), 700_212),
        (change("exp", json!(now() - 1000)), 700_024),
    ];
    for (claims, code) in refused {
        assert_error(
            &send(&claims, &signer),
            401,
            "invalid_client",
            code,
            &claims.to_string(),
        );
    }
    assert_error(
        &send(&good, &stranger),
        401,
        "invalid_client",
        50_013,
        "another key",
    );
}

#[test]
fn a_token_for_a_managed_identity_path_is_an_assertion_for_who_trusts_it() {
    let issuer = format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0");
    let blueprint = "11111111-1111-1111-1111-111111111111";
    let subject = "/eid1/c/pub/t/PIpPPVIKHk2aDG9_D25LEQ/a/EREREREREREREREREREREQ/agent";
    let provider = LocalIdentityProvider::builder()
        .app(App::new(blueprint).secret("s").managed_identity_paths())
        .app(App::new("agent").federated(FederatedCredential::from_provider(&issuer, subject)))
        .start()
        .unwrap();
    let first = |path| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", blueprint),
            ("client_secret", "s"),
            ("scope", "api://AzureADTokenExchange/.default"),
            ("fmi_path", path),
        ];
        let body = Client::of(&provider)
            .post(&token_url(), &fields)
            .unwrap()
            .json();
        body["access_token"].as_str().unwrap().to_owned()
    };
    assert_eq!(send(&provider, "agent", &first("agent")).status, 200);
    assert_error(
        &send(&provider, "agent", &first("other")),
        401,
        "invalid_client",
        700_213,
        "another path",
    );
}

fn jwks(certificate: &ClientCertificate) -> Value {
    let key = EncodingKey::from_rsa_pem(certificate.private_key_pem().as_bytes()).unwrap();
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    jwk.common.key_id = Some("key-1".to_owned());
    json!({ "keys": [jwk] })
}
