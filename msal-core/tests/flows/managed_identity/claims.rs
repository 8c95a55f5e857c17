//! Cases 84 to 87: claims challenges, and the token that an API has refused.

use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::ManagedIdentityId;
use msal_core::{AuthenticationResult, Flow, run};

use super::stage::*;
use crate::kept::token_of;

const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1702682181"}}}"#;
/// Of `test_token`.
const HASH: &str = "cc0af97287543b65da2c7e1476426021826cab166f1e063ed012b855ff819656";

fn stage(variables: Variables<'_>, capabilities: &[&str]) -> Stage {
    let builder = ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned);
    let builder = builder.client_capabilities(capabilities.iter().copied());
    Stage::of(machine(variables), builder)
}

fn challenged(stage: &Stage) -> Flow<AuthenticationResult> {
    stage.acquire_with(|options| options.call.claims = Some(CLAIMS.to_owned()))
}

fn parameter(service: &Service, index: usize, name: &str) -> Option<String> {
    let mut query = service.query(index).into_iter();
    query.find(|(own, _)| own == name).map(|(_, value)| value)
}

#[test]
fn service_fabric_is_told_what_the_client_can_handle() {
    // 84
    let stage = stage(FABRIC, &["cp1", "cp2"]);
    let service = stage.service([ok(3600)]);
    run(stage.acquire(), &service).unwrap();
    let query = service.request(0).uri().query().unwrap().to_owned();
    assert!(query.contains("xms_cc=cp1%2Ccp2"), "{query}");
    assert_eq!(parameter(&service, 0, "token_sha256_to_refresh"), None);
}

#[test]
fn service_fabric_is_told_which_token_was_refused() {
    // 85
    let stage = stage(FABRIC, &["cp1"]);
    let service = stage.service([named("test_token", 3600), named("second", 3600)]);
    run(stage.acquire(), &service).unwrap();
    let result = run(challenged(&stage), &service).unwrap();
    assert_eq!(token_of(&result), "second");
    let hash = parameter(&service, 1, "token_sha256_to_refresh");
    assert_eq!(hash.as_deref(), Some(HASH));
    assert_eq!(parameter(&service, 1, "xms_cc").as_deref(), Some("cp1"));
    assert_eq!(parameter(&service, 1, "claims"), None);
    let kept = stage.acquire().try_ready().unwrap().unwrap();
    assert_eq!(token_of(&kept), "second");
}

#[test]
fn a_refused_token_that_is_not_kept_cannot_be_named() {
    // 86
    let stage = stage(FABRIC, &[]);
    let service = stage.service([ok(3600)]);
    run(challenged(&stage), &service).unwrap();
    assert_eq!(parameter(&service, 0, "token_sha256_to_refresh"), None);
    assert_eq!(parameter(&service, 0, "xms_cc"), None);
}

#[test]
fn a_forced_refresh_names_no_token_even_with_claims() {
    let stage = stage(FABRIC, &[]);
    let service = stage.service([named("test_token", 3600), ok(3600)]);
    run(stage.acquire(), &service).unwrap();
    let flow = stage.acquire_with(|options| {
        options.call.claims = Some(CLAIMS.to_owned());
        options.force_refresh = true;
    });
    run(flow, &service).unwrap();
    assert_eq!(parameter(&service, 1, "token_sha256_to_refresh"), None);
}

#[test]
fn other_services_are_asked_anew_in_the_same_words() {
    // 87
    for variables in [APP_SERVICE, CLOUD_SHELL, IMDS, ML] {
        let stage = stage(variables, &["cp1"]);
        let service = stage.service([ok(3600), named("second", 3600)]);
        run(stage.acquire(), &service).unwrap();
        assert_eq!(
            token_of(&run(challenged(&stage), &service).unwrap()),
            "second"
        );
        let target = |index| {
            (
                service.request(index).uri().clone(),
                service.request(index).into_body(),
            )
        };
        assert_eq!(target(0), target(1));
        assert_eq!(parameter(&service, 1, "xms_cc"), None);
        let kept = stage.acquire().try_ready().unwrap().unwrap();
        assert_eq!(token_of(&kept), "second");
    }
}
