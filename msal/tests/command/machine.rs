//! Identities that the machine gives: managed, federated; and what the doctor says of it.

use std::fs;
use std::path::Path;

use msal_testing::{App, Endpoint, FederatedCredential, LocalIdentityProvider, Machine, workloads};
use serde_json::{Value, json};

use crate::world::{GRAPH_SCOPE, TRANSPORTS, World};

const CLIENT_ID: &str = "6e5ac273-bf91-4bd1-a384-a1cfce628379";
const VAULT: &str = "https://vault.azure.net";

fn trusting(issuer: &str, subject: &str) -> World {
    let trust = FederatedCredential::from_provider(issuer, subject);
    World::of(LocalIdentityProvider::builder().app(App::new(CLIENT_ID).federated(trust)))
}

#[test]
fn a_machine_gives_a_token_and_then_the_cache_does() {
    for transport in TRANSPORTS {
        let world = World::new();
        let cache = world.path("cache.json");
        let run = || {
            let mut run = world
                .run([
                    "managed-identity",
                    "--resource",
                    VAULT,
                    "--transport",
                    transport,
                ])
                .path("--cache", &cache);
            for (name, value) in world.provider.environment(Machine::AppService).unwrap() {
                run = run.env(name, value);
            }
            run
        };
        let first = run().token();
        assert_eq!(first["token_source"], "identity_provider");
        assert_eq!(first["account"], Value::Null);
        let second = run().token();
        assert_eq!(second["token_source"], "cache");
        assert_eq!(second["access_token"], first["access_token"]);
        assert_eq!(world.provider.count(Endpoint::ManagedIdentity), 1);
        let user = run().arguments(["--client-id-of", CLIENT_ID]);
        user.error(1, "server");
        let asked = world.provider.requests(Endpoint::ManagedIdentity);
        assert_eq!(
            asked[1].query_parameter("client_id").as_deref(),
            Some(CLIENT_ID)
        );
    }
}

#[test]
fn the_source_is_told_without_a_request() {
    let world = World::new();
    for machine in Machine::ALL {
        let mut run = world.bare(["managed-identity", "source"]);
        for (name, value) in world.provider.environment(machine).unwrap() {
            run = run.env(name, value);
        }
        assert_eq!(run.answer(), json!({ "source": machine.name() }));
    }
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn what_is_wrong_with_the_command_comes_out_before_anything_is_sent() {
    let world = World::new();
    let run = |arguments: &[&str]| {
        let mut run = world.run(["managed-identity"]).arguments(arguments);
        for (name, value) in world.provider.environment(Machine::CloudShell).unwrap() {
            run = run.env(name, value);
        }
        run
    };
    run(&[]).error(2, "invalid_argument");
    let two = [
        "--resource",
        VAULT,
        "--object-id",
        "a",
        "--client-id-of",
        "b",
    ];
    run(&two).error(2, "invalid_argument");
    run(&["--resource", ""]).error(2, "invalid_argument");
    run(&["--resource", VAULT, "--client-id-of", CLIENT_ID]).error(1, "unsupported");
    assert_eq!(world.provider.connections(), 0);
}

#[test]
fn a_run_of_github_actions_is_a_credential() {
    let world = trusting(workloads::GITHUB_ISSUER, workloads::GITHUB_SUBJECT);
    for transport in TRANSPORTS {
        let run =
            world
                .token_of(CLIENT_ID)
                .arguments(["--github-actions", "--transport", transport]);
        run.error(2, "invalid_argument");
        let run = world
            .token_of(CLIENT_ID)
            .arguments(["--github-actions", "--transport", transport])
            .env(
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                workloads::GITHUB_REQUEST_URL,
            )
            .env(
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                workloads::GITHUB_REQUEST_TOKEN,
            );
        assert_eq!(run.token()["scopes"], json!([GRAPH_SCOPE]));
    }
    assert_eq!(world.provider.count(Endpoint::WorkloadIssuer), 2);
}

#[test]
fn a_federated_token_is_read_from_its_file() {
    let world = trusting(workloads::GITHUB_ISSUER, workloads::GITHUB_SUBJECT);
    let missing = world.path("missing");
    let run = |path: &Path| {
        world
            .token_of(CLIENT_ID)
            .path("--federated-token-file", path)
    };
    run(&missing).error(2, "invalid_argument");
    run(&world.file("empty", " \n")).error(2, "invalid_argument");
    let two = run(&world.file("token", "a.b.c")).arguments(["--github-actions"]);
    two.error(2, "invalid_argument");
    assert_eq!(world.provider.count(Endpoint::Token), 0);
    let path = world.file("token", "not.a.token\n");
    run(&path).error(1, "server");
    let sent = world.provider.requests(Endpoint::Token);
    let body = String::from_utf8(sent[0].body.to_vec()).unwrap();
    assert!(body.contains("client_assertion=not.a.token"), "{body}");
    fs::remove_file(path).unwrap();
}

#[test]
fn the_doctor_looks_at_the_machine_and_asks_nobody_unless_told() {
    let world = World::new();
    let run = || {
        world
            .bare(["doctor"])
            .env("HTTPS_PROXY", "http://me:canary@proxy:1")
            .env("AZURE_FEDERATED_TOKEN_FILE", "/run/token")
            .env("MSI_ENDPOINT", "http://127.0.0.1:1/")
    };
    let said = run().answer();
    assert_eq!(said["proxy"]["HTTPS_PROXY"], "http://[redacted]@proxy:1");
    let federated =
        json!({ "azure_pipelines": false, "github_actions": false, "workload_identity": true });
    assert_eq!(said["federated"], federated);
    assert_eq!(said["managed_identity"]["source"], "cloud_shell");
    assert_eq!(
        (&said["authority"], &said["cache"]),
        (&Value::Null, &Value::Null)
    );
    assert!(said["keyring"]["ok"].is_boolean());
    assert_eq!(world.provider.connections(), 0);

    let online = world
        .run([
            "doctor",
            "--online",
            "--authority",
            &world.provider.authority(),
        ])
        .path("--cache", &world.file("cache.json", "{}"))
        .answer();
    assert_eq!(online["authority"]["reachable"]["ok"], true, "{online}");
    let skew = online["authority"]["clock_skew"].as_i64().unwrap();
    assert!(skew.abs() < 30, "{skew}");
    assert_eq!(online["cache"]["ok"], true);

    let gone = world.bare(["doctor", "--online", "--proxy", "http://127.0.0.1:9"]);
    let gone = gone.answer();
    assert_eq!(gone["authority"]["reachable"]["ok"], false);
}
