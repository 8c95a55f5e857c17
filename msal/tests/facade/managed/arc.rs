//! Azure Arc's key, read from a real folder.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use msal::ErrorKind;
use msal::ManagedIdentityId::SystemAssigned;
use msal_testing::{Endpoint, Fault, Machine};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::computer::*;

#[test]
fn an_agent_that_ignores_which_identity_is_asked_for_is_found_out() {
    // 42
    let computer = Computer::new();
    let machine = computer.machine(Machine::AzureArc, &[]);
    computer.provider.set_old_arc_agent(true);
    for id in [client_id(), object_id(), resource_id()] {
        for outcome in computer.ask(&machine, &id) {
            let says = outcome.unwrap_err().to_string();
            assert!(says.contains("does not confirm"), "{says}");
        }
    }
    for outcome in computer.ask(&machine, &SystemAssigned) {
        outcome.unwrap();
    }
}

#[test]
fn a_challenge_that_names_something_else_than_a_key_ends_the_call() {
    // D1, through the whole library: the agent may be anybody who listens on its port.
    let computer = Computer::new();
    let keys = computer.keys();
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("secret.key");
    std::fs::write(&outside, "Opensesame").unwrap();
    std::fs::create_dir_all(keys.join("folder.key")).unwrap();
    let path = |name: &str| keys.join(name);
    symlink(&outside, path("link.key")).unwrap();
    mknodat(CWD, path("pipe.key"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    std::fs::write(path("large.key"), vec![b'k'; 4_097]).unwrap();
    std::fs::write(path("split.key"), "Opensesame\r\nEvil: 1").unwrap();
    std::fs::write(path("empty.key"), "").unwrap();
    std::fs::write(path("good.txt"), "Opensesame").unwrap();
    let machine = computer.machine(Machine::AzureArc, &[]);
    let begun = Instant::now();
    let realms = [
        path("link.key"),
        path("pipe.key"),
        path("folder.key"),
        path("large.key"),
        path("split.key"),
        path("empty.key"),
        path("missing.key"),
        path("good.txt"),
        path("../arc-keys/good.key"),
        outside.clone(),
        "/etc/passwd".into(),
        "/dev/zero".into(),
    ];
    for realm in &realms {
        let challenge = format!("Basic realm={}", realm.display());
        let fault = Fault::status(401).header("www-authenticate", &challenge);
        let fault = fault.on(Endpoint::ManagedIdentity).times(2);
        computer.provider.script(fault);
        for outcome in computer.ask(&machine, &SystemAssigned) {
            let error = outcome.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::InvalidResponse(_)),
                "{error}"
            );
            assert!(!format!("{error:?}").contains("Opensesame"), "{error:?}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
    let requests = computer.provider.requests(Endpoint::ManagedIdentity);
    assert_eq!(requests.len(), 2 * realms.len());
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn a_folder_of_keys_that_is_a_link_is_not_entered() {
    let computer = Computer::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("tokens");
    std::fs::create_dir_all(computer.keys()).unwrap();
    symlink(computer.keys(), &link).unwrap();
    let machine = computer.machine(Machine::AzureArc, &[]);
    let app = computer.blocking(&machine, &SystemAssigned);
    let app = app.arc_keys(link.join("")).build().unwrap();
    std::fs::write(computer.keys().join("k.key"), "key").unwrap();
    let challenge = format!("Basic realm={}", link.join("k.key").display());
    let fault = Fault::status(401).header("www-authenticate", &challenge);
    computer
        .provider
        .script(fault.on(Endpoint::ManagedIdentity));
    let says = app.acquire_token(VAULT).send().unwrap_err().to_string();
    assert!(says.contains("the keys' folder"), "{says}");
    assert_eq!(computer.requests(), 1);
}
