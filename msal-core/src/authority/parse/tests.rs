mod table;

use proptest::prelude::*;

use self::table::{ACCEPTED, REFUSED};
use super::*;
use crate::ScopeCase;

#[test]
fn well_formed_authorities_are_told_apart() {
    for &(url, kind, canonical, tenant, realm) in ACCEPTED {
        let authority = Authority::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(authority.kind(), kind, "{url}");
        assert_eq!(authority.to_string(), canonical, "{url}");
        assert_eq!(authority.tenant().unwrap_or("-"), tenant, "{url}");
        assert_eq!(&**authority.realm(), realm, "{url}");
        assert_eq!(&**authority.environment(), authority.host(), "{url}");
        assert_eq!(Authority::parse(canonical).unwrap(), authority, "{url}");
    }
}

#[test]
fn ambiguous_and_malformed_authorities_are_refused_with_a_reason() {
    for (url, word) in REFUSED {
        let Err(error) = Authority::parse(url) else {
            panic!("{url:?} was accepted");
        };
        assert!(
            matches!(
                error.kind(),
                ErrorKind::InvalidArgument("authority" | "tenant")
            ),
            "{url:?}: {error:?}"
        );
        assert!(error.to_string().contains(word), "{url:?}: {error}");
        for secret in ["secret", "evil", "x=1"] {
            assert!(
                !format!("{error} {error:?}").contains(secret),
                "{url:?}: {error}"
            );
        }
    }
    assert!(
        ACCEPTED.len() + REFUSED.len() >= 200,
        "{}",
        ACCEPTED.len() + REFUSED.len()
    );
}

#[test]
fn too_long_is_refused() {
    let url = ["https://login.example/", &"a".repeat(LONGEST)].concat();
    assert!(
        Authority::parse(&url)
            .unwrap_err()
            .to_string()
            .contains("2048")
    );
    let label = ["https://", &"a".repeat(64), ".example/common"].concat();
    assert!(Authority::parse(&label).is_err());
    let name = ["https://", &"a.".repeat(130), "example/common"].concat();
    assert!(
        Authority::parse(&name)
            .unwrap_err()
            .to_string()
            .contains("253")
    );
}

#[test]
fn an_issuer_keeps_its_path_as_given() {
    for (url, canonical) in [
        ("https://ID.Example.com", "https://id.example.com"),
        ("https://id.example.com/", "https://id.example.com"),
        (
            "https://id.example.com:8443/Realms/A/",
            "https://id.example.com:8443/Realms/A",
        ),
        ("https://id.example.com/my%20realm", "-"),
        (
            "https://id.example.com/my%c3%a4realm",
            "https://id.example.com/my%c3%a4realm",
        ),
        (
            "https://id.example.com/a_b~c",
            "https://id.example.com/a_b~c",
        ),
        (
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com/common/v2.0",
        ),
        ("https://id.example.com/a%2fb", "-"),
        ("https://id.example.com/a%2Eb", "-"),
        ("https://id.example.com/a|b", "https://id.example.com/a|b"),
        ("https://id.example.com/a{b}", "-"),
        ("https://id.example.com/a<b", "-"),
        ("https://id.example.com/?x", "-"),
        ("https://u@id.example.com/", "-"),
        ("http://id.example.com/", "-"),
    ] {
        let parsed = Authority::oidc(url);
        let shown = parsed
            .as_ref()
            .map_or_else(|_| "-".to_owned(), ToString::to_string);
        assert_eq!(shown, canonical, "{url}");
        if let Ok(authority) = parsed {
            assert_eq!(authority.kind(), AuthorityKind::Oidc);
            assert_eq!(authority.tenant(), None);
        }
    }
    let one = Authority::oidc("https://id.example.com/realms/a").unwrap();
    let other = Authority::oidc("https://id.example.com/realms/b").unwrap();
    assert_ne!(one.realm(), other.realm());
}

#[test]
fn plain_http_is_for_this_machine_and_has_a_name_that_warns() {
    for url in [
        "http://localhost:8080/contoso",
        "http://127.0.0.1/contoso",
        "http://[::1]:1/adfs",
    ] {
        let authority = Authority::danger_http_loopback(url).unwrap();
        assert!(authority.is_plain_http());
        assert_eq!(authority.to_string(), url);
    }
    for url in [
        "http://login.microsoftonline.com/common",
        "http://localhost.evil.example/common",
        "http://192.168.0.1/common",
        "http://169.254.169.254/common",
        "http://0.0.0.0/common",
        "http://2130706433/common",
        "https://localhost/common",
        "http://localhost@evil.example/common",
    ] {
        assert!(Authority::danger_http_loopback(url).is_err(), "{url}");
    }
}

#[test]
fn another_tenant_takes_the_place_of_the_first() {
    let cases = [
        (
            "https://login.microsoftonline.com/common",
            "https://login.microsoftonline.com/fabrikam.com",
        ),
        (
            "https://login.microsoftonline.com/contoso.com/v2.0",
            "https://login.microsoftonline.com/fabrikam.com",
        ),
        (
            "https://localhost:8443/contoso",
            "https://localhost:8443/fabrikam.com",
        ),
        (
            "https://contoso.ciamlogin.com",
            "https://contoso.ciamlogin.com/fabrikam.com",
        ),
        (
            "https://contoso.b2clogin.com/contoso.com/b2c_1",
            "https://contoso.b2clogin.com/fabrikam.com/b2c_1",
        ),
        (
            "https://contoso.b2clogin.com/tfp/tfp/tfp",
            "https://contoso.b2clogin.com/tfp/fabrikam.com/tfp",
        ),
    ];
    for (url, expected) in cases {
        let other = Authority::parse(url)
            .unwrap()
            .with_tenant("FABRIKAM.com")
            .unwrap();
        assert_eq!(other.to_string(), expected);
        assert_eq!(other.tenant(), Some("fabrikam.com"));
        assert_eq!(&**other.realm(), "fabrikam.com");
        assert_eq!(other, Authority::parse(expected).unwrap());
        assert_eq!(other.cloud(), Authority::parse(url).unwrap().cloud());
    }
    for (url, tenant) in [
        ("https://adfs.contoso.com/adfs", "contoso.com"),
        ("https://co2.dsts.example/dstsv2/common", "contoso.com"),
        ("https://login.microsoftonline.com/consumers", "contoso.com"),
        ("https://login.microsoftonline.com/common", "common"),
        ("https://login.microsoftonline.com/common", "organizations"),
        ("https://login.microsoftonline.com/contoso.com", "consumers"),
        ("https://login.microsoftonline.com/contoso.com", "../evil"),
        ("https://login.microsoftonline.com/contoso.com", ""),
    ] {
        let error = Authority::parse(url)
            .unwrap()
            .with_tenant(tenant)
            .unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidArgument("tenant"),
            "{url} {tenant}"
        );
    }
    assert!(
        Authority::oidc("https://id.example")
            .unwrap()
            .with_tenant("a")
            .is_err()
    );
}

#[test]
fn a_kind_decides_scopes_and_signatures() {
    for (url, case, ps256) in [
        (
            "https://login.microsoftonline.com/a",
            ScopeCase::Ignored,
            true,
        ),
        ("https://contoso.ciamlogin.com", ScopeCase::Ignored, true),
        (
            "https://contoso.b2clogin.com/a/b2c_1",
            ScopeCase::Ignored,
            true,
        ),
        ("https://adfs.contoso.com/adfs", ScopeCase::Kept, false),
        ("https://co2.dsts.example/dstsv2/a", ScopeCase::Kept, false),
    ] {
        let authority = Authority::parse(url).unwrap();
        assert_eq!(
            (authority.scope_case(), authority.accepts_ps256()),
            (case, ps256),
            "{url}"
        );
    }
}

#[test]
fn only_three_words_are_not_tenanted() {
    for (url, tenanted) in [
        ("https://login.microsoftonline.com/common", false),
        ("https://login.microsoftonline.com/organizations", false),
        ("https://login.microsoftonline.com/consumers", false),
        ("https://login.microsoftonline.com/contoso.com", true),
        ("https://adfs.contoso.com/adfs", true),
        ("https://contoso.ciamlogin.com", true),
    ] {
        assert_eq!(
            Authority::parse(url).unwrap().is_tenanted(),
            tenanted,
            "{url}"
        );
    }
}

#[test]
fn aliases_of_one_cloud_share_a_name_and_keep_their_environment() {
    let one = Authority::parse("https://sts.windows.net/contoso.com").unwrap();
    let other = Authority::parse("https://login.microsoftonline.com/contoso.com").unwrap();
    assert_eq!(one.cloud(), other.cloud());
    assert_ne!(one.environment(), other.environment());
    assert_ne!(one, other);
    let gov = Authority::parse("https://login.usgovcloudapi.net/contoso.com").unwrap();
    assert_eq!(gov.cloud(), "login.microsoftonline.us");
    let own = Authority::parse("https://login.contoso.example:8443/contoso").unwrap();
    assert_eq!(own.cloud(), "login.contoso.example");
    // The same URL as another kind is another authority.
    let issuer = Authority::oidc("https://login.microsoftonline.com/contoso.com").unwrap();
    assert_ne!(issuer, other);
}

/// A count for a soak (`MSAL_SOAK=1`), five thousandths of it otherwise.
pub(in crate::authority) fn cases(soak: u32) -> u32 {
    match std::env::var_os("MSAL_SOAK") {
        Some(_) => soak,
        None => soak / 200,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1_000_000)))]

    #[test]
    fn a_request_goes_to_the_host_that_was_typed(
        host in r"[a-zA-Z0-9.\-_:\[\]@%\\/?#\u{430}\u{ff0e}\u{3002}\t]{0,40}|[a-z0-9\-]{1,10}(\.[a-z0-9\-]{1,10}){0,3}|xn--[a-z0-9\-]{1,20}",
        path in r"[a-zA-Z0-9./%\\@?#{} -]{0,40}",
    ) {
        let url = ["https://", &host, "/", &path].concat();
        for parsed in [Authority::parse(&url), Authority::oidc(&url)] {
            let Ok(authority) = parsed else { continue };
            // What a plain reading of the text says: up to the first slash, less the port.
            let typed = url.split('/').nth(2).unwrap().to_ascii_lowercase();
            let typed = typed.strip_suffix(":443").unwrap_or(&typed);
            prop_assert_eq!(authority.place().to_string(), typed);
            prop_assert_eq!(authority.url().host_str(), Some(authority.host()));
            prop_assert_eq!(authority.url().scheme(), "https");
            prop_assert!(authority.url().username().is_empty() && authority.url().query().is_none());
            let tenants: Vec<_> = authority.tenant().into_iter().collect();
            prop_assert!(tenants.iter().all(|tenant| !tenant.contains(['/', '%', '\\'])));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in r"\PC{0,60}|(?s).{0,60}|https://(?s).{0,60}") {
        let _ = Authority::parse(&text);
        let _ = Authority::oidc(&text);
        let _ = Authority::danger_http_loopback(&text);
    }
}
