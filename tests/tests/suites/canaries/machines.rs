//! Managed identities: the secrets of the environment and of Azure Arc's file, and services that answer with secrets.

use std::time::Duration;

use msal::{
    Machine, ManagedIdentityApplication, ManagedIdentityId, ReqwestTransport, UreqTransport,
    blocking,
};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, Machine as Played};
use serde_json::json;

use super::Shown;
use super::secrets::{
    ACCESS_TOKEN, ARC_KEY, BODY, CHALLENGE, DESCRIPTION, HEADER, LOCATION, MACHINE_SECRET,
};
use crate::clock::TestClock;

pub(super) fn fail(flows: &mut Vec<Shown>) {
    let clock = TestClock::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let provider = LocalIdentityProvider::start().unwrap();
    std::fs::create_dir_all(provider.arc_keys()).unwrap();
    let key = provider.arc_keys().join("k.key");
    std::fs::write(&key, ARC_KEY).unwrap();
    let challenge = format!("Basic realm={}", key.display());
    let challenge = Fault::status(401).header("www-authenticate", &challenge);
    for played in Played::ALL {
        let machine = machine(&provider, played);
        flows.push(Shown::value("machine", &machine));
        for (name, fault) in faults() {
            for asynchronous in [true, false] {
                if played == Played::AzureArc {
                    provider.script(challenge.clone().on(Endpoint::ManagedIdentity));
                }
                provider.script(fault.clone().forever());
                let name = format!("{played:?}: {name} (async: {asynchronous})");
                macro_rules! play {
                    ($application:ty, $transport:ty, |$call:ident| $run:expr) => {{
                        let transport = <$transport>::builder()
                            .add_root_certificates_pem(provider.ca_pem())
                            .build()
                            .unwrap();
                        let builder = <$application>::builder(ManagedIdentityId::SystemAssigned)
                            .machine(machine.clone())
                            .arc_keys(provider.arc_keys())
                            .client_capabilities(["CP1"])
                            .retries(false)
                            .env(clock.env())
                            .transport(transport);
                        flows.push(Shown::value("builder", &builder));
                        let app = builder.build().unwrap();
                        flows.push(Shown::value("application", &app));
                        let challenge = format!(r#"{{"access_token":{{"a":"{CHALLENGE}"}}}}"#);
                        let $call = app
                            .acquire_token("https://vault.azure.net")
                            .timeout(Duration::from_secs(1))
                            .claims(challenge);
                        flows.push(Shown::value("call", &$call));
                        flows.push(match $run {
                            Ok(result) => Shown::value(&name, &result),
                            Err(error) => Shown::error(&name, &error),
                        });
                    }};
                }
                match asynchronous {
                    true => play!(ManagedIdentityApplication, ReqwestTransport, |call| {
                        runtime.block_on(call.into_future())
                    }),
                    false => play!(
                        blocking::ManagedIdentityApplication,
                        UreqTransport,
                        |call| call.send()
                    ),
                }
                provider.clear_faults();
            }
        }
    }
}

fn machine(provider: &LocalIdentityProvider, played: Played) -> Machine {
    let variables = provider.environment(played).unwrap();
    Machine::read(|name| match name {
        "IDENTITY_HEADER" | "MSI_SECRET" if variables.iter().any(|(own, _)| *own == name) => {
            Some(MACHINE_SECRET.to_owned())
        }
        _ => variables
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.clone()),
    })
}

fn faults() -> Vec<(&'static str, Fault)> {
    let token = json!({"access_token": ACCESS_TOKEN, "expires_in": "3600", "other": BODY});
    let ended = json!({"access_token": ACCESS_TOKEN, "expires_on": "1"});
    let of_error = |body: serde_json::Value| Fault::json(400, body.to_string());
    let faults = [
        ("a token", Fault::json(200, token.to_string())),
        ("an end", Fault::json(200, ended.to_string())),
        (
            "no end",
            Fault::json(200, json!({"access_token": ACCESS_TOKEN}).to_string()),
        ),
        (
            "half a token",
            Fault::json(200, format!(r#"{{"access_token":"{ACCESS_TOKEN}"#)),
        ),
        (
            "a page",
            Fault::status(502).body(format!("<html>{BODY}</html>")),
        ),
        (
            "a refusal",
            of_error(json!({"error": "no", "error_description": DESCRIPTION, "other": BODY})),
        ),
        (
            "another",
            of_error(json!({"error": {"code": "no", "message": DESCRIPTION}})),
        ),
        (
            "a third",
            of_error(json!({"message": DESCRIPTION, "correlationId": "c"})),
        ),
        (
            "a redirect",
            Fault::redirect(302, &format!("https://a.example/?{LOCATION}")),
        ),
        ("a reset", Fault::reset()),
        (
            "a challenge",
            Fault::status(401).header(
                "www-authenticate",
                &format!("Basic realm=/etc/{HEADER}.key"),
            ),
        ),
        ("half an answer", Fault::truncated()),
        ("garbage", Fault::garbage()),
    ];
    let here = |(name, fault): (&'static str, Fault)| {
        (
            name,
            fault
                .header("x-other", HEADER)
                .on(Endpoint::ManagedIdentity),
        )
    };
    faults.into_iter().map(here).collect()
}
