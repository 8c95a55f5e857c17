use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::*;
use crate::authority::AuthoritySettings;

const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const ENDPOINTS: [&str; 5] = [
    "token_endpoint",
    "authorization_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "jwks_uri",
];

fn authority(url: &str) -> Authority {
    Authority::parse(url).unwrap()
}

/// A configuration with every endpoint at `origin`.
fn configuration(origin: &str, issuer: &str) -> Map<String, Value> {
    let mut configuration = Map::new();
    for name in ENDPOINTS {
        configuration.insert(name.into(), [origin, "/x/", name].concat().into());
    }
    configuration.insert("issuer".into(), issuer.into());
    configuration
}

fn check(authority: &Authority, configuration: &Map<String, Value>) -> Result<Endpoints, Error> {
    check_knowing(authority, configuration, &[])
}

fn check_knowing(
    authority: &Authority,
    configuration: &Map<String, Value>,
    known: &[&str],
) -> Result<Endpoints, Error> {
    let settings = AuthoritySettings {
        instance_discovery: false,
        known_authorities: known.iter().map(|host| (*host).to_owned()).collect(),
        ..AuthoritySettings::default()
    };
    let trust = settings.check(authority)?;
    let instance = InstanceMetadata::built_in(authority);
    let json = serde_json::to_vec(configuration).unwrap();
    parse_document(&json, authority, &instance, &trust)
}

/// Whether a configuration with this issuer is taken, and the tenant's id it tells.
fn issuer(authority: &Authority, issuer: &str) -> Result<Option<String>, String> {
    let origin = authority.url().origin().ascii_serialization();
    match check(authority, &configuration(&origin, issuer)) {
        Ok(endpoints) => Ok(endpoints.tenant_id.map(|id| id.to_string())),
        Err(error) => {
            assert_eq!(error.kind(), &ErrorKind::Authority, "{issuer}");
            Err(error.to_string())
        }
    }
}

#[test]
fn every_endpoint_is_held_to_the_authoritys_host() {
    let entra = "https://login.microsoftonline.com/contoso.com";
    let own = "https://login.contoso.example:8443/contoso.com";
    let adfs = "https://adfs.contoso.example/adfs";
    let ciam = "https://contoso.ciamlogin.com";
    let b2c = "https://contoso.b2clogin.com/contoso.com/b2c_1";
    for (url, endpoint, allowed) in [
        (entra, "https://login.microsoftonline.com/x", true),
        (entra, "https://LOGIN.microsoftonline.com:443/x", true),
        (entra, "https://login.windows.net/x", true),
        (entra, "https://sts.windows.net/x?p=1", true),
        (entra, "https://westus2.login.microsoft.com/x", true),
        (entra, "https://westus2.login.microsoftonline.com/x", true),
        (
            entra,
            "https://login.microsoftonline.com/{tenantid}/x",
            true,
        ),
        (entra, "https://login.microsoftonline.us/x", false),
        (entra, "https://login.partner.microsoftonline.cn/x", false),
        (entra, "https://westus2.login.microsoftonline.us/x", false),
        (entra, "https://a.westus2.login.microsoft.com/x", false),
        (entra, "https://2west.login.microsoft.com/x", false),
        (entra, "https://west-.login.microsoft.com/x", false),
        (entra, "https://.login.microsoft.com/x", false),
        (entra, "https://evil.example/x", false),
        (
            entra,
            "https://login.microsoftonline.com.evil.example/x",
            false,
        ),
        (entra, "https://evil-login.microsoftonline.com/x", false),
        (entra, "https://login.microsoftonline.com./x", false),
        (entra, "https://l\u{43e}gin.microsoftonline.com/x", false),
        (entra, "https://login\u{3002}microsoftonline.com/x", false),
        (entra, "https://xn--lgin-mpf.microsoftonline.com/x", false),
        (entra, "https://login.microsoftonline.com:8443/x", false),
        (entra, "https://login.windows.net:8443/x", false),
        (entra, "https://login.microsoftonline.com:/x", false),
        (entra, "http://login.microsoftonline.com/x", false),
        (entra, "//login.microsoftonline.com/x", false),
        (entra, "/x", false),
        (entra, "x", false),
        (entra, "javascript:alert(1)", false),
        (entra, "https:login.microsoftonline.com/x", false),
        (entra, "https://user@login.microsoftonline.com/x", false),
        (
            entra,
            "https://user:secret@login.microsoftonline.com/x",
            false,
        ),
        (
            entra,
            "https://login.microsoftonline.com@evil.example/x",
            false,
        ),
        (
            entra,
            "https://evil.example\\@login.microsoftonline.com/x",
            false,
        ),
        (
            entra,
            "https://evil.example\\.login.microsoftonline.com/x",
            false,
        ),
        (
            entra,
            "https://evil.example#.login.microsoftonline.com/x",
            false,
        ),
        (
            entra,
            "https://evil.example?.login.microsoftonline.com/x",
            false,
        ),
        (entra, "https://login.microsoftonline.com/x#y", false),
        (entra, "https://login.micro\tsoftonline.com/x", false),
        (entra, "https://login.microsoftonline.com/x\r\ny", false),
        (entra, " https://login.microsoftonline.com/x", false),
        (entra, "https://login%2emicrosoftonline.com/x", false),
        (entra, "https://127.0.0.1/x", false),
        (entra, "https://[::1]/x", false),
        (entra, "https://169.254.169.254/x", false),
        (own, "https://login.contoso.example:8443/x", true),
        (own, "https://westus2.login.contoso.example:8443/x", true),
        (own, "https://login.contoso.example:8444/x", false),
        (own, "https://sts.contoso.example:8443/x", false),
        (own, "https://contoso.example:8443/x", false),
        (own, "https://login.microsoftonline.com/x", false),
        (adfs, "https://adfs.contoso.example/x", true),
        (adfs, "https://west.adfs.contoso.example/x", false),
        (adfs, "https://adfs.contoso.example:8443/x", false),
        (adfs, "http://adfs.contoso.example/x", false),
        (ciam, "https://contoso.ciamlogin.com/x", true),
        (ciam, "https://fabrikam.ciamlogin.com/x", false),
        (ciam, "https://x.contoso.ciamlogin.com/x", false),
        (ciam, "https://login.microsoftonline.com/x", false),
        (b2c, "https://contoso.b2clogin.com/x?p=b2c_1", true),
        (b2c, "https://fabrikam.b2clogin.com/x", false),
        (b2c, "https://login.microsoftonline.com/x", false),
    ] {
        let authority = authority(url);
        let origin = authority.url().origin().ascii_serialization();
        let issuer = match authority.kind() {
            AuthorityKind::Adfs => [&origin, "/adfs"].concat(),
            _ => [&origin, "/", GUID, "/v2.0"].concat(),
        };
        for name in ENDPOINTS {
            let mut configuration = configuration(&origin, &issuer);
            configuration.insert(name.into(), endpoint.into());
            let outcome = check(&authority, &configuration);
            assert_eq!(
                outcome.is_ok(),
                allowed,
                "{name} {endpoint} for {url}: {outcome:?}"
            );
            if let Err(error) = outcome {
                assert_eq!(error.kind(), &ErrorKind::Authority, "{name} {endpoint}");
                let text = format!("{error} {error:?}");
                assert!(text.contains(name), "{text}");
                assert!(!text.contains("evil") && !text.contains("secret"), "{text}");
            }
        }
    }
}

#[test]
fn a_plain_issuer_may_name_endpoints_elsewhere_but_only_over_https() {
    let authority = Authority::oidc("https://id.example/Realms/a").unwrap();
    for (endpoint, allowed) in [
        ("https://id.example/x", true),
        ("https://tokens.example:8443/x", true),
        ("http://id.example/x", false),
        ("https://user@id.example/x", false),
        ("https://\u{456}d.example/x", false),
        ("https://2130706433/x", false),
        ("ftp://id.example/x", false),
    ] {
        for name in ENDPOINTS {
            let mut configuration =
                configuration("https://id.example", "https://id.example/Realms/a");
            configuration.insert(name.into(), endpoint.into());
            assert_eq!(
                check(&authority, &configuration).is_ok(),
                allowed,
                "{name} {endpoint}"
            );
        }
    }
    for (text, taken) in [
        ("https://id.example/Realms/a", true),
        ("https://id.example/Realms/a/", true),
        ("https://ID.example/Realms/a", true),
        ("https://id.example/realms/a", false),
        ("https://id.example/Realms/a//", false),
        ("https://id.example/Realms/b", false),
        ("https://id.example/Realms/a/b", false),
        ("https://id.example", false),
        ("https://id.example:8443/Realms/a", false),
        ("http://id.example/Realms/a", false),
        ("https://login.microsoftonline.com/Realms/a", false),
        ("", false),
    ] {
        assert_eq!(issuer(&authority, text).is_ok(), taken, "{text}");
    }
}

#[test]
fn the_issuer_is_bound_to_the_tenant_that_was_asked_for() {
    const LOGIN: &str = "https://login.microsoftonline.com/";
    let by_guid = [LOGIN, GUID].concat();
    let at = |tenant: &str| [LOGIN, tenant, "/v2.0"].concat();
    let personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let upper = GUID.to_ascii_uppercase();
    for (tenant, issuer_tenant, taken) in [
        (GUID, GUID, true),
        (GUID, &upper, true),
        (GUID, OTHER, false),
        (GUID, "{tenantid}", false),
        (GUID, "contoso.com", false),
        ("contoso.com", GUID, true),
        ("contoso.com", OTHER, true),
        ("contoso.com", "contoso.com", false),
        ("contoso.com", "{tenantid}", false),
        ("contoso.com", "common", false),
        ("common", "{tenantid}", true),
        ("common", GUID, false),
        ("common", "common", false),
        ("organizations", "{tenantid}", true),
        ("organizations", GUID, false),
        ("consumers", personal, true),
        ("consumers", GUID, false),
        ("consumers", "{tenantid}", false),
        (personal, personal, true),
        (personal, GUID, false),
    ] {
        let authority = authority(&[LOGIN, tenant].concat());
        let outcome = issuer(&authority, &at(issuer_tenant));
        assert_eq!(
            outcome.is_ok(),
            taken,
            "{tenant} {issuer_tenant} {outcome:?}"
        );
        if let Ok(id) = outcome {
            let expected =
                (issuer_tenant != "{tenantid}").then(|| issuer_tenant.to_ascii_lowercase());
            assert_eq!(id, expected);
        }
    }
    for (text, taken) in [
        ([LOGIN, GUID].concat(), true),
        ([LOGIN, GUID, "/"].concat(), true),
        ([LOGIN, GUID, "/v2.0/"].concat(), true),
        (["https://sts.windows.net/", GUID, "/"].concat(), true),
        (
            ["https://westus2.login.microsoft.com/", GUID, "/v2.0"].concat(),
            true,
        ),
        ([LOGIN, GUID, "/v1.0"].concat(), false),
        ([LOGIN, GUID, "/v2.0/x"].concat(), false),
        ([LOGIN, "x/", GUID].concat(), false),
        (LOGIN.to_owned(), false),
        (
            ["https://login.microsoftonline.us/", GUID, "/v2.0"].concat(),
            false,
        ),
        (
            ["https://login.partner.microsoftonline.cn/", GUID, "/v2.0"].concat(),
            false,
        ),
        (["https://evil.example/", GUID, "/v2.0"].concat(), false),
        (
            ["https://a.b.login.microsoft.com/", GUID, "/v2.0"].concat(),
            false,
        ),
        (
            ["https://login.microsoftonline.com:8443/", GUID, "/v2.0"].concat(),
            false,
        ),
        (
            ["http://login.microsoftonline.com/", GUID, "/v2.0"].concat(),
            false,
        ),
        (
            ["https://u@login.microsoftonline.com/", GUID, "/v2.0"].concat(),
            false,
        ),
        (
            ["https://l\u{43e}gin.microsoftonline.com/", GUID, "/v2.0"].concat(),
            false,
        ),
        ([LOGIN, GUID, "/v2.0?x"].concat(), false),
        ([LOGIN, GUID, "/../", GUID].concat(), false),
        (["urn:", GUID].concat(), false),
        (GUID.to_owned(), false),
    ] {
        assert_eq!(issuer(&authority(&by_guid), &text).is_ok(), taken, "{text}");
    }
}

#[test]
fn a_host_of_ones_own_may_have_its_issuer_at_home_or_at_microsoft() {
    let own = authority(&["https://login.contoso.example/", GUID].concat());
    let at = |host: &str| ["https://", host, "/", GUID, "/v2.0"].concat();
    for (host, taken) in [
        ("login.contoso.example", true),
        ("west.login.contoso.example", true),
        ("login.microsoftonline.com", true),
        ("login.microsoftonline.us", true),
        ("westus2.login.microsoft.com", true),
        ("sts.contoso.example", false),
        ("login.contoso.example:8443", false),
        ("evil.example", false),
        ("contoso.b2clogin.com", false),
        ("contoso.ciamlogin.com", false),
    ] {
        assert_eq!(issuer(&own, &at(host)).is_ok(), taken, "{host}");
    }
    let configuration = configuration("https://login.contoso.example", &at("sts.contoso.example"));
    assert!(check_knowing(&own, &configuration, &["sts.contoso.example"]).is_ok());
    assert!(check_knowing(&own, &configuration, &["sts.contoso.example:8443"]).is_err());
}

#[test]
fn b2c_issuers_are_for_the_tenant_and_where_named_for_the_policy() {
    let b2c = authority("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_SuSi");
    for (text, taken) in [
        (
            ["https://contoso.b2clogin.com/", GUID, "/v2.0/"].concat(),
            true,
        ),
        (
            [
                "https://contoso.b2clogin.com/tfp/",
                GUID,
                "/b2c_1_susi/v2.0/",
            ]
            .concat(),
            true,
        ),
        (
            [
                "https://login.microsoftonline.com/tfp/",
                GUID,
                "/B2C_1_SUSI/v2.0/",
            ]
            .concat(),
            true,
        ),
        (
            ["https://login.microsoftonline.com/", GUID, "/v2.0/"].concat(),
            true,
        ),
        (
            [
                "https://contoso.b2clogin.com/tfp/",
                GUID,
                "/b2c_1_edit/v2.0/",
            ]
            .concat(),
            false,
        ),
        (
            ["https://fabrikam.b2clogin.com/", GUID, "/v2.0/"].concat(),
            false,
        ),
        (["https://evil.example/", GUID, "/v2.0/"].concat(), false),
        (
            "https://contoso.b2clogin.com/{tenantid}/v2.0/".to_owned(),
            false,
        ),
        ("https://contoso.b2clogin.com/v2.0/".to_owned(), false),
    ] {
        assert_eq!(issuer(&b2c, &text).is_ok(), taken, "{text}");
    }
    let by_guid = authority(&["https://contoso.b2clogin.com/tfp/", GUID, "/b2c_1_susi"].concat());
    let at = |tenant: &str| ["https://contoso.b2clogin.com/", tenant, "/v2.0/"].concat();
    assert_eq!(issuer(&by_guid, &at(GUID)), Ok(Some(GUID.to_owned())));
    assert!(issuer(&by_guid, &at(OTHER)).is_err());
}

#[test]
fn ciam_issuers_carry_the_tenants_name_or_id_in_host_and_path() {
    let by_name = "https://contoso.ciamlogin.com";
    let by_domain = "https://contoso.ciamlogin.com/contoso.com";
    let by_id = &["https://contoso.ciamlogin.com/", GUID].concat();
    for (url, host, path, taken) in [
        (by_name, GUID, ["/", GUID, "/v2.0"].concat(), true),
        (by_name, GUID, ["/", GUID].concat(), true),
        (by_name, GUID, String::new(), true),
        (by_name, "contoso", String::new(), true),
        (by_name, "contoso", "/contoso".to_owned(), true),
        (by_name, "contoso", "/contoso/v2.0".to_owned(), true),
        (
            by_name,
            "contoso",
            "/contoso.onmicrosoft.com".to_owned(),
            true,
        ),
        (
            by_name,
            "contoso",
            "/contoso.onmicrosoft.com/v2.0/".to_owned(),
            true,
        ),
        (by_name, "contoso", ["/", GUID, "/v2.0"].concat(), true),
        (by_name, GUID, ["/", OTHER, "/v2.0"].concat(), false),
        (by_name, "fabrikam", ["/", GUID, "/v2.0"].concat(), false),
        (by_name, "fabrikam", "/contoso".to_owned(), false),
        (by_name, "contoso", "/fabrikam".to_owned(), false),
        (
            by_name,
            "contoso",
            "/fabrikam.onmicrosoft.com/v2.0".to_owned(),
            false,
        ),
        (by_name, "contoso", "/contoso.com".to_owned(), false),
        (by_name, "contoso", "/{tenantid}/v2.0".to_owned(), false),
        (by_name, "contoso", ["/", GUID, "/v1.0"].concat(), false),
        (by_name, "a.contoso", "/contoso".to_owned(), false),
        (by_domain, "contoso", "/contoso.com/v2.0".to_owned(), true),
        (by_domain, GUID, ["/", GUID, "/v2.0"].concat(), true),
        (by_id, GUID, ["/", GUID, "/v2.0"].concat(), true),
        (by_id, "contoso", ["/", GUID, "/v2.0"].concat(), true),
        (by_id, "contoso", String::new(), true),
        (by_id, OTHER, ["/", OTHER, "/v2.0"].concat(), false),
        (by_id, "contoso", ["/", OTHER, "/v2.0"].concat(), false),
        (by_id, OTHER, String::new(), false),
    ] {
        let text = ["https://", host, ".ciamlogin.com", &path].concat();
        let outcome = issuer(&authority(url), &text);
        assert_eq!(outcome.is_ok(), taken, "{url} {text} {outcome:?}");
        if let Ok(Some(id)) = outcome {
            assert_eq!(id, GUID);
        }
    }
    for text in [
        "https://login.microsoftonline.com/contoso",
        "https://ciamlogin.com/contoso",
        "https://contoso.ciamlogin.com.evil.example/contoso",
        "https://contoso.ciamlogin.com:8443/contoso",
        "http://contoso.ciamlogin.com/contoso",
    ] {
        assert!(issuer(&authority(by_name), text).is_err(), "{text}");
    }
}

#[test]
fn adfs_and_dsts_issuers_are_at_home() {
    let adfs = authority("https://adfs.contoso.example/adfs");
    for (text, taken) in [
        ("https://adfs.contoso.example/adfs", true),
        ("https://adfs.contoso.example/adfs/services/trust", true),
        ("https://other.contoso.example/adfs", false),
        ("https://adfs.contoso.example:8443/adfs", false),
        ("https://login.microsoftonline.com/adfs", false),
        ("http://adfs.contoso.example/adfs", false),
    ] {
        assert_eq!(issuer(&adfs, text).is_ok(), taken, "{text}");
    }
    let dsts = authority(&["https://dsts.example/dstsv2/", GUID].concat());
    for (text, taken) in [
        (
            ["https://dsts.example/dstsv2/", GUID, "/v2.0"].concat(),
            true,
        ),
        (
            ["https://dsts.example/dstsv2/", OTHER, "/v2.0"].concat(),
            false,
        ),
        ("https://dsts.example/".to_owned(), true),
        ("https://other.example/".to_owned(), false),
    ] {
        assert_eq!(issuer(&dsts, &text).is_ok(), taken, "{text}");
    }
}

#[test]
fn a_real_adfs_configuration_is_read() {
    let adfs = authority("https://adfs.contoso.example/adfs");
    let at = |path: &str| ["https://adfs.contoso.example/adfs/", path].concat();
    let configuration = json!({
        "issuer": "https://adfs.contoso.example/adfs",
        "access_token_issuer": "http://adfs.contoso.example/adfs/services/trust",
        "authorization_endpoint": at("oauth2/authorize/"),
        "token_endpoint": at("oauth2/token/"),
        "jwks_uri": at("discovery/keys"),
        "end_session_endpoint": at("oauth2/logout"),
        "device_authorization_endpoint": at("oauth2/devicecode"),
        "userinfo_endpoint": at("userinfo"),
        "rp_id_token_token_binding_supported": true,
        "microsoft_multi_refresh_token": true,
    });
    let endpoints = check(&adfs, configuration.as_object().unwrap()).unwrap();
    assert_eq!(endpoints.token.as_str(), at("oauth2/token/"));
    assert_eq!(endpoints.tenant_id, None);
}

#[test]
fn a_missing_device_endpoint_is_beside_the_token_endpoint() {
    let device = |authority: &Authority, token: &str, issuer: &str| {
        let mut configuration = configuration("https://token.example", issuer);
        configuration.remove("device_authorization_endpoint");
        configuration.insert("token_endpoint".into(), token.into());
        let endpoints = check(authority, &configuration).unwrap();
        endpoints.device_authorization.map(|url| url.to_string())
    };
    let own = authority(&["https://token.example/", GUID].concat());
    let issuer = ["https://token.example/", GUID, "/v2.0"].concat();
    assert_eq!(
        device(
            &own,
            "https://token.example/token/oauth2/v2.0/token",
            &issuer
        )
        .as_deref(),
        Some("https://token.example/token/oauth2/v2.0/devicecode")
    );
    assert_eq!(
        device(&own, "https://token.example/oauth2/token/", &issuer).as_deref(),
        Some("https://token.example/oauth2/devicecode")
    );
    assert_eq!(device(&own, "https://token.example/tokens", &issuer), None);
    let oidc = Authority::oidc("https://token.example").unwrap();
    assert_eq!(
        device(
            &oidc,
            "https://token.example/token",
            "https://token.example"
        ),
        None
    );
}

#[test]
fn a_configuration_that_says_too_little_or_says_it_twice_is_refused() {
    let own = authority(&["https://login.contoso.example/", GUID].concat());
    let issuer = ["https://login.contoso.example/", GUID, "/v2.0"].concat();
    let whole = configuration("https://login.contoso.example", &issuer);
    for name in ["issuer", "token_endpoint", "authorization_endpoint"] {
        for value in [Value::Null, 7.into(), "".into(), json!([]), json!({})] {
            let mut configuration = whole.clone();
            configuration.insert(name.into(), value);
            assert!(check(&own, &configuration).is_err(), "{name}");
        }
        let mut configuration = whole.clone();
        configuration.remove(name);
        assert!(check(&own, &configuration).is_err(), "{name}");
    }
    for name in ENDPOINTS.iter().chain(&["issuer"]) {
        let text = serde_json::to_string(&whole).unwrap();
        let twice = text.replacen(
            '{',
            &["{\"", name, "\":\"https://evil.example\","].concat(),
            1,
        );
        let trust = AuthoritySettings::default().check(&own).unwrap();
        let instance = InstanceMetadata::built_in(&own);
        let error = parse_document(twice.as_bytes(), &own, &instance, &trust).unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
        assert!(!format!("{error:?}").contains("evil"), "{error:?}");
    }
    let mut optional = whole.clone();
    optional.insert("jwks_uri".into(), Value::Null);
    optional.insert("end_session_endpoint".into(), "".into());
    let endpoints = check(&own, &optional).unwrap();
    assert_eq!((endpoints.jwks, endpoints.end_session), (None, None));
}

#[test]
fn what_is_no_configuration_is_an_error_of_its_own() {
    let own = authority(&["https://login.contoso.example/", GUID].concat());
    let trust = AuthoritySettings::default().check(&own).unwrap();
    let instance = InstanceMetadata::built_in(&own);
    let large = [b"{\"x\":\"", &vec![b'a'; 256 * 1024][..], b"\"}"].concat();
    let deep = ["{\"x\":", &"[".repeat(100_000)].concat();
    for body in [
        &b""[..],
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"<html>",
        &large,
        deep.as_bytes(),
    ] {
        let error = parse_document(body, &own, &instance, &trust).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidResponse("OpenID configuration")
        );
    }
}

#[test]
fn a_refusal_names_the_tenant_or_passes_on_that_the_server_is_unwell() {
    let authority = authority("https://login.microsoftonline.com/contso.com");
    let trust = AuthoritySettings::default().check(&authority).unwrap();
    let instance = InstanceMetadata::built_in(&authority);
    let answer = |status: u16, body: &str| {
        let response = http::Response::builder().status(status);
        let response = response.body(Bytes::from(body.to_owned())).unwrap();
        parse(&response, &authority, &instance, &trust).unwrap_err()
    };
    let body = r#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'contso.com' not found.",
        "error_codes":[90002]}"#;
    let error = answer(400, body);
    assert_eq!(error.kind(), &ErrorKind::Authority);
    assert!(
        error
            .to_string()
            .contains("the tenant contso.com was not found"),
        "{error}"
    );
    assert_eq!(error.aadsts_codes(), [90002]);

    let error = answer(404, "<html>");
    assert_eq!(error.kind(), &ErrorKind::Authority);
    assert!(
        error.to_string().contains("has no OpenID configuration"),
        "{error}"
    );
    assert!(!error.is_retryable());
    for status in [408, 429, 500, 503] {
        assert!(answer(status, "").is_retryable(), "{status}");
    }
}

#[test]
fn each_kind_has_its_configuration_in_its_place() {
    for (authority, url) in [
        (
            Authority::parse("https://login.contoso.example:8443/contoso.com"),
            "https://login.contoso.example:8443/contoso.com/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://sts.windows.net/contoso.com"),
            "https://login.microsoftonline.com/contoso.com/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://contoso.ciamlogin.com"),
            "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://contoso.b2clogin.com/tfp/contoso.com/b2c_1"),
            "https://contoso.b2clogin.com/tfp/contoso.com/b2c_1/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://contoso.b2clogin.com/contoso.com/b2c_1"),
            "https://contoso.b2clogin.com/contoso.com/b2c_1/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://adfs.contoso.example/adfs"),
            "https://adfs.contoso.example/adfs/.well-known/openid-configuration",
        ),
        (
            Authority::parse("https://dsts.example/dstsv2/contoso"),
            "https://dsts.example/dstsv2/contoso/v2.0/.well-known/openid-configuration",
        ),
        (
            Authority::oidc("https://id.example/realms/a/"),
            "https://id.example/realms/a/.well-known/openid-configuration",
        ),
        (
            Authority::oidc("https://id.example"),
            "https://id.example/.well-known/openid-configuration",
        ),
    ] {
        let authority = authority.unwrap();
        let request = request(&authority, &InstanceMetadata::built_in(&authority)).unwrap();
        assert_eq!(request.uri(), url);
        assert_eq!(request.method(), http::Method::GET);
        assert_eq!(crate::SendOptions::of(&request).max_body, 256 * 1024);
    }
}

#[test]
fn a_test_authority_over_plain_http_has_its_endpoints_there() {
    let loopback = Authority::danger_http_loopback("http://localhost:8080/contoso.com").unwrap();
    let issuer = ["http://localhost:8080/", GUID, "/v2.0"].concat();
    let configuration = configuration("http://localhost:8080", &issuer);
    assert!(check(&loopback, &configuration).is_ok());
    for endpoint in [
        "http://localhost:8081/x",
        "http://evil.example/x",
        "https://localhost:8080/x",
    ] {
        let mut configuration = configuration.clone();
        configuration.insert("token_endpoint".into(), endpoint.into());
        assert!(check(&loopback, &configuration).is_err(), "{endpoint}");
    }
}
