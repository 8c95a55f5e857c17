use msal_testing::defaults::{FEDERATED_DOMAIN, FEDERATION_HOST};
use msal_testing::{Endpoint, FederatedDomain, LocalIdentityProvider, WsTrustVersion};
use serde_json::{Value, json};

use crate::client::Client;
use crate::token_errors::assert_error;

#[test]
fn a_managed_domain_is_entra_ids_own() {
    let provider = LocalIdentityProvider::start().unwrap();
    assert_eq!(
        realm(&provider, "alice@contoso.com"),
        json!({
            "ver": "1.0",
            "account_type": "Managed",
            "domain_name": "contoso.com",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        })
    );
    let of_nobody = realm(&provider, "nobody.at.all@CONTOSO.com");
    assert_eq!(
        of_nobody["account_type"], "Managed",
        "the domain decides, and not the user"
    );
}

#[test]
fn a_federated_domain_names_its_ad_fs() {
    let provider = LocalIdentityProvider::start().unwrap();
    let body = realm(&provider, &format!("fred@{FEDERATED_DOMAIN}"));
    let base = format!("https://{FEDERATION_HOST}/adfs/services/trust");
    assert_eq!(
        body,
        json!({
            "ver": "1.0",
            "account_type": "Federated",
            "domain_name": FEDERATED_DOMAIN,
            "federation_protocol": "WSTrust",
            "federation_metadata_url": format!("{base}/mex"),
            "federation_active_auth_url": format!("{base}/2005/usernamemixed"),
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        })
    );
}

#[test]
fn a_federated_domain_may_have_no_description() {
    let provider = LocalIdentityProvider::builder()
        .federated_domain(
            FederatedDomain::new("old.example", "sts.old.example").without_metadata_url(),
        )
        .federated_domain(
            FederatedDomain::new("new.example", "sts.new.example")
                .without_metadata_url()
                .ws_trust([WsTrustVersion::V1_3]),
        )
        .start()
        .unwrap();
    for (domain, version) in [("old.example", "2005"), ("new.example", "13")] {
        let body = realm(&provider, &format!("u@{domain}"));
        assert_eq!(body["federation_metadata_url"], Value::Null);
        assert_eq!(
            body["federation_active_auth_url"],
            format!("https://sts.{domain}/adfs/services/trust/{version}/usernamemixed")
        );
    }
}

#[test]
fn a_personal_account_and_an_unknown_domain_are_told_apart() {
    let provider = LocalIdentityProvider::start().unwrap();
    let personal = realm(&provider, "paula@outlook.com");
    assert_eq!(
        (&personal["account_type"], &personal["domain_name"]),
        (&json!("Managed"), &json!("live.com"))
    );
    for name in [
        "who@nowhere.example",
        "who",
        "@",
        "who%2F..%2F@nowhere.example",
    ] {
        let unknown = realm(&provider, name);
        assert_eq!(unknown["account_type"], "Unknown", "{name}");
        assert_eq!(unknown["domain_name"], Value::Null, "{name}");
        assert_eq!(unknown["ver"], "1.0", "{name}");
    }
}

#[test]
fn each_cloud_names_itself() {
    let provider = LocalIdentityProvider::start().unwrap();
    let cases = [
        (
            "login.microsoftonline.us",
            "microsoftonline.us",
            "urn:federation:MicrosoftOnline",
        ),
        (
            "login.partner.microsoftonline.cn",
            "partner.microsoftonline.cn",
            "urn:federation:partner.microsoftonline.cn",
        ),
        (
            "login.sovcloud-identity.fr",
            "sovcloud-identity.fr",
            "urn:federation:MicrosoftOnline",
        ),
    ];
    for (host, name, urn) in cases {
        let url = format!("https://{host}/common/userrealm/alice@contoso.com?api-version=1.0");
        let body = Client::of(&provider).get(&url).unwrap().json();
        assert_eq!(body["cloud_instance_name"], name, "{host}");
        assert_eq!(body["cloud_audience_urn"], urn, "{host}");
    }
}

#[test]
fn the_path_is_taken_in_both_cases_and_at_dsts() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    for url in [
        "https://login.microsoftonline.com/common/UserRealm/alice%40contoso.com?api-version=1.0",
        "https://sts.dsts.example/dstsv2/common/userrealm/alice@contoso.com?api-version=1.0",
    ] {
        let response = client.get(url).unwrap();
        assert_eq!(response.status, 200, "{url}");
        assert_eq!(response.json()["account_type"], "Managed", "{url}");
    }
    assert_eq!(provider.count(Endpoint::UserRealm), 2);
}

#[test]
fn a_host_without_this_service_says_so() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    let hosts = [
        "contoso.b2clogin.com",
        "contoso.ciamlogin.com",
        "login.private.example",
    ];
    for host in hosts {
        let url = format!("https://{host}/common/userrealm/alice@contoso.com?api-version=1.0");
        let response = client.get(&url).unwrap();
        assert_eq!((response.status, response.body.len()), (404, 0), "{host}");
    }
    assert_eq!(provider.count(Endpoint::UserRealm), 3);
}

#[test]
fn a_version_must_be_named() {
    let provider = LocalIdentityProvider::start().unwrap();
    for query in ["", "?api-version=9.9"] {
        let url =
            format!("https://login.microsoftonline.com/common/userrealm/alice@contoso.com{query}");
        let response = Client::of(&provider).get(&url).unwrap();
        assert_error(&response, 400, "invalid_request", 90_013, query);
    }
}

fn realm(provider: &LocalIdentityProvider, username: &str) -> Value {
    let url =
        format!("https://login.microsoftonline.com/common/userrealm/{username}?api-version=1.0");
    let response = Client::of(provider).get(&url).unwrap();
    assert_eq!(response.status, 200, "{username}");
    response.json()
}
