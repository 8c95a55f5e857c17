//! Cases 76 to 83: what is kept, for whom, and until when.

use std::sync::Arc;
use std::time::Duration;

use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::ManagedIdentityId;
use msal_core::{Ask, Step, TokenSource, run};

use super::stage::*;
use crate::kept::{steps, token_of};
use crate::kept_store::KeptStore;
use crate::script::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_token_is_asked_for_once_however_its_resource_is_written() {
    // 76, 77
    for variables in [APP_SERVICE, CLOUD_SHELL, FABRIC, IMDS, ML] {
        let stage = Stage::own(variables);
        let service = stage.service([ok(3600)]);
        let first = run(stage.acquire(), &service).unwrap();
        assert_eq!(first.token_source(), TokenSource::IdentityProvider);
        assert_eq!(first.tenant_id(), "managed_identity");
        for resource in [VAULT, "https://vault.azure.net/.default"] {
            let flow = stage.app.acquire_token(resource, None);
            let again = flow.try_ready().unwrap().unwrap();
            assert_eq!(again.token_source(), TokenSource::Cache);
            assert_eq!(token_of(&again), TOKEN);
        }
        assert_eq!(service.log(), ["send"]);
    }
}

#[test]
fn resources_identities_and_services_have_tokens_of_their_own() {
    // 78; and two ids of one text, which differ by their kind.
    let clock = ManualClock::new();
    let store = Arc::<ListStore>::default();
    let same = || "0e0e0e0e-0000-4000-8000-00000000000e".to_owned();
    let ids = [
        ManagedIdentityId::SystemAssigned,
        ManagedIdentityId::ClientId(same()),
        ManagedIdentityId::ObjectId(same()),
        ManagedIdentityId::ResourceId(same()),
        ManagedIdentityId::ClientId(same().to_ascii_uppercase()),
        ManagedIdentityId::ClientId("system_assigned_managed_identity".to_owned()),
    ];
    let mut expected = Vec::new();
    for round in 0..2 {
        let mut found = Vec::new();
        for variables in [IMDS, APP_SERVICE] {
            for id in &ids {
                for resource in [VAULT, "https://graph.microsoft.com"] {
                    let builder = ManagedIdentityBuilder::new(id.clone());
                    let app =
                        application(machine(variables), builder, store.clone(), &clock).unwrap();
                    let name = format!("token{}", expected.len());
                    let script = match round {
                        0 => Script::new(&clock, [named(&name, 3600)]),
                        _ => Script::new(&clock, []),
                    };
                    let result = run(app.acquire_token(resource, None), &script).unwrap();
                    found.push(token_of(&result).to_owned());
                    if round == 0 {
                        expected.push(name);
                    }
                }
            }
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn tokens_are_kept_where_other_libraries_keep_them() {
    for (id, client_id) in [
        (
            ManagedIdentityId::SystemAssigned,
            "system_assigned_managed_identity".to_owned(),
        ),
        (client_id(), client_id().value().unwrap().to_owned()),
    ] {
        let stage = Stage::new(IMDS, id);
        run(stage.acquire(), &stage.service([ok(3600)])).unwrap();
        let [token] = stage.store.access_tokens().try_into().unwrap();
        assert_eq!(&**token.environment(), "login.microsoftonline.com");
        assert_eq!(&**token.realm(), "managed_identity");
        assert_eq!(**token.client_id(), *client_id);
        assert_eq!(token.scopes().as_str(), VAULT);
        let components = token.extended().unwrap().components();
        assert_eq!(components["source"], "imds");
        assert!(components.contains_key("id_kind"));
    }
}

#[test]
fn ten_who_ask_at_once_make_one_request() {
    // 79
    let stage = Stage::own(IMDS);
    let Step::Ask(Ask::SendOnTerms(_, leader)) = stage.acquire().start() else {
        panic!("the first should send");
    };
    let followers: Vec<_> = (0..9)
        .map(|_| match stage.acquire().start() {
            Step::Ask(Ask::Join(landing, _, flow)) => (landing, flow),
            other => panic!("it should wait for the first, not {other:?}"),
        })
        .collect();
    assert!(matches!(leader.resume(ok(3600)), Step::Done(Ok(_))));
    for (landing, flow) in followers {
        let Step::Done(Ok(result)) = flow.resume(landing.block(Duration::ZERO)) else {
            panic!("it should have the first one's token");
        };
        assert_eq!(token_of(&result), TOKEN);
    }
}

#[test]
fn a_token_is_used_until_five_minutes_before_its_end() {
    // 80
    for (later, expected) in [
        (3299, TokenSource::Cache),
        (3301, TokenSource::IdentityProvider),
    ] {
        let stage = Stage::own(IMDS);
        let service = stage.service([ok(3600), named("second", 3600)]);
        run(stage.acquire(), &service).unwrap();
        stage.clock.advance(secs(later));
        let result = run(stage.acquire(), &service).unwrap();
        assert_eq!(result.token_source(), expected);
    }
}

#[test]
fn a_life_of_more_than_two_hours_is_renewed_at_its_half() {
    // 81
    for (lifetime, refresh_on) in [(7200, None), (7201, Some(3600)), (10_800, Some(5400))] {
        let stage = Stage::own(APP_SERVICE);
        let service = stage.service([ok(lifetime)]);
        let result = run(stage.acquire(), &service).unwrap();
        let left = result.refresh_on().map(|time| time.as_secs() - START);
        assert_eq!(left, refresh_on);
    }
}

#[test]
fn a_renewal_that_fails_costs_nobody_the_token_they_have() {
    // 82
    let stage = Stage::own(IMDS);
    let failures = vec![status(500); 4];
    let service = stage.service([vec![ok(10_800)], failures].concat());
    run(stage.acquire(), &service).unwrap();
    stage.clock.advance(secs(6000));
    let result = run(stage.acquire(), &service).unwrap();
    assert_eq!(token_of(&result), TOKEN);
    assert_eq!(service.log()[1..], ["background"]);
    let [renewal] = service.script.take_background().try_into().unwrap();
    run(renewal, &service).unwrap_err();
    assert_eq!(service.count(), 5);
    let result = run(stage.acquire(), &service).unwrap();
    assert_eq!(token_of(&result), TOKEN);

    stage.clock.advance(secs(60));
    let service = stage.service(vec![status(500); 4]);
    let flow = stage.acquire_with(|options| options.call.wait_for_refresh = true);
    let result = run(flow, &service).unwrap();
    assert_eq!(token_of(&result), TOKEN);
    assert_eq!(
        result.refresh_error().unwrap().server().unwrap().status(),
        500
    );
}

#[test]
fn a_renewal_that_succeeds_is_what_the_next_call_finds() {
    let stage = Stage::own(IMDS);
    let service = stage.service([ok(10_800), named("second", 10_800)]);
    run(stage.acquire(), &service).unwrap();
    stage.clock.advance(secs(6000));
    assert_eq!(token_of(&run(stage.acquire(), &service).unwrap()), TOKEN);
    let [renewal] = service.script.take_background().try_into().unwrap();
    run(renewal, &service).unwrap();
    let result = stage.acquire().try_ready().unwrap().unwrap();
    assert_eq!(token_of(&result), "second");
}

#[test]
fn a_forced_refresh_replaces_what_is_kept() {
    // 83
    let stage = Stage::own(IMDS);
    let service = stage.service([ok(3600), named("second", 3600)]);
    run(stage.acquire(), &service).unwrap();
    let flow = stage.acquire_with(|options| options.force_refresh = true);
    assert_eq!(token_of(&run(flow, &service).unwrap()), "second");
    let kept = stage.acquire().try_ready().unwrap().unwrap();
    assert_eq!(token_of(&kept), "second");
    assert_eq!(service.log(), sends(2));
}

#[test]
fn a_failure_is_not_kept() {
    let stage = Stage::own(APP_SERVICE);
    let service = stage.service([status(400), ok(3600)]);
    run(stage.acquire(), &service).unwrap_err();
    assert!(stage.store.is_empty());
    assert_eq!(token_of(&run(stage.acquire(), &service).unwrap()), TOKEN);
}

#[test]
fn a_cache_that_outlives_the_process_is_looked_into_in_turn_and_saved() {
    for driver in crate::users::Driver::BOTH {
        let (clock, store) = (ManualClock::new(), KeptStore::new());
        let app = || {
            let builder = ManagedIdentityBuilder::new(client_id());
            application(machine(IMDS), builder, Arc::new(store.clone()), &clock).unwrap()
        };
        let script = Script::new(&clock, [ok(3600)]);
        driver
            .run(app().acquire_token(VAULT, None), &script)
            .unwrap();
        let log: Vec<String> = steps(&script);
        assert_eq!(log, ["load", "lease", "load", "send", "save"]);
        assert_eq!(store.leases(), 0);
        let again = app().acquire_token(VAULT, None).try_ready().unwrap();
        assert_eq!(again.unwrap().token_source(), TokenSource::Cache);
    }
}
