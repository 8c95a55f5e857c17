use super::*;
use crate::authority::AuthoritySettings;

const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

fn authority(url: &str) -> Authority {
    Authority::parse(url).unwrap()
}

/// The tenant's id that the issuer tells, or why it is not taken.
fn issuer(authority: &Authority, issuer: &str) -> Result<Option<String>, &'static str> {
    issuer_knowing(authority, issuer, &[])
}

fn issuer_knowing(
    authority: &Authority,
    issuer: &str,
    known: &[&str],
) -> Result<Option<String>, &'static str> {
    let settings = AuthoritySettings {
        instance_discovery: false,
        known_authorities: known.iter().map(|host| (*host).to_owned()).collect(),
        ..AuthoritySettings::default()
    };
    let trust = settings.check(authority).unwrap();
    check(
        issuer,
        authority,
        &InstanceMetadata::built_in(authority),
        &trust,
    )
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
    let elsewhere = at("sts.contoso.example");
    assert!(issuer_knowing(&own, &elsewhere, &["sts.contoso.example"]).is_ok());
    assert!(issuer_knowing(&own, &elsewhere, &["sts.contoso.example:8443"]).is_err());
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
fn a_plain_issuer_is_exactly_the_configured_one() {
    let authority = Authority::oidc("https://id.example/Realms/a").unwrap();
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
