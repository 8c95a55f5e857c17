use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::authority::parse::tests::cases;
use crate::authority::{AuthoritySettings, cloud};

const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
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
    let settings = AuthoritySettings {
        instance_discovery: false,
        ..AuthoritySettings::default()
    };
    let trust = settings.check(authority)?;
    let instance = InstanceMetadata::built_in(authority);
    let json = serde_json::to_vec(configuration).unwrap();
    parse_document(&json, authority, &instance, &trust)
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(400_000)))]

    #[test]
    fn an_endpoint_that_is_taken_is_where_it_may_be(
        endpoint in r"https://([a-z0-9.\-@:%\\\t]{0,12})?(login\.microsoftonline\.com|login\.windows\.net)[a-z0-9.:@/?#\\%\u{430}]{0,12}|\PC{0,40}",
    ) {
        let authority = authority("https://login.microsoftonline.com/contoso.com");
        let issuer = ["https://login.microsoftonline.com/", GUID, "/v2.0"].concat();
        let mut configuration = configuration("https://login.microsoftonline.com", &issuer);
        configuration.insert("token_endpoint".into(), endpoint.as_str().into());
        if let Ok(endpoints) = check(&authority, &configuration) {
            let host = endpoints.token.host_str().unwrap();
            let host = Region::strip(host).filter(|rest| cloud::is_built_in(rest)).unwrap_or(host);
            prop_assert!(cloud::same_cloud(host, "login.microsoftonline.com"), "{}", endpoint);
            prop_assert_eq!(endpoints.token.scheme(), "https");
            prop_assert_eq!(endpoints.token.port(), None);
            prop_assert!(endpoints.token.username().is_empty() && endpoints.token.password().is_none());
        }
    }

    #[test]
    fn no_document_makes_it_panic(json in r#"(\{"(issuer|token_endpoint)":)?[\[\]{}",:a-z0-9\\ ]{0,60}"#) {
        let authority = authority("https://login.microsoftonline.com/contoso.com");
        let trust = AuthoritySettings::default().check(&authority).unwrap();
        let instance = InstanceMetadata::built_in(&authority);
        let _ = parse_document(json.as_bytes(), &authority, &instance, &trust);
        let _ = InstanceMetadata::parse_document(&json);
    }
}
