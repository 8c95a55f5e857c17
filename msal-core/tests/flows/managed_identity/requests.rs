//! Cases 14 to 29: what the services are asked.

use http::Method;
use msal_core::managed_identity::ManagedIdentityId;
use msal_core::{CorrelationId, ErrorKind, ProxyUse, SendOptions, ServerTrust, run};

use super::stage::*;
use ManagedIdentityId::SystemAssigned;

/// The one request of a call, and its query in the order of names.
fn asked(variables: Variables<'_>, id: ManagedIdentityId) -> (Played, Vec<(String, String)>) {
    let played = play(|| Stage::new(variables, id.clone()), [ok(3600)]);
    let answered = match played.stage.app.source().name() {
        // It must confirm whose token it is, which is another test's.
        "azure_arc" => false,
        _ => {
            assert_eq!(played.token(), TOKEN);
            true
        }
    };
    assert!(answered);
    assert_eq!(played.log(), ["send"]);
    let request = played.service.request(0);
    let options = SendOptions::of(&request);
    assert_eq!(options.proxy, ProxyUse::Never);
    assert!(!request.headers().contains_key("authorization"));
    let mut query = played.service.query(0);
    query.sort();
    (played, query)
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(own).collect()
}

fn text(id: &ManagedIdentityId) -> String {
    id.value().unwrap().to_owned()
}

#[test]
fn the_metadata_service_is_asked_for_the_machines_own_identity() {
    // 14
    let (played, query) = asked(IMDS, SystemAssigned);
    let request = played.service.request(0);
    assert_eq!(request.method(), Method::GET);
    let uri = request.uri().to_string();
    let expected = "http://169.254.169.254/metadata/identity/oauth2/token?";
    assert!(uri.starts_with(expected), "{uri}");
    assert_eq!(
        query,
        pairs(&[("api-version", "2018-02-01"), ("resource", VAULT)])
    );
    let header = |name| played.service.header(0, name);
    assert_eq!(header("metadata").as_deref(), Some("true"));
    assert_eq!(header("x-client-sku").as_deref(), Some("MSAL.Rust"));
    assert!(header("x-client-ver").is_some());
    assert_eq!(SendOptions::of(&request).trust, ServerTrust::Platform);
}

#[test]
fn each_call_to_the_metadata_service_has_an_id_of_its_own() {
    // 14
    let stage = Stage::own(IMDS);
    let service = stage.service([ok(3600), ok(3600)]);
    let mut ids = Vec::new();
    for index in 0..2 {
        let flow = stage.acquire_with(|options| options.force_refresh = true);
        run(flow, &service).unwrap();
        let id = service.header(index, "x-ms-client-request-id").unwrap();
        ids.push(id.parse::<CorrelationId>().unwrap());
    }
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn identities_are_named_as_each_service_calls_them() {
    // 15, 16, 17, 20, 23
    let (c, o, x) = (client_id(), object_id(), resource_id());
    for (variables, id, name) in [
        (IMDS, &c, "client_id"),
        (IMDS, &o, "object_id"),
        (IMDS, &x, "msi_res_id"),
        (APP_SERVICE, &c, "client_id"),
        (APP_SERVICE, &o, "object_id"),
        (APP_SERVICE, &x, "mi_res_id"),
        (ML, &c, "clientid"),
        (FABRIC, &o, "principalId"),
    ] {
        let (_, query) = asked(variables, id.clone());
        let (version, mut names): (Vec<_>, Vec<_>) = query
            .into_iter()
            .partition(|(name, _)| name == "api-version");
        assert_eq!(version.len(), 1);
        names.retain(|(name, _)| name != "resource");
        assert_eq!(names, pairs(&[(name, &text(id))]));
    }
}

#[test]
fn no_byte_of_an_id_is_taken_for_the_querys_own() {
    // 16
    let id = ManagedIdentityId::ResourceId("/a&resource=evil#?%41 +\u{e9}".to_owned());
    let (played, query) = asked(IMDS, id.clone());
    assert!(query.contains(&("msi_res_id".to_owned(), text(&id))));
    assert_eq!(query.len(), 3);
    let uri = played.service.request(0).uri().to_string();
    assert!(uri.is_ascii() && !uri.contains("/a&"), "{uri}");
}

#[test]
fn the_metadata_service_is_where_the_variable_moves_it() {
    // 18
    for host in ["http://localhost:1234//", "http://localhost:1234"] {
        let moved = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", host)];
        let (played, _) = asked(&moved, SystemAssigned);
        let uri = played.service.request(0).uri().to_string();
        let expected = "http://localhost:1234/metadata/identity/oauth2/token?";
        assert!(uri.starts_with(expected), "{uri}");
    }
}

#[test]
fn app_service_wants_to_see_its_secret() {
    // 19
    let (played, query) = asked(APP_SERVICE, SystemAssigned);
    assert_eq!(
        query,
        pairs(&[("api-version", "2019-08-01"), ("resource", VAULT)])
    );
    let header = |name| played.service.header(0, name);
    assert_eq!(header("x-identity-header").as_deref(), Some(SECRET));
    assert_eq!(header("metadata").as_deref(), Some("true"));
    assert_eq!(header("secret"), None);
    assert_eq!(header("x-ms-client-request-id"), None);
}

#[test]
fn what_an_address_has_in_its_query_stays() {
    // 21
    let endpoint = ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token?a=b");
    let (_, query) = asked(&[endpoint, ("IDENTITY_HEADER", SECRET)], SystemAssigned);
    let expected = [
        ("a", "b"),
        ("api-version", "2019-08-01"),
        ("resource", VAULT),
    ];
    assert_eq!(query, pairs(&expected));
}

#[test]
fn machine_learning_names_even_its_default_identity() {
    // 22, 23
    let own = [ML, &[("DEFAULT_IDENTITY_CLIENT_ID", "C0")]].concat();
    let (played, query) = asked(&own, SystemAssigned);
    let version = ("api-version", "2017-09-01");
    assert_eq!(
        query,
        pairs(&[version, ("clientid", "C0"), ("resource", VAULT)])
    );
    assert_eq!(played.service.header(0, "secret").as_deref(), Some(SECRET));
    assert_eq!(played.service.header(0, "x-identity-header"), None);
    let (_, query) = asked(ML, SystemAssigned);
    assert_eq!(query, pairs(&[version, ("resource", VAULT)]));
    let (_, query) = asked(&own, client_id());
    let id = text(&client_id());
    assert_eq!(
        query,
        pairs(&[version, ("clientid", &id), ("resource", VAULT)])
    );
}

#[test]
fn cloud_shell_takes_a_form() {
    // 25
    let (played, query) = asked(CLOUD_SHELL, SystemAssigned);
    assert_eq!(query, []);
    let request = played.service.request(0);
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri().query(), None);
    assert_eq!(
        &request.body()[..],
        b"resource=https%3A%2F%2Fvault.azure.net"
    );
    let header = |name| played.service.header(0, name);
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(header("content-type").as_deref(), form);
    assert_eq!(header("metadata").as_deref(), Some("true"));
    assert_eq!(header("contenttype"), None);
}

#[test]
fn ids_that_a_service_would_ignore_are_refused_when_the_application_is_built() {
    // 24, 26, 51
    for (variables, id) in [
        (ML, object_id()),
        (ML, resource_id()),
        (CLOUD_SHELL, client_id()),
        (CLOUD_SHELL, object_id()),
        (CLOUD_SHELL, resource_id()),
        (FABRIC, client_id()),
        (FABRIC, resource_id()),
    ] {
        let error = refused_at_build(variables, id);
        let kind = ErrorKind::InvalidArgument("managed identity");
        assert_eq!(error.kind(), &kind);
    }
}

#[test]
fn an_id_without_text_is_refused() {
    // 29: two ids at once cannot be written down, since the id is one value of an enum.
    for id in [
        ManagedIdentityId::ClientId(String::new()),
        ManagedIdentityId::ObjectId(" ".to_owned()),
        ManagedIdentityId::ResourceId("\t".to_owned()),
    ] {
        let kind = ErrorKind::InvalidArgument("managed identity");
        assert_eq!(refused_at_build(IMDS, id).kind(), &kind);
    }
}

#[test]
fn the_resource_is_what_comes_before_one_default() {
    // 14, 27
    for (given, expected) in [
        ("https://vault.azure.net/.default", VAULT),
        (
            "https://management.core.windows.net//.default",
            "https://management.core.windows.net/",
        ),
        ("https://a/.default/b", "https://a/.default/b"),
        ("https://a/.default/.default", "https://a/.default"),
        ("user.read", "user.read"),
        ("s", "s"),
    ] {
        let stage = Stage::own(IMDS);
        let service = stage.service([ok(3600)]);
        run(stage.app.acquire_token(given, None), &service).unwrap();
        let query = service.query(0);
        let resource = query.iter().find(|(name, _)| name == "resource").unwrap();
        assert_eq!(resource.1, expected);
    }
}

#[test]
fn no_resource_or_more_than_one_is_an_error_before_anything_is_sent() {
    // 28
    for resource in ["", "/.default", " ", "https://a https://b", "a\nb"] {
        let stage = Stage::own(IMDS);
        let service = stage.service([ok(3600)]);
        let error = run(stage.app.acquire_token(resource, None), &service).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidArgument(_)),
            "{resource:?} {error}"
        );
        assert_eq!(service.log(), [""; 0]);
    }
}

#[test]
fn what_managed_identities_do_not_have_is_refused_before_anything_is_sent() {
    let stage = Stage::own(IMDS);
    let service = stage.service([]);
    let flow = stage.acquire_with(|options| options.call.tenant = "contoso".parse().ok());
    let error = run(flow, &service).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
    assert_eq!(service.log(), [""; 0]);
}

#[test]
fn a_secret_that_fits_into_no_header_is_an_error_that_does_not_show_it() {
    let split = ("IDENTITY_HEADER", "Opensesame\r\nEvil: 1");
    let variables = [APP_SERVICE[0], split];
    let played = play(|| Stage::own(&variables), [ok(3600)]);
    assert!(matches!(
        played.error().kind(),
        ErrorKind::InvalidArgument(_)
    ));
    assert_eq!(played.log(), [""; 0]);
}
