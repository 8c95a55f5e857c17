//! The real environment of a process, which names its machine, and a proxy that is not for that.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use msal::ManagedIdentityId::SystemAssigned;
use msal::{
    AsyncTransport, ManagedIdentityApplication, Request, ReqwestTransport, SendOptions, Transport,
    UreqTransport, blocking,
};
use msal_testing::Machine;

use super::computer::*;

const CHILD: &str = "managed::environment::a_program_on_this_machine";

#[test]
fn a_program_finds_its_machine_by_its_environment_and_uses_no_proxy_that_is_named_there() {
    let computer = Computer::new();
    for played in Machine::ALL {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", CHILD, "--ignored", "--nocapture"]);
        for name in [
            "AZURE_POD_IDENTITY_AUTHORITY_HOST",
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "IDENTITY_SERVER_THUMBPRINT",
            "IMDS_ENDPOINT",
            "MSI_ENDPOINT",
            "MSI_SECRET",
            "NO_PROXY",
            "no_proxy",
        ] {
            child.env_remove(name);
        }
        for name in [
            "ALL_PROXY",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "http_proxy",
            "https_proxy",
        ] {
            child.env(name, computer.proxy_url());
        }
        let child = child
            .envs(computer.provider.environment(played).unwrap())
            .env("TEST_CA", computer.provider.ca_file())
            .env("TEST_KEYS", computer.keys())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        let cried = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{played:?}: {said}\n{cried}");
        let found = format!("found {} and {}", played.name(), played.name());
        assert!(said.contains(&found), "{played:?}: {said}");
        // An ordinary request does go by that proxy, which shows that the environment counts.
        assert_eq!(computer.take_proxied(), 2, "{played:?}");
    }
    assert_eq!(computer.requests(), 2 * (Machine::ALL.len() as u64 + 1));
}

#[test]
#[ignore = "run by the test above, in a process and an environment of its own"]
fn a_program_on_this_machine() {
    let variable = |name| std::env::var(name).unwrap();
    let ca = std::fs::read(variable("TEST_CA")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let reqwest = ReqwestTransport::builder().add_root_certificates_pem(&ca);
    let reqwest = std::sync::Arc::new(reqwest.build().unwrap());
    let ureq = UreqTransport::builder().add_root_certificates_pem(&ca);
    let ureq = std::sync::Arc::new(ureq.build().unwrap());

    let app = ManagedIdentityApplication::builder(SystemAssigned)
        .arc_keys(variable("TEST_KEYS"))
        .transport(reqwest.clone())
        .build()
        .unwrap();
    let call = app.acquire_token(VAULT).into_future();
    runtime.block_on(call).unwrap();
    let first = app.source().name();
    let app = blocking::ManagedIdentityApplication::builder(SystemAssigned)
        .arc_keys(variable("TEST_KEYS"))
        .transport(ureq.clone())
        .build()
        .unwrap();
    app.acquire_token(VAULT).send().unwrap();
    let second = app.source().name();
    writeln!(std::io::stdout(), "found {first} and {second}").unwrap();

    let sending = AsyncTransport::send(&*reqwest, ordinary());
    runtime.block_on(sending).unwrap_err();
    Transport::send(&*ureq, ordinary()).unwrap_err();
}

fn ordinary() -> Request {
    let mut options = SendOptions::default();
    options.time_left = Duration::from_millis(500);
    http::Request::get("https://a.example/")
        .extension(options)
        .body(bytes::Bytes::new())
        .unwrap()
}
