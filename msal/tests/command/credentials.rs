//! Each way to prove who the application is.

use std::fs;

use msal_testing::defaults::CERTIFICATE_CLIENT_ID;
use msal_testing::{App, Endpoint, FederatedCredential, LocalIdentityProvider};

use crate::world::{PASSWORD, TRANSPORTS, World, fixture};

/// An application that signs in with the certificate of the fixtures.
fn with_fixture() -> World {
    let der = fs::read(fixture("certificate.der")).unwrap();
    World::of(LocalIdentityProvider::builder().app(App::new("app").certificate_der(&der)))
}

#[test]
fn a_certificate_in_pem() {
    let world = World::new();
    for transport in TRANSPORTS {
        let run = world
            .token_of(CERTIFICATE_CLIENT_ID)
            .arguments(["--transport", transport]);
        let run = run.path("--certificate", &world.provider.client_certificate_file());
        run.path("--private-key", &world.provider.client_key_file())
            .token();
    }
    let sent = &world.provider.requests(Endpoint::Token)[0];
    assert!(sent.form_field("client_assertion").is_some());
    assert!(sent.form_field("client_secret").is_none());
}

#[test]
fn an_encrypted_key_and_the_chain_sent_along() {
    let world = with_fixture();
    let run = || {
        let run = world
            .token_of("app")
            .path("--certificate", &fixture("certificate.pem"));
        let run = run.path("--private-key", &fixture("key-aes256.pem"));
        run.arguments(["--private-key-password-env", "P"])
            .env("P", PASSWORD)
    };
    run().token();
    run().arguments(["--send-x5c"]).token();
    let lengths: Vec<usize> = world
        .provider
        .requests(Endpoint::Token)
        .iter()
        .map(|request| request.form_field("client_assertion").unwrap().len())
        .collect();
    assert!(lengths[1] > lengths[0] + 500, "{lengths:?}");
}

#[test]
fn one_file_may_hold_certificate_and_key() {
    let world = with_fixture();
    let both = fixture("both.pem");
    world
        .token_of("app")
        .path("--certificate", &both)
        .path("--private-key", &both)
        .token();
}

#[test]
fn a_pfx_file() {
    let world = with_fixture();
    for (file, password) in [
        ("modern.pfx", PASSWORD),
        ("legacy.pfx", PASSWORD),
        ("empty-password.pfx", ""),
    ] {
        let run = world.token_of("app").path("--pfx", &fixture(file));
        run.arguments(["--pfx-password-env", "P"])
            .env("P", password)
            .token();
    }
}

#[test]
fn an_assertion_of_somebody_else_with_white_space_around_it() {
    let issuer = format!(
        "https://login.microsoftonline.com/{}/v2.0",
        msal_testing::defaults::TENANT_ID
    );
    let subject = "/eid1/c/pub/t/PIpPPVIKHk2aDG9_D25LEQ/a/EREREREREREREREREREREQ/agent";
    let blueprint = "11111111-1111-1111-1111-111111111111";
    let provider = LocalIdentityProvider::builder()
        .app(App::new(blueprint).secret("s").managed_identity_paths())
        .app(App::new("agent").federated(FederatedCredential::from_provider(&issuer, subject)));
    let world = World::of(provider);
    let own = [
        "client-credentials",
        "--client-id",
        blueprint,
        "--secret-env",
        "S",
    ];
    let run = world
        .run(own)
        .arguments(["--authority", &world.provider.authority()]);
    let run = run.arguments(["--scope", "api://AzureADTokenExchange/.default"]);
    let token = run.arguments(["--fmi-path", "agent"]).env("S", "s").token();
    let assertion = format!("\n {}\r\n\n", token["access_token"].as_str().unwrap());
    let file = world.file("assertion", assertion);
    for transport in TRANSPORTS {
        let run = world
            .token_of("agent")
            .arguments(["--transport", transport]);
        run.path("--assertion-file", &file).token();
    }
}

#[test]
fn a_credential_that_cannot_serve_is_an_error_before_anything_is_sent() {
    let world = with_fixture();
    let pem = |certificate: &str, key: &str| {
        let run = world
            .token_of("app")
            .path("--certificate", &fixture(certificate));
        run.path("--private-key", &fixture(key))
    };
    let pfx = |file: &str, password: &str| {
        let run = world.token_of("app").path("--pfx", &fixture(file));
        run.arguments(["--pfx-password-env", "P"])
            .env("P", password)
    };
    let wrong = |run: crate::world::Run| {
        run.arguments(["--private-key-password-env", "P"])
            .env("P", "wrong")
    };
    for run in [
        pem("certificate.pem", "other-key.pem"),
        pem("other-certificate.pem", "key.pem"),
        pem("ec-certificate.pem", "ec-key.pem"),
        pem("certificate.pem", "key-aes256.pem"),
        wrong(pem("certificate.pem", "key-aes256.pem")),
        pfx("modern.pfx", "wrong"),
        pfx("modern.pfx", ""),
        pfx("no-key.pfx", PASSWORD),
    ] {
        run.error(1, "credential");
    }
    // An expired certificate is found out when it is to sign.
    pem("certificate-expired.pem", "key.pem").error(1, "credential");
    assert_eq!(world.provider.count(Endpoint::Token), 0);
}

#[test]
fn a_secret_is_used_as_it_is() {
    let odd = " s3cr&t=é% ";
    let world = World::of(LocalIdentityProvider::builder().app(App::new("odd").secret(odd)));
    let run = |secret: &str| {
        world
            .token_of("odd")
            .arguments(["--secret-env", "S"])
            .env("S", secret)
    };
    run(odd).token();
    run(odd.trim()).error(1, "server");
}
