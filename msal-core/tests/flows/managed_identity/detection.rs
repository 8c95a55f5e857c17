//! Cases 1 to 13: which service is asked. No request is sent to find out.

use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::{ManagedIdentityId, ManagedIdentitySource};
use msal_core::{Error, ErrorKind};

use super::stage::*;
use ManagedIdentitySource::{AppService, AzureArc, AzureMl, CloudShell, Imds, ServiceFabric};

const E: &str = "IDENTITY_ENDPOINT";
const H: &str = "IDENTITY_HEADER";
const T: &str = "IDENTITY_SERVER_THUMBPRINT";
const I: &str = "IMDS_ENDPOINT";
const M: &str = "MSI_ENDPOINT";
const S: &str = "MSI_SECRET";
const HERE: (&str, &str) = (E, "https://127.0.0.1:1/token");

#[test]
fn the_environment_tells_the_source() {
    let own = (M, "http://127.0.0.1:2/token");
    let cases: [(&str, Variables<'_>, bool, ManagedIdentitySource); 12] = [
        ("1", &[], false, Imds),
        ("2", &[HERE, (H, "h")], false, AppService),
        ("3", &[HERE, (H, "h"), (T, "t")], false, ServiceFabric),
        ("4", &[HERE, (H, "h"), own, (S, "s")], false, AppService),
        ("5", &[own, (S, "s")], false, AzureMl),
        ("6", &[own], false, CloudShell),
        ("7", &[HERE, (I, "http://127.0.0.1:3")], false, AzureArc),
        ("8", &[], true, AzureArc),
        ("9", &[own], true, CloudShell),
        ("10", &[(E, ""), (H, "h")], false, Imds),
        ("11", &[HERE], false, Imds),
        ("12", &[(T, "t")], false, Imds),
    ];
    for (case, variables, has_agent, expected) in cases {
        let machine = machine(variables).with_arc_agent(has_agent);
        assert_eq!(ManagedIdentitySource::detect(&machine), expected, "{case}");
    }
}

#[test]
fn every_combination_of_variables_is_the_first_row_of_the_table_that_it_fills() {
    // D5: the table of the documentation, a second time.
    let rows: [(&[&str], ManagedIdentitySource); 5] = [
        (&[E, H, T], ServiceFabric),
        (&[E, H], AppService),
        (&[M, S], AzureMl),
        (&[M], CloudShell),
        (&[E, I], AzureArc),
    ];
    for bits in 0..64_u32 {
        for unset in [None, Some("")] {
            for has_agent in [false, true] {
                let variables: Vec<_> = [E, H, T, I, M, S]
                    .into_iter()
                    .enumerate()
                    .filter_map(|(at, name)| match bits >> at & 1 {
                        1 => Some((name, "value")),
                        _ => unset.map(|empty| (name, empty)),
                    })
                    .collect();
                let is_set = |name: &&str| variables.contains(&(*name, "value"));
                let row = rows.iter().find(|(names, _)| names.iter().all(is_set));
                let otherwise = if has_agent { AzureArc } else { Imds };
                let expected = row.map_or(otherwise, |(_, source)| *source);
                let machine = machine(&variables).with_arc_agent(has_agent);
                let found = ManagedIdentitySource::detect(&machine);
                assert_eq!(found, expected, "{variables:?} {has_agent}");
            }
        }
    }
}

#[test]
fn what_moves_the_metadata_service_tells_of_none() {
    let moved = &[
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://localhost:1"),
        ("DEFAULT_IDENTITY_CLIENT_ID", "c"),
        (I, "http://127.0.0.1:3"),
    ];
    assert_eq!(ManagedIdentitySource::detect(&machine(moved)), Imds);
}

#[test]
fn arc_is_asked_where_the_environment_says_or_else_where_its_agent_listens() {
    // 7, 8. One variable of the two is not enough to be led elsewhere.
    let agent = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
    let both = &[(E, "http://127.0.0.2:1/t"), (I, "x")][..];
    for (variables, expected) in [
        (both, "http://127.0.0.2:1/t"),
        (&[], agent),
        (&[(E, "http://127.0.0.2:1/t")], agent),
        (&[(I, "x")], agent),
    ] {
        let machine = with_keys(machine(variables), &Keys::default()).with_arc_agent(true);
        let builder = || ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned);
        let played = play(|| Stage::of(machine.clone(), builder()), [status(400)]);
        assert_eq!(played.stage.app.source(), AzureArc);
        let uri = played.service.request(0).uri().to_string();
        assert!(uri.starts_with(&format!("{expected}?")), "{uri}");
    }
}

#[test]
fn an_endpoint_that_is_no_url_is_an_error_that_names_the_variable() {
    // 13
    let app_service: Variables<'_> = &[(E, "not a uri"), (H, SECRET)];
    for (variables, name) in [
        (app_service, E),
        (&[(E, "not a uri"), (I, "x")], E),
        (&[(E, "not a uri"), (H, SECRET), (T, "t")], T),
        (&[(M, "not a uri"), (S, SECRET)], M),
        (&[(M, "not a uri")], M),
        (
            &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "not a uri")],
            "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        ),
    ] {
        let error = refused_at_build(variables, ManagedIdentityId::SystemAssigned);
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name));
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_program_may_say_which_service_is_meant_and_misses_what_that_one_needs() {
    let fixed = |source, variables| -> Result<ManagedIdentitySource, Error> {
        let builder = ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned).source(source);
        let clock = crate::script::ManualClock::new();
        let store = std::sync::Arc::<crate::script::ListStore>::default();
        application(machine(variables), builder, store, &clock).map(|app| app.source())
    };
    for variables in [APP_SERVICE, ML, FABRIC, CLOUD_SHELL] {
        assert_eq!(fixed(Imds, variables).unwrap(), Imds);
        assert_eq!(fixed(AzureArc, variables).unwrap(), AzureArc);
    }
    for (source, name) in [
        (AppService, H),
        (ServiceFabric, H),
        (AzureMl, S),
        (CloudShell, M),
    ] {
        let error = fixed(source, IMDS).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name));
    }
}
