mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use self::world::{Answered, Change, GUID, World, configuration, directory, healthy, reply, token};
use super::*;
use crate::authority::region::{RegionEnvironment, RegionSetting};
use crate::{Ask, Step, TransportError};

const OWN: &str = "https://login.contoso.example/contoso.com";
const OTHER: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_host_that_is_built_in_is_known_without_a_request() {
    let world = World::new(healthy);
    let directory = directory("https://login.windows.net/contoso.com", |_| {});
    let endpoints = world
        .resolve(&directory, "https://login.windows.net/contoso.com")
        .unwrap();
    assert_eq!(
        token(&endpoints),
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
    );
    assert!(world.log().is_empty());
}

#[test]
fn an_unknown_host_is_asked_about_then_asked_and_then_known_for_a_day() {
    let world = World::new(healthy);
    let directory = directory(OWN, |_| {});
    let once = [
        "instance login.contoso.example",
        "openid login.contoso.example/contoso.com",
    ];
    for _ in 0..3 {
        let endpoints = world.resolve(&directory, OWN).unwrap();
        assert_eq!(
            token(&endpoints),
            "https://login.contoso.example/contoso.com/oauth2/v2.0/token"
        );
        assert_eq!(world.log(), once);
    }
    world.pass(DAY - Duration::from_secs(1));
    world.resolve(&directory, OWN).unwrap();
    assert_eq!(world.log(), once);
    world.pass(Duration::from_secs(1));
    world.resolve(&directory, OWN).unwrap();
    assert_eq!(world.log(), [once, once].concat());
}

#[test]
fn every_document_is_fetched_once_however_many_need_it() {
    let world = World::new(healthy);
    let directory = directory(OWN, |_| {});
    let flows = (0..100).map(|n| {
        // Four tenants, and each flow after a token of its own.
        let tenant = ["t", &(n % 4).to_string()].concat();
        let authority = Authority::parse(OWN).unwrap().with_tenant(&tenant).unwrap();
        world.flow(&directory, authority, true)
    });
    let outcomes = world.play_all(flows.collect());
    assert!(outcomes.iter().all(Result::is_ok));
    let mut log = world.log();
    log.sort();
    assert_eq!(
        log,
        [
            "instance login.contoso.example",
            "openid login.contoso.example/t0",
            "openid login.contoso.example/t1",
            "openid login.contoso.example/t2",
            "openid login.contoso.example/t3",
        ]
    );
}

#[test]
fn a_refusal_is_shared_by_all_who_waited_and_kept_by_none() {
    let world = World::new(|url| match url.contains("discovery/instance") {
        true => reply(400, r#"{"error":"invalid_instance","error_codes":[50049]}"#),
        false => healthy(url),
    });
    let directory = directory(OWN, |_| {});
    let authority = Authority::parse(OWN).unwrap();
    let flows = (0..64).map(|_| world.flow(&directory, authority.clone(), false));
    for outcome in world.play_all(flows.collect()) {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Authority);
        assert_eq!(error.aadsts_codes(), [50049]);
    }
    assert_eq!(world.log(), ["instance login.contoso.example"]);
    world.resolve(&directory, OWN).unwrap_err();
    assert_eq!(world.log().len(), 2);
}

#[test]
fn a_host_that_could_not_be_asked_about_stands_for_itself_and_is_not_asked_about_again() {
    let failures: [fn() -> Answered; 6] = [
        || reply(500, "<html>"),
        || reply(404, ""),
        || reply(200, "no json"),
        || reply(302, ""),
        || reply(400, r#"{"error":"invalid_request"}"#),
        || Err(TransportError::tls(std::io::Error::other("unknown issuer"))),
    ];
    for failure in failures {
        let world = World::new(move |url| match url.contains("discovery/instance") {
            true => failure(),
            false => healthy(url),
        });
        let directory = directory(OWN, |_| {});
        world.resolve(&directory, OWN).unwrap();
        let asked = world.asked_about_instances();
        world
            .resolve(&directory, "https://login.contoso.example/fabrikam.com")
            .unwrap();
        assert_eq!(world.asked_about_instances(), asked);
        world.pass(Duration::from_secs(60 * 60));
        world
            .resolve(&directory, "https://login.contoso.example/northwind.com")
            .unwrap();
        assert!(world.asked_about_instances() > asked);
    }
}

#[test]
fn requests_go_to_the_host_that_the_instance_prefers() {
    let world = World::new(|url| match url.contains("discovery/instance") {
        true => reply(
            200,
            r#"{"tenant_discovery_endpoint":"https://evil.example/","metadata":[{
                "preferred_network":"sts.contoso.example","preferred_cache":"login.contoso.example",
                "aliases":["login.contoso.example","sts.contoso.example"]}]}"#,
        ),
        false => healthy(url),
    });
    let directory = directory(OWN, |_| {});
    let endpoints = world.resolve(&directory, OWN).unwrap();
    assert_eq!(
        token(&endpoints),
        "https://sts.contoso.example/contoso.com/oauth2/v2.0/token"
    );
    assert_eq!(world.log()[1], "openid sts.contoso.example/contoso.com");
}

#[test]
fn whom_the_program_vouches_for_nobody_is_asked_about() {
    for (url, change) in [
        (
            OWN,
            (|s| s.known_authorities = vec!["login.contoso.example".into()]) as Change,
        ),
        (OWN, |s| s.instance_discovery = false),
        ("https://login.contoso.example:8443/contoso.com", |s| {
            s.instance_discovery = false
        }),
        ("https://login.contoso.example/adfs", |_| {}),
        ("https://contoso.ciamlogin.com", |_| {}),
        ("https://contoso.b2clogin.com/contoso.com/b2c_1", |_| {}),
    ] {
        let world = World::new(healthy);
        let directory = directory(url, change);
        world.resolve(&directory, url).unwrap();
        assert_eq!(world.asked_about_instances(), 0, "{url}");
        assert_eq!(world.log().len(), 1, "{url}");
    }
}

#[test]
fn a_supplied_configuration_is_used_and_nothing_fetched() {
    let world = World::new(healthy);
    let directory = directory(OWN, |settings| {
        let configuration = configuration("login.contoso.example", "/contoso.com", GUID);
        settings.openid_metadata = Some(configuration);
        settings.instance_discovery = false;
    });
    world.resolve(&directory, OWN).unwrap();
    assert!(world.log().is_empty());
    world
        .resolve(&directory, "https://login.contoso.example/fabrikam.com")
        .unwrap();
    assert_eq!(world.log().len(), 1);
}

#[test]
fn what_fails_a_check_is_never_kept() {
    let world = World::new(|url| {
        let evil = configuration("evil.example", "/contoso.com", GUID);
        match url.contains("openid-configuration") {
            true => reply(200, &evil),
            false => healthy(url),
        }
    });
    let directory = directory(OWN, |_| {});
    for asked in 1..=3 {
        let error = world.resolve(&directory, OWN).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Authority);
        assert_eq!(world.log().len() - world.asked_about_instances(), asked);
    }
}

#[test]
fn a_name_stands_for_one_tenant_for_good() {
    let moved = AtomicU64::new(0);
    let world = World::new(move |url| {
        let guid = match url.contains("openid-configuration")
            && moved.fetch_add(1, Ordering::Relaxed) > 0
        {
            true => OTHER,
            false => GUID,
        };
        match url.contains("openid-configuration") {
            true => reply(
                200,
                &configuration("login.contoso.example", "/contoso.com", guid),
            ),
            false => healthy(url),
        }
    });
    let directory = directory(OWN, |_| {});
    assert_eq!(
        world.resolve(&directory, OWN).unwrap().tenant_id.as_deref(),
        Some(GUID)
    );
    for _ in 0..2 {
        world.pass(DAY);
        let error = world.resolve(&directory, OWN).unwrap_err();
        assert!(
            error.to_string().contains("another id than before"),
            "{error}"
        );
    }
}

#[test]
fn what_was_right_yesterday_outranks_an_error_of_today() {
    let asked = AtomicU64::new(0);
    let world = World::new(move |url| match url.contains("openid-configuration") {
        true if asked.fetch_add(1, Ordering::Relaxed) > 0 => reply(503, ""),
        _ => healthy(url),
    });
    let directory = directory(OWN, |settings| settings.instance_discovery = false);
    world.resolve(&directory, OWN).unwrap();
    world.pass(DAY);
    world.resolve(&directory, OWN).unwrap();
    let asked = world.log().len();
    world.resolve(&directory, OWN).unwrap();
    assert_eq!(world.log().len(), asked, "not asked again at once");
    world.pass(Duration::from_secs(5 * 60));
    world.resolve(&directory, OWN).unwrap();
    assert!(world.log().len() > asked);
    let error = world
        .resolve(&directory, "https://login.contoso.example/new.com")
        .unwrap_err();
    assert!(error.is_retryable());
}

#[test]
fn a_region_serves_token_requests_of_applications_only() {
    let known = "https://login.microsoftonline.com/contoso.com";
    let fixed: Change =
        |settings| settings.region = Some(RegionSetting::parse("West US 2").unwrap());
    let world = World::new(healthy);
    let directory = directory(known, fixed);
    let endpoints = world.resolve_for_app(&directory, known).unwrap();
    assert_eq!(
        token(&endpoints),
        "https://westus2.login.microsoft.com/contoso.com/oauth2/v2.0/token"
    );
    assert_eq!(
        endpoints.authorization.host_str(),
        Some("login.microsoftonline.com")
    );
    let endpoints = world.resolve(&directory, known).unwrap();
    assert_eq!(
        endpoints.token.host_str(),
        Some("login.microsoftonline.com")
    );
    assert!(world.log().is_empty());
}

#[test]
fn a_region_is_put_before_a_host_of_ones_own_but_not_for_other_kinds() {
    let fixed: Change = |settings| settings.region = Some(RegionSetting::parse("westus2").unwrap());
    for (url, host) in [
        (OWN, "westus2.login.contoso.example"),
        (
            "https://login.contoso.example/adfs",
            "login.contoso.example",
        ),
        ("https://contoso.ciamlogin.com", "contoso.ciamlogin.com"),
    ] {
        let world = World::new(healthy);
        let directory = directory(url, fixed);
        let endpoints = world.resolve_for_app(&directory, url).unwrap();
        assert_eq!(endpoints.token.host_str(), Some(host));
        assert!(world.log().iter().all(|line| !line.contains("westus2")));
    }
}

#[test]
fn the_region_is_asked_for_once_without_a_proxy() {
    let known = "https://login.microsoftonline.com/contoso.com";
    let world = World::new(healthy);
    let directory = directory(known, |settings| {
        settings.region = Some(RegionSetting::Auto)
    });
    let tenants = (0..50).map(|n| ["t", &n.to_string()].concat());
    let flows = tenants.map(|tenant| {
        let authority = Authority::parse(known)
            .unwrap()
            .with_tenant(&tenant)
            .unwrap();
        world.flow(&directory, authority, true)
    });
    for outcome in world.play_all(flows.collect()) {
        assert_eq!(
            outcome.unwrap().token.host_str(),
            Some("eastus.login.microsoft.com")
        );
    }
    assert_eq!(world.log(), ["imds 2021-02-01 without proxy"]);
    world.pass(DAY * 365);
    world.resolve_for_app(&directory, known).unwrap();
    assert_eq!(world.log().len(), 1);
}

#[test]
fn an_old_metadata_service_is_asked_in_a_version_it_has() {
    let world = World::new(
        |url| match url.contains("2021-02-01") || url.contains("format=json") {
            true => reply(
                400,
                r#"{"error":"Bad request","newest-versions":["2020-09-01"]}"#,
            ),
            false => healthy(url),
        },
    );
    let known = "https://login.microsoftonline.com/contoso.com";
    let directory = directory(known, |settings| {
        settings.region = Some(RegionSetting::Auto)
    });
    let endpoints = world.resolve_for_app(&directory, known).unwrap();
    assert_eq!(
        endpoints.token.host_str(),
        Some("eastus.login.microsoft.com")
    );
    assert_eq!(
        world.log(),
        [
            "imds 2021-02-01 without proxy",
            "imds json without proxy",
            "imds 2020-09-01 without proxy",
        ]
    );
}

#[test]
fn where_no_region_is_told_the_global_service_is_used_and_that_is_remembered() {
    let failures: [(fn() -> Answered, usize); 8] = [
        (|| Err(TransportError::timeout()), 1),
        (
            || Err(TransportError::connect(std::io::Error::other("no route"))),
            2,
        ),
        (
            || Err(TransportError::unsupported("sending without a proxy")),
            1,
        ),
        (|| reply(404, ""), 1),
        (|| reply(500, ""), 2),
        (|| reply(200, "{}"), 1),
        (|| reply(200, r#"{"location":"evil.example/"}"#), 1),
        // Whatever the version.
        (|| reply(400, r#"{"newest-versions":["2020-09-01"]}"#), 3),
    ];
    let known = "https://login.microsoftonline.com/contoso.com";
    for (failure, asked) in failures {
        let world = World::new(move |_| failure());
        let directory = directory(known, |settings| {
            settings.region = Some(RegionSetting::Auto)
        });
        for _ in 0..2 {
            let endpoints = world.resolve_for_app(&directory, known).unwrap();
            assert_eq!(
                endpoints.token.host_str(),
                Some("login.microsoftonline.com")
            );
            assert_eq!(world.log().len(), asked, "{:?}", world.log());
        }
    }
}

#[test]
fn the_environment_may_name_the_region_or_where_to_ask() {
    let known = "https://login.microsoftonline.com/contoso.com";
    let world = World::new(healthy);
    let named = directory(known, |settings| {
        settings.region = Some(RegionSetting::Auto);
        settings.region_environment = RegionEnvironment {
            region_name: Some("North Europe".to_owned()),
            ..RegionEnvironment::default()
        };
    });
    let endpoints = world.resolve_for_app(&named, known).unwrap();
    assert_eq!(
        endpoints.token.host_str(),
        Some("northeurope.login.microsoft.com")
    );
    assert!(world.log().is_empty());

    let world = World::new(|url| {
        assert!(
            url.starts_with("http://127.0.0.1:8080/metadata/instance/compute"),
            "{url}"
        );
        reply(200, r#"{"location":"eastus"}"#)
    });
    let moved = directory(known, |settings| {
        settings.region = Some(RegionSetting::Auto);
        settings.region_environment = RegionEnvironment {
            imds_host: Some("http://127.0.0.1:8080/".to_owned()),
            ..RegionEnvironment::default()
        };
    });
    world.resolve_for_app(&moved, known).unwrap();
}

#[test]
fn who_cannot_wait_for_others_works_alone() {
    let world = World::new(healthy);
    let directory = directory(OWN, |settings| settings.instance_discovery = false);
    let authority = Authority::parse(OWN).unwrap();
    let first = world.flow(&directory, authority.clone(), false).start();
    let Step::Ask(join @ Ask::Join(..)) = world.flow(&directory, authority, false).start() else {
        panic!("the second flow should follow");
    };
    assert!(world.play(join.decline()).is_ok());
    assert!(world.play(first).is_ok());
    assert_eq!(world.log().len(), 2);
}

#[test]
fn when_the_leader_is_dropped_the_next_leads() {
    let world = World::new(healthy);
    let directory = directory(OWN, |_| {});
    let authority = Authority::parse(OWN).unwrap();
    let leader = world.flow(&directory, authority.clone(), false).start();
    let follower = world.flow(&directory, authority, false).start();
    assert!(matches!(follower, Step::Ask(Ask::Join(..))));
    drop(leader);
    assert!(world.play(follower).is_ok());
    assert_eq!(world.log().len(), 2);
}

#[test]
fn a_call_whose_time_is_up_ends_and_teaches_nothing() {
    let world = World::new(|_| Err(TransportError::timeout()));
    let directory = directory(OWN, |_| {});
    let authority = Authority::parse(OWN).unwrap();
    let mut step = world.flow(&directory, authority, false).start();
    let error = loop {
        step = match step {
            Step::Send(_, flow) => {
                world.pass(Duration::from_secs(60));
                flow.resume(Err(TransportError::timeout()))
            }
            Step::Done(outcome) => break outcome.unwrap_err(),
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    let healthy_again = World::new(healthy);
    healthy_again.resolve(&directory, OWN).unwrap();
    assert_eq!(healthy_again.asked_about_instances(), 1);
}
