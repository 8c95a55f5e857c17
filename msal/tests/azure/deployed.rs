//! The chain for deployed programs, with environments of the tests' own.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use msal::azure::DeployedCredential;
use msal::{Error, ErrorKind};
use msal_testing::{
    App, Endpoint, FederatedCredential, LocalIdentityProvider, defaults, workloads,
};

use crate::stage::{VAULT, ask, ours, transport};

type Variables = HashMap<&'static str, String>;

fn built(
    provider: &LocalIdentityProvider,
    variables: Variables,
) -> Result<DeployedCredential, Error> {
    DeployedCredential::builder()
        .environment(move |name| variables.get(name).cloned())
        .transport(transport(provider))
        .build()
}

fn variables<const N: usize>(variables: [(&'static str, &str); N]) -> Variables {
    variables
        .map(|(name, value)| (name, value.to_owned()))
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_environment_is_the_first_link() {
    let provider = LocalIdentityProvider::start().unwrap();
    let mut told = variables([
        ("AZURE_TENANT_ID", defaults::TENANT_ID),
        ("AZURE_CLIENT_ID", defaults::SECRET_CLIENT_ID),
        ("AZURE_CLIENT_SECRET", defaults::CLIENT_SECRET),
        ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere"),
    ]);
    let credential = built(&provider, told.clone()).unwrap();
    assert_eq!(credential.link(), "environment");
    ask(Arc::new(credential), VAULT, None).await.unwrap();

    told.insert("AZURE_CLIENT_SECRET", "canary".to_owned());
    let error = ask(
        Arc::new(built(&provider, told.clone()).unwrap()),
        VAULT,
        None,
    )
    .await
    .unwrap_err();
    assert_eq!(ours(&error).aadsts_codes(), [7_000_215]);
    let text = error.to_string();
    for said in [
        "environment: ",
        "AADSTS7000215",
        "workload identity: not asked",
        "managed identity: not asked",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!text.contains("canary"), "{text}");

    told.remove("AZURE_TENANT_ID");
    let error = built(&provider, told).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidArgument("AZURE_TENANT_ID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_the_environment_is_the_first_link() {
    let provider = LocalIdentityProvider::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.pem");
    let both = [
        provider.client_certificate_file(),
        provider.client_key_file(),
    ]
    .map(|path| fs::read_to_string(path).unwrap());
    fs::write(&path, both.concat()).unwrap();
    let mut told = variables([
        ("AZURE_TENANT_ID", defaults::TENANT_ID),
        ("AZURE_CLIENT_ID", defaults::CERTIFICATE_CLIENT_ID),
        ("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap()),
    ]);
    ask(
        Arc::new(built(&provider, told.clone()).unwrap()),
        VAULT,
        None,
    )
    .await
    .unwrap();
    told.insert("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere".to_owned());
    let error = built(&provider, told).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidArgument("AZURE_CLIENT_CERTIFICATE_PATH")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_the_second_link() {
    let trust =
        FederatedCredential::from_provider(workloads::GITHUB_ISSUER, workloads::GITHUB_SUBJECT);
    let client_id = "6e5ac273-bf91-4bd1-a384-a1cfce628379";
    let app = App::new(client_id).federated(trust);
    let provider = LocalIdentityProvider::builder().app(app).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let told = variables([
        ("AZURE_TENANT_ID", defaults::TENANT_ID),
        ("AZURE_CLIENT_ID", client_id),
        ("AZURE_CLIENT_SECRET", ""),
        ("AZURE_FEDERATED_TOKEN_FILE", path.to_str().unwrap()),
    ]);
    let credential = built(&provider, told).unwrap();
    assert_eq!(credential.link(), "workload identity");
    let error = ask(Arc::new(credential.clone()), VAULT, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    for said in [
        "neither AZURE_CLIENT_SECRET nor",
        path.to_str().unwrap(),
        "managed identity: not asked",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(provider.count(Endpoint::Token), 0);

    fs::write(&path, "not.a.token").unwrap();
    let error = ask(Arc::new(credential), VAULT, None).await.unwrap_err();
    assert_eq!(ours(&error).kind(), &ErrorKind::Server);
    assert_eq!(provider.count(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_identity_is_the_last_link() {
    let provider = LocalIdentityProvider::start().unwrap();
    let mut told: Variables = provider
        .environment(msal_testing::Machine::AppService)
        .unwrap()
        .into_iter()
        .collect();
    let credential = built(&provider, told.clone()).unwrap();
    assert_eq!(credential.link(), "managed identity");
    ask(Arc::new(credential), VAULT, None).await.unwrap();

    told.insert(
        "AZURE_CLIENT_ID",
        "6e5ac273-bf91-4bd1-a384-a1cfce628379".to_owned(),
    );
    let error = ask(Arc::new(built(&provider, told).unwrap()), VAULT, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    for said in [
        "neither AZURE_CLIENT_SECRET nor",
        "AZURE_FEDERATED_TOKEN_FILE is not set",
        "managed identity: ",
    ] {
        assert!(text.contains(said), "{text}");
    }
    let asked = provider.requests(Endpoint::ManagedIdentity);
    assert_eq!(
        asked[1].query_parameter("client_id").as_deref(),
        Some("6e5ac273-bf91-4bd1-a384-a1cfce628379")
    );
}
