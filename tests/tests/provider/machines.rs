//! The token services of machines, as a program on one meets them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msal_testing::defaults::{
    IDENTITY_HEADER, MSI_SECRET, SYSTEM_IDENTITY_CLIENT_ID, SYSTEM_IDENTITY_OBJECT_ID,
    USER_IDENTITY_CLIENT_ID, USER_IDENTITY_OBJECT_ID, USER_IDENTITY_RESOURCE_ID, USER_OBJECT_ID,
};
use msal_testing::{Endpoint, LocalIdentityProvider, Machine};
use serde_json::Value;

use crate::client::{Client, Response, Way};

const METADATA: (&str, &str) = ("Metadata", "true");
const VAULT: &str = "resource=https%3A%2F%2Fvault.azure.net";

struct Computer {
    provider: LocalIdentityProvider,
    client: Client,
}

impl Computer {
    fn new() -> Self {
        let provider = LocalIdentityProvider::start().unwrap();
        let client = Client::new(&provider, Way::Direct);
        Self { provider, client }
    }

    fn variables(&self, machine: Machine) -> HashMap<&'static str, String> {
        self.provider
            .environment(machine)
            .unwrap()
            .into_iter()
            .collect()
    }

    fn get(&self, url: &str, headers: &[(&str, &str)]) -> Response {
        self.client.send("GET", url, headers, "").unwrap()
    }

    fn imds(&self, query: &str, headers: &[(&str, &str)]) -> Response {
        let host = &self.variables(Machine::Imds)["AZURE_POD_IDENTITY_AUTHORITY_HOST"];
        let url = format!("{host}/metadata/identity/oauth2/token?{query}");
        self.get(&url, headers)
    }
}

fn claims(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{response:?}");
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn assert_refused(response: &Response, status: u16, pointer: &str, code: &str) {
    assert_eq!(response.status, status, "{response:?}");
    let body = response.json();
    let said = body.pointer(pointer).and_then(Value::as_str);
    assert!(said.is_some_and(|said| said.contains(code)), "{body}");
}

#[test]
fn the_metadata_service_gives_tokens_of_both_identities() {
    let computer = Computer::new();
    let response = computer.imds(&format!("api-version=2018-02-01&{VAULT}"), &[METADATA]);
    let body = response.json();
    for member in ["expires_in", "expires_on", "not_before"] {
        let number: u64 = body[member].as_str().unwrap().parse().unwrap();
        assert!(number > 0);
    }
    assert_eq!(body["client_id"], SYSTEM_IDENTITY_CLIENT_ID);
    let token = claims(&response);
    assert_eq!(token["oid"], SYSTEM_IDENTITY_OBJECT_ID);
    assert_eq!(token["aud"], "https://vault.azure.net");
    for (name, id) in [
        ("client_id", USER_IDENTITY_CLIENT_ID.to_uppercase()),
        ("object_id", USER_IDENTITY_OBJECT_ID.to_owned()),
        ("msi_res_id", USER_IDENTITY_RESOURCE_ID.replace('/', "%2F")),
    ] {
        let query = format!("api-version=2018-02-01&{VAULT}&{name}={id}");
        let token = claims(&computer.imds(&query, &[METADATA]));
        assert_eq!(token["oid"], USER_IDENTITY_OBJECT_ID);
    }
    assert_eq!(computer.provider.count(Endpoint::ManagedIdentity), 4);
}

#[test]
fn the_metadata_service_refuses_as_the_real_one_does() {
    let computer = Computer::new();
    let good = format!("api-version=2018-02-01&{VAULT}");
    let why = "/error_description";
    let response = computer.imds(&good, &[]);
    assert_refused(&response, 400, why, "Required metadata header");
    let headers = [METADATA, ("X-Forwarded-For", "10.0.0.1")];
    assert_refused(&computer.imds(&good, &headers), 400, why, "proxy");
    let response = computer.imds(VAULT, &[METADATA]);
    assert_refused(&response, 400, why, "api-version");
    let response = computer.imds("api-version=2018-02-01", &[METADATA]);
    assert_refused(&response, 400, why, "resource");
    let query = format!("{good}&client_id=00000000-0000-0000-0000-00000000dead");
    let response = computer.imds(&query, &[METADATA]);
    assert_refused(&response, 400, why, "Identity not found");
    let query = "api-version=2018-02-01&resource=https%3A%2F%2Fnowhere.example";
    let response = computer.imds(query, &[METADATA]);
    assert_refused(&response, 400, "/error", "invalid_resource");
    let proxied = Client::of(&computer.provider);
    let url = format!("http://169.254.169.254/metadata/identity/oauth2/token?{good}");
    let response = proxied.send("GET", &url, &[METADATA], "").unwrap();
    assert_refused(&response, 400, why, "proxy");
}

#[test]
fn app_service_wants_its_secret_and_calls_a_resource_id_by_another_name() {
    let computer = Computer::new();
    let endpoint = computer.variables(Machine::AppService)["IDENTITY_ENDPOINT"].clone();
    let good = format!("{endpoint}?api-version=2019-08-01&{VAULT}");
    let secret = ("X-IDENTITY-HEADER", IDENTITY_HEADER);
    let response = computer.get(&good, &[secret]);
    assert_eq!(claims(&response)["oid"], SYSTEM_IDENTITY_OBJECT_ID);
    assert!(response.json()["expires_on"].is_string());
    let id = USER_IDENTITY_RESOURCE_ID.replace('/', "%2F");
    let response = computer.get(&format!("{good}&mi_res_id={id}"), &[secret]);
    assert_eq!(claims(&response)["oid"], USER_IDENTITY_OBJECT_ID);
    for wrong in [&[][..], &[("X-IDENTITY-HEADER", "wrong")]] {
        assert_refused(
            &computer.get(&good, wrong),
            401,
            "/message",
            "X-IDENTITY-HEADER",
        );
    }
    let response = computer.get(&format!("{good}&client_id=dead"), &[secret]);
    assert_refused(&response, 400, "/message", "No User Assigned");
    assert_eq!(response.json()["statusCode"], 400);
}

#[test]
fn machine_learning_knows_client_ids_alone() {
    let computer = Computer::new();
    let endpoint = computer.variables(Machine::AzureMl)["MSI_ENDPOINT"].clone();
    let good = format!("{endpoint}?api-version=2017-09-01&{VAULT}");
    let secret = ("secret", MSI_SECRET);
    assert_eq!(
        claims(&computer.get(&good, &[secret]))["oid"],
        SYSTEM_IDENTITY_OBJECT_ID
    );
    let url = format!("{good}&clientid={USER_IDENTITY_CLIENT_ID}");
    assert_eq!(
        claims(&computer.get(&url, &[secret]))["oid"],
        USER_IDENTITY_OBJECT_ID
    );
    assert_refused(&computer.get(&good, &[]), 401, "/message", "secret");
}

#[test]
fn cloud_shell_gives_the_users_token_for_a_form() {
    let computer = Computer::new();
    let endpoint = computer.variables(Machine::CloudShell)["MSI_ENDPOINT"].clone();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let post = |headers: &[(&str, &str)], body| {
        let response = computer.client.send("POST", &endpoint, headers, body);
        response.unwrap()
    };
    let token = claims(&post(&[METADATA, form], VAULT));
    assert_eq!(token["oid"], USER_OBJECT_ID);
    assert_eq!(token["scp"], "user_impersonation");
    let response = post(&[METADATA, form], "resource=https%3A%2F%2Fnowhere.example");
    assert_refused(&response, 400, "/error/code", "AudienceNotSupported");
    assert_refused(&post(&[form], VAULT), 400, "/error/code", "BadRequest");
    let response = computer.get(&endpoint, &[METADATA]);
    assert_refused(&response, 400, "/error/code", "BadRequest");
}

#[test]
fn arcs_agent_gives_one_token_for_each_key_that_it_writes() {
    let computer = Computer::new();
    let endpoint = computer.variables(Machine::AzureArc)["IDENTITY_ENDPOINT"].clone();
    let url =
        format!("{endpoint}?api-version=2020-06-01&{VAULT}&client_id={USER_IDENTITY_CLIENT_ID}");
    assert_refused(&computer.get(&url, &[]), 400, "/error", "invalid_request");
    let challenge = computer.get(&url, &[METADATA]);
    assert_eq!(challenge.status, 401);
    let realm = challenge.header("www-authenticate").unwrap();
    let path = realm.strip_prefix("Basic realm=").unwrap();
    assert!(path.ends_with(".key"));
    assert!(path.starts_with(computer.provider.arc_keys().to_str().unwrap()));
    let shown = format!("Basic {}", std::fs::read_to_string(path).unwrap());
    let headers = [METADATA, ("Authorization", &shown)];
    let response = computer.get(&url, &headers);
    assert_eq!(claims(&response)["oid"], USER_IDENTITY_OBJECT_ID);
    assert_eq!(response.json()["client_id"], USER_IDENTITY_CLIENT_ID);
    assert_eq!(computer.get(&url, &headers).status, 401);
    assert!(!std::path::Path::new(path).exists());
    let wrong = [METADATA, ("Authorization", "Basic wrong")];
    assert_eq!(computer.get(&url, &wrong).status, 401);
}

#[test]
fn service_fabric_is_there_over_tls_alone_and_gives_the_same_token_until_it_was_refused() {
    let computer = Computer::new();
    let variables = computer.variables(Machine::ServiceFabric);
    let endpoint = &variables["IDENTITY_ENDPOINT"];
    let thumbprint = computer.provider.thumbprint("localhost").unwrap();
    assert_eq!(
        variables["IDENTITY_SERVER_THUMBPRINT"],
        thumbprint.sha1_hex()
    );
    let secret = ("Secret", IDENTITY_HEADER);
    let good = format!("{endpoint}?api-version=2019-07-01-preview&{VAULT}");
    let first = computer.get(&good, &[secret]);
    assert!(first.json()["expires_on"].is_u64());
    let token = |response: &Response| response.json()["access_token"].clone();
    let again = computer.get(&good, &[secret]);
    assert_eq!(token(&again), token(&first));
    let hash = {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(token(&first).as_str().unwrap());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        hex
    };
    let refused = format!("{good}&token_sha256_to_refresh={hash}");
    let renewed = computer.get(&refused, &[secret]);
    assert_ne!(token(&renewed), token(&first));
    let url =
        format!("{endpoint}?api-version=2020-05-01&{VAULT}&principalId={USER_IDENTITY_OBJECT_ID}");
    assert_eq!(
        claims(&computer.get(&url, &[secret]))["oid"],
        USER_IDENTITY_OBJECT_ID
    );
    let response = computer.get(&good, &[]);
    assert_refused(&response, 404, "/error/code", "SecretHeaderNotFound");
    let plain = good.replacen("https:", "http:", 1);
    assert_eq!(computer.get(&plain, &[secret]).status, 404);
}

#[test]
fn other_hosts_have_no_such_service() {
    let computer = Computer::new();
    let url = "http://login.microsoftonline.com/msi/token?api-version=2019-08-01";
    let headers = [("X-IDENTITY-HEADER", IDENTITY_HEADER)];
    assert_eq!(computer.get(url, &headers).status, 404);
    assert_eq!(computer.provider.count(Endpoint::ManagedIdentity), 0);
}
