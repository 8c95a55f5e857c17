use msal_testing::defaults::{OTHER_TENANT_ID, TENANT_DOMAIN, TENANT_ID};
use msal_testing::{Endpoint, LocalIdentityProvider, OidcIssuer, Tenant};
use serde_json::{Value, json};

use crate::client::Client;

#[test]
fn instance_discovery_lists_the_clouds_for_a_host_that_it_knows() {
    let provider = LocalIdentityProvider::start().unwrap();
    let response = discover(
        &provider,
        "1.1",
        "https://login.windows.net/common/oauth2/v2.0/authorize",
    );
    assert_eq!(
        response["tenant_discovery_endpoint"],
        "https://login.windows.net/common/v2.0/.well-known/openid-configuration"
    );
    let metadata = response["metadata"].as_array().unwrap();
    assert_eq!(metadata.len(), 8);
    assert_eq!(
        metadata[0],
        json!({
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.windows.net",
            "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        })
    );
    let aliases: Vec<&Value> = metadata
        .iter()
        .flat_map(|cloud| cloud["aliases"].as_array().unwrap())
        .collect();
    assert_eq!(aliases.len(), 13);

    let response = discover(
        &provider,
        "1.0",
        "https://login.microsoftonline.com/common/oauth2/authorize",
    );
    assert_eq!(
        response["tenant_discovery_endpoint"],
        "https://login.microsoftonline.com/common/.well-known/openid-configuration"
    );
    assert_eq!(response.get("metadata"), None);
}

#[test]
fn instance_discovery_refuses_a_host_that_nobody_registered() {
    let provider = LocalIdentityProvider::builder()
        .known_host("login.contoso.com")
        .start()
        .unwrap();
    for endpoint in [
        "https://login.evil.example/t/oauth2/v2.0/authorize",
        "http://login.microsoftonline.com/t/oauth2/v2.0/authorize",
        "nonsense",
    ] {
        let error = discover(&provider, "1.1", endpoint);
        assert_eq!(error["error"], "invalid_instance", "{endpoint}");
        assert_eq!(error["error_codes"], json!([50049]));
        assert!(
            error["error_description"]
                .as_str()
                .unwrap()
                .starts_with("AADSTS50049: ")
        );
        assert!(
            error["trace_id"].is_string()
                && error["correlation_id"].is_string()
                && error["timestamp"].is_string()
        );
    }
    let known = discover(
        &provider,
        "1.1",
        "https://login.contoso.com/t/oauth2/v2.0/authorize",
    );
    assert_eq!(
        known["tenant_discovery_endpoint"],
        "https://login.contoso.com/t/v2.0/.well-known/openid-configuration"
    );
    assert_eq!(provider.count(Endpoint::InstanceDiscovery), 4);
}

#[test]
fn openid_configuration_names_the_tenant_by_its_id() {
    let provider = LocalIdentityProvider::start().unwrap();
    for tenant in [
        TENANT_ID,
        TENANT_DOMAIN,
        "CONTOSO.com",
        &TENANT_ID.to_uppercase(),
    ] {
        let configuration = configuration(
            &provider,
            &format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        );
        let base = format!("https://login.microsoftonline.com/{TENANT_ID}");
        assert_eq!(configuration["issuer"], format!("{base}/v2.0"));
        assert_eq!(
            configuration["token_endpoint"],
            format!("{base}/oauth2/v2.0/token")
        );
        assert_eq!(
            configuration["authorization_endpoint"],
            format!("{base}/oauth2/v2.0/authorize")
        );
        assert_eq!(
            configuration["device_authorization_endpoint"],
            format!("{base}/oauth2/v2.0/devicecode")
        );
        assert_eq!(
            configuration["jwks_uri"],
            format!("{base}/discovery/v2.0/keys")
        );
        assert_eq!(configuration["tenant_region_scope"], "WW");
    }
}

#[test]
fn openid_configuration_of_more_than_one_tenant() {
    let provider = LocalIdentityProvider::start().unwrap();
    let issuers = [
        (
            "common",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        (
            "organizations",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        (
            "consumers",
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        ),
    ];
    for (name, issuer) in issuers {
        let configuration = configuration(
            &provider,
            &format!("https://login.microsoftonline.com/{name}/v2.0"),
        );
        assert_eq!(configuration["issuer"], issuer);
        assert_eq!(
            configuration["token_endpoint"],
            format!("https://login.microsoftonline.com/{name}/oauth2/v2.0/token")
        );
        assert_eq!(configuration["tenant_region_scope"], Value::Null);
    }
}

#[test]
fn openid_configuration_of_other_hosts_of_entra_id() {
    let provider = LocalIdentityProvider::start().unwrap();
    let cases = [
        ("westus2.login.microsoft.com", "login.microsoftonline.com"),
        ("sts.windows.net", "login.microsoftonline.com"),
        ("login.microsoftonline.us", "login.microsoftonline.us"),
        ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ("login.sovcloud-identity.fr", "login.sovcloud-identity.fr"),
        ("login.private.example", "login.private.example"),
    ];
    for (host, issuer) in cases {
        let configuration = configuration(&provider, &format!("https://{host}/{TENANT_ID}/v2.0"));
        assert_eq!(
            configuration["issuer"],
            format!("https://{issuer}/{TENANT_ID}/v2.0")
        );
        assert_eq!(
            configuration["token_endpoint"],
            format!("https://{host}/{TENANT_ID}/oauth2/v2.0/token")
        );
    }
}

#[test]
fn openid_configuration_of_an_unknown_tenant_is_an_error() {
    let provider = LocalIdentityProvider::start().unwrap();
    let cases = [
        ("nowhere.example", "invalid_tenant", 90002),
        (
            "00000000-0000-0000-0000-000000000001",
            "invalid_tenant",
            90002,
        ),
        ("not%20a%20tenant", "invalid_request", 900_023),
    ];
    for (tenant, error, code) in cases {
        let url = format!(
            "https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration"
        );
        let response = Client::of(&provider).get(&url).unwrap();
        assert_eq!(response.status, 400);
        assert_eq!(response.json()["error"], error);
        assert_eq!(response.json()["error_codes"], json!([code]));
    }
}

#[test]
fn openid_configuration_of_kinds_other_than_entra_id() {
    let provider = LocalIdentityProvider::builder()
        .oidc_issuer(OidcIssuer::new("https://id.example.com/realms/main").unwrap())
        .tenant(Tenant::new(OTHER_TENANT_ID, "ciam").domain("myciam.onmicrosoft.com"))
        .start()
        .unwrap();
    let cases = [
        (
            format!("https://contoso.b2clogin.com/{TENANT_DOMAIN}/B2C_1_SignIn/v2.0"),
            format!("https://contoso.b2clogin.com/{TENANT_ID}/v2.0/"),
            format!("https://contoso.b2clogin.com/{TENANT_DOMAIN}/b2c_1_signin/oauth2/v2.0/token"),
        ),
        (
            format!("https://contoso.b2clogin.com/tfp/{TENANT_DOMAIN}/b2c_1_signin/v2.0"),
            format!("https://contoso.b2clogin.com/tfp/{TENANT_ID}/b2c_1_signin/v2.0/"),
            format!(
                "https://contoso.b2clogin.com/tfp/{TENANT_DOMAIN}/b2c_1_signin/oauth2/v2.0/token"
            ),
        ),
        (
            "https://myciam.ciamlogin.com/myciam.onmicrosoft.com/v2.0".to_owned(),
            format!("https://{OTHER_TENANT_ID}.ciamlogin.com/{OTHER_TENANT_ID}/v2.0"),
            format!("https://myciam.ciamlogin.com/{OTHER_TENANT_ID}/oauth2/v2.0/token"),
        ),
        (
            "https://fs.contoso.com/adfs".to_owned(),
            "https://fs.contoso.com/adfs".to_owned(),
            "https://fs.contoso.com/adfs/oauth2/token/".to_owned(),
        ),
        (
            format!("https://host.dsts.example/dstsv2/{TENANT_ID}/v2.0"),
            format!("https://host.dsts.example/dstsv2/{TENANT_ID}/v2.0"),
            format!("https://host.dsts.example/dstsv2/{TENANT_ID}/oauth2/v2.0/token"),
        ),
        (
            "https://id.example.com/realms/main".to_owned(),
            "https://id.example.com/realms/main".to_owned(),
            "https://id.example.com/realms/main/connect/token".to_owned(),
        ),
    ];
    for (base, issuer, token_endpoint) in cases {
        let configuration = configuration(&provider, &base);
        assert_eq!(configuration["issuer"], issuer, "{base}");
        assert_eq!(configuration["token_endpoint"], token_endpoint);
        let keys = Client::of(&provider)
            .get(configuration["jwks_uri"].as_str().unwrap())
            .unwrap();
        assert_eq!(keys.json()["keys"][0]["kty"], "RSA");
    }
    let missing = format!(
        "https://contoso.b2clogin.com/{TENANT_DOMAIN}/nonsense/v2.0/.well-known/openid-configuration"
    );
    assert_eq!(Client::of(&provider).get(&missing).unwrap().status, 404);
}

#[test]
fn web_finger_confirms_the_host_that_was_asked() {
    let provider = LocalIdentityProvider::start().unwrap();
    let rel = "http://schemas.microsoft.com/rel/trusted-realm";
    let url = format!(
        "https://fs.contoso.com/.well-known/webfinger?rel={rel}&resource=https://fs.contoso.com"
    );
    let response = Client::of(&provider).get(&url).unwrap();
    assert_eq!(
        response.json()["links"],
        json!([{ "rel": rel, "href": "https://fs.contoso.com" }])
    );
    let url = "https://fs.contoso.com/.well-known/webfinger?resource=https://other.example";
    assert_eq!(Client::of(&provider).get(url).unwrap().status, 404);
}

#[test]
fn instance_metadata_tells_the_region_to_who_asks_in_the_right_way() {
    let provider = LocalIdentityProvider::start().unwrap();
    provider.set_region("uksouth");
    let base = "http://metadata.invalid/metadata/instance/compute";
    let get = |query: &str, headers: &[(&str, &str)]| {
        Client::of(&provider)
            .send("GET", &format!("{base}{query}"), headers, "")
            .unwrap()
    };
    let response = get("?api-version=2021-02-01", &[("Metadata", "true")]);
    assert_eq!(
        (response.status, &response.json()["location"]),
        (200, &json!("uksouth"))
    );

    let response = get("?api-version=2030-01-01", &[("Metadata", "true")]);
    assert_eq!(
        (response.status, &response.json()["newest-versions"][0]),
        (400, &json!("2021-02-01"))
    );
    assert_eq!(get("", &[("Metadata", "true")]).status, 400);
    assert_eq!(get("?api-version=2021-02-01", &[]).status, 400);
    assert_eq!(
        get(
            "?api-version=2021-02-01",
            &[("Metadata", "true"), ("X-Forwarded-For", "10.0.0.1")]
        )
        .status,
        400
    );
    assert_eq!(provider.count(Endpoint::InstanceMetadata), 5);
}

fn discover(provider: &LocalIdentityProvider, version: &str, endpoint: &str) -> Value {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("api-version", version)
        .append_pair("authorization_endpoint", endpoint)
        .finish();
    let url = format!("https://login.microsoftonline.com/common/discovery/instance?{query}");
    Client::of(provider).get(&url).unwrap().json()
}

fn configuration(provider: &LocalIdentityProvider, base: &str) -> Value {
    let response = Client::of(provider)
        .get(&format!("{base}/.well-known/openid-configuration"))
        .unwrap();
    assert_eq!(
        response.status,
        200,
        "{base}: {}",
        String::from_utf8_lossy(&response.body)
    );
    response.json()
}
