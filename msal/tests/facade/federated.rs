//! Applications without a secret, and agent identities, at the local identity provider: async over reqwest, blocking over
//! ureq.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;

use msal::credential::federated::{AzurePipelines, GitHubActions};
use msal::{
    ClientCredential, ConfidentialClientApplication, Error, ErrorKind, FederatedUser, Machine,
    ManagedIdentityApplication, ManagedIdentityId, TokenSource, Transport, blocking, federated,
};
use msal_testing::{
    App, Endpoint, FederatedCredential, LocalIdentityProvider, defaults, workloads,
};

use crate::stage::{SCOPE, Stage, authority};

const CLIENT_ID: &str = "6e5ac273-bf91-4bd1-a384-a1cfce628379";
const AGENT_CLIENT_ID: &str = "7f6bd384-c0a2-4ce2-b495-b2d0df73948a";
const BLUEPRINT_CLIENT_ID: &str = "807ce495-d1b3-4df3-85a6-c3e1e084a59b";
const EXCHANGE: &str = "api://AzureADTokenExchange/.default";

fn stage(issuer: &str, subject: &str) -> Stage {
    let trust = FederatedCredential::from_provider(issuer, subject);
    let app = App::new(CLIENT_ID).federated(trust);
    Stage::with(LocalIdentityProvider::builder().app(app).start().unwrap())
}

/// Asks for a token by both APIs; an application each.
async fn ask(stage: &Stage, credential: ClientCredential) -> [Result<String, Error>; 2] {
    let app = ConfidentialClientApplication::builder(CLIENT_ID)
        .authority(authority())
        .credential(credential.clone())
        .transport(stage.reqwest())
        .build()
        .unwrap();
    let first = app.acquire_token_for_client([SCOPE]).await;
    let ureq = stage.ureq();
    let second = tokio::task::spawn_blocking(move || {
        let app = blocking::ConfidentialClientApplication::builder(CLIENT_ID)
            .authority(authority())
            .credential(credential)
            .transport(ureq)
            .build()?;
        app.acquire_token_for_client([SCOPE]).send()
    });
    let second = second.await.unwrap();
    [first, second].map(|outcome| Ok(outcome?.access_token().expose().to_owned()))
}

fn github(url: &str) -> GitHubActions {
    let run = GitHubActions::read(|name| match name {
        "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(url.to_owned()),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some(workloads::GITHUB_REQUEST_TOKEN.to_owned()),
        _ => None,
    });
    run.unwrap()
}

fn pipelines(token: &str) -> AzurePipelines {
    let uri = |name: &str| {
        (name == "SYSTEM_OIDCREQUESTURI").then(|| workloads::PIPELINES_REQUEST_URI.to_owned())
    };
    AzurePipelines::read(workloads::PIPELINES_CONNECTION_ID, token, uri).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_github_actions_signs_in() {
    let stage = stage(workloads::GITHUB_ISSUER, workloads::GITHUB_SUBJECT);
    let run = github(workloads::GITHUB_REQUEST_URL);
    for outcome in ask(&stage, ClientCredential::from_federated(run)).await {
        outcome.unwrap();
    }
    assert_eq!(stage.provider.count(Endpoint::WorkloadIssuer), 2);
    let run = github(workloads::GITHUB_REQUEST_URL).audience("api://other");
    for outcome in ask(&stage, ClientCredential::from_federated(run)).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.aadsts_codes(), [700_212], "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_azure_pipelines_signs_in() {
    let stage = stage(workloads::PIPELINES_ISSUER, workloads::PIPELINES_SUBJECT);
    let run = pipelines(workloads::PIPELINES_ACCESS_TOKEN);
    for outcome in ask(&stage, ClientCredential::from_federated(run)).await {
        outcome.unwrap();
    }
    for outcome in ask(
        &stage,
        ClientCredential::from_federated(pipelines("canary")),
    )
    .await
    {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Credential);
        let text = format!("{error} {error:?}");
        assert!(text.contains("x-vss-e2eid: 5d0c0bb2"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(stage.provider.count(Endpoint::Token), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_for_each_request_through_a_link_and_within_limits() {
    let stage = stage(workloads::GITHUB_ISSUER, workloads::GITHUB_SUBJECT);
    let folder = tempfile::tempdir().unwrap();
    let (path, first) = (folder.path().join("token"), folder.path().join("first"));
    let credential = federated::token_file(&path);
    for outcome in ask(&stage, credential.clone()).await {
        let text = outcome.unwrap_err().to_string();
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }

    let request = github(workloads::GITHUB_REQUEST_URL).request().unwrap();
    let ureq = stage.ureq();
    let answer = tokio::task::spawn_blocking(move || ureq.send(request).unwrap());
    let token = GitHubActions::parse(&answer.await.unwrap()).unwrap();
    fs::write(&first, format!("{}\n", token.expose())).unwrap();
    symlink(&first, &path).unwrap();
    for outcome in ask(&stage, credential.clone()).await {
        outcome.unwrap();
    }

    let requests = stage.token_requests();
    fs::write(&first, "a".repeat(256 * 1024 + 1)).unwrap();
    for outcome in ask(&stage, credential.clone()).await {
        assert!(
            outcome
                .unwrap_err()
                .to_string()
                .contains("larger than any token")
        );
    }
    for outcome in ask(&stage, federated::token_file(folder.path())).await {
        assert!(outcome.unwrap_err().to_string().contains("no regular file"));
    }
    assert_eq!(stage.token_requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_identity_stands_for_a_secret() {
    // The services of machines issue tokens of version 1.
    let issuer = format!("https://sts.windows.net/{}/", defaults::TENANT_ID);
    let stage = stage(&issuer, defaults::SYSTEM_IDENTITY_OBJECT_ID);
    let told = stage.provider.environment(msal_testing::Machine::Imds);
    let told: HashMap<_, _> = told.unwrap().into_iter().collect();
    let identity = ManagedIdentityApplication::builder(ManagedIdentityId::SystemAssigned)
        .machine(Machine::read(|name| told.get(name).cloned()))
        .transport(stage.reqwest())
        .build()
        .unwrap();
    let credential = ClientCredential::from_federated(federated::managed_identity(&identity));
    for outcome in ask(&stage, credential).await {
        outcome.unwrap();
    }
    assert_eq!(stage.provider.count(Endpoint::ManagedIdentity), 1);
    let own = identity.acquire_token("api://AzureADTokenExchange").await;
    assert_eq!(own.unwrap().token_source(), TokenSource::Cache);
}

fn agents() -> Stage {
    let blueprint = App::new(BLUEPRINT_CLIENT_ID)
        .secret("blueprint secret")
        .managed_identity_paths();
    let issuer = format!(
        "https://login.microsoftonline.com/{}/v2.0",
        defaults::TENANT_ID
    );
    let subject =
        format!("/eid1/c/pub/t/PIpPPVIKHk2aDG9_D25LEQ/a/leR8gLPR802FpsPh4ISlmw/{AGENT_CLIENT_ID}");
    let agent = App::new(AGENT_CLIENT_ID)
        .federated(FederatedCredential::from_provider(&issuer, &subject))
        .delegated(defaults::GRAPH, "User.Read");
    let provider = LocalIdentityProvider::builder().app(blueprint).app(agent);
    Stage::with(provider.start().unwrap())
}

#[tokio::test]
async fn an_agent_acts_for_itself_and_as_its_user() {
    let stage = agents();
    let blueprint = ConfidentialClientApplication::builder(BLUEPRINT_CLIENT_ID)
        .authority(authority())
        .credential(ClientCredential::from_secret("blueprint secret"))
        .transport(stage.reqwest())
        .build()
        .unwrap();
    let by_blueprint = federated::agent_identity(&blueprint, AGENT_CLIENT_ID);
    let agent = ConfidentialClientApplication::builder(AGENT_CLIENT_ID)
        .authority(authority())
        .credential(ClientCredential::from_federated(by_blueprint))
        .transport(stage.reqwest())
        .build()
        .unwrap();

    agent.acquire_token_for_client([SCOPE]).await.unwrap();
    let exchange = agent.acquire_token_for_client([EXCHANGE]).await.unwrap();
    // The blueprint's token served both.
    assert_eq!(stage.token_requests(), 3);

    let users = [
        FederatedUser::ObjectId(defaults::USER_OBJECT_ID.to_owned()),
        FederatedUser::Username(defaults::USERNAME.to_owned()),
    ];
    for user in users {
        let call = agent.acquire_token_by_user_federated_identity_credential(
            exchange.access_token().expose(),
            user,
            ["User.Read"],
        );
        let result = call.await.unwrap();
        assert_eq!(result.account().unwrap().username(), defaults::USERNAME);
        assert_eq!(result.token_source(), TokenSource::IdentityProvider);
    }
    assert_eq!(stage.token_requests(), 5);
    let forms: Vec<_> = stage.provider.requests(Endpoint::Token);
    let mailbox = |index: usize| forms[index].header("x-anchormailbox").map(str::to_owned);
    let by_id = format!("Oid:{}@{}", defaults::USER_OBJECT_ID, defaults::TENANT_ID);
    assert_eq!(mailbox(3), Some(by_id));
    assert_eq!(mailbox(4), Some(format!("UPN:{}", defaults::USERNAME)));

    let accounts = agent.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    let silent = agent
        .acquire_token_silent(["User.Read"], &accounts[0])
        .await
        .unwrap();
    assert_eq!(silent.token_source(), TokenSource::Cache);
    let renewed = agent
        .acquire_token_silent(["User.Read"], &accounts[0])
        .force_refresh()
        .await
        .unwrap();
    assert_eq!(renewed.token_source(), TokenSource::IdentityProvider);

    let requests = stage.token_requests();
    for user in [
        FederatedUser::ObjectId("alice".into()),
        FederatedUser::Username(String::new()),
    ] {
        let call =
            agent.acquire_token_by_user_federated_identity_credential("t", user, ["User.Read"]);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("federated user"));
    }
    assert_eq!(stage.token_requests(), requests);
}

#[test]
fn a_blocking_agent_does_the_same() {
    let stage = agents();
    let builder = |id: &str| {
        blocking::ConfidentialClientApplication::builder(id)
            .authority(authority())
            .transport(stage.ureq())
    };
    let secret = ClientCredential::from_secret("blueprint secret");
    let blueprint = builder(BLUEPRINT_CLIENT_ID)
        .credential(secret)
        .build()
        .unwrap();
    let by_blueprint = federated::agent_identity(&blueprint, AGENT_CLIENT_ID);
    let credential = ClientCredential::from_federated(by_blueprint);
    let agent = builder(AGENT_CLIENT_ID)
        .credential(credential)
        .build()
        .unwrap();

    let exchange = agent.acquire_token_for_client([EXCHANGE]).send().unwrap();
    let user = FederatedUser::Username(defaults::USERNAME.to_owned());
    let t2 = exchange.access_token().expose();
    let call =
        agent.acquire_token_by_user_federated_identity_credential(t2, user.clone(), ["User.Read"]);
    let account = call.send().unwrap().account().cloned().unwrap();
    let silent = agent
        .acquire_token_silent(["User.Read"], &account)
        .send()
        .unwrap();
    assert_eq!(silent.token_source(), TokenSource::Cache);

    // A token for the agent's resource is no credential of its user.
    let other = agent.acquire_token_for_client([SCOPE]).send().unwrap();
    let other = other.access_token().expose();
    let call =
        agent.acquire_token_by_user_federated_identity_credential(other, user, ["User.Read"]);
    let error = call.send().unwrap_err();
    assert_eq!(error.aadsts_codes(), [50_013], "{error}");
}
