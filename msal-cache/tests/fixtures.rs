//! Caches that real MSAL libraries wrote: every look-up that their README promises.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{CLOUD, GRAPH, NOW, found};
use msal_cache::{Compatibility, TokenCache, inspect};
use msal_core::ScopeCase;
use msal_core::store::{AccessTokenLookup, ExtendedKey, OwnerRef};

const TENANT1: &str = "a1a1a1a1-0000-4000-8000-000000000001";
const TENANT2: &str = "b2b2b2b2-0000-4000-8000-000000000002";
const PUBLIC: &str = "c1c1c1c1-0000-4000-8000-0000000000c1";
const APP: &str = "c2c2c2c2-0000-4000-8000-0000000000c2";
const OBO: &str = "c3c3c3c3-0000-4000-8000-0000000000c3";
const WEB: &str = "c4c4c4c4-0000-4000-8000-0000000000c4";
const ADFS: &str = "c5c5c5c5-0000-4000-8000-0000000000c5";
const B2C: &str = "c6c6c6c6-0000-4000-8000-0000000000c6";
const ALICE: &str = "0a0a0a0a-1111-4111-8111-00000000000a.a1a1a1a1-0000-4000-8000-000000000001";
const BOB: &str = "0b0b0b0b-2222-4222-8222-00000000000b.b2b2b2b2-0000-4000-8000-000000000002";
const CAROL: &str =
    "0c0c0c0c-3333-4333-8333-00000000000c-b2c_1_signin.b2b2b2b2-0000-4000-8000-000000000002";
const ASSERTION: &str = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";

#[test]
fn users_find_their_tokens() {
    for (file, client_id, account, realm, scopes, expected) in [
        (
            "python-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "User.Read",
            Some("PY-AT-USER"),
        ),
        (
            "python-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "user.read",
            Some("PY-AT-USER"),
        ),
        (
            "python-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "User.Read openid profile offline_access",
            Some("PY-AT-USER"),
        ),
        (
            "python-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "openid email",
            Some("PY-AT-USER"),
        ),
        ("python-user", PUBLIC, ALICE, TENANT1, "Mail.Read", None),
        ("python-user", PUBLIC, ALICE, TENANT2, "User.Read", None),
        ("python-user", PUBLIC, BOB, TENANT1, "User.Read", None),
        ("python-user", WEB, ALICE, TENANT1, "User.Read", None),
        ("python-expired", PUBLIC, ALICE, TENANT1, "User.Read", None),
        (
            "python-multi-account",
            WEB,
            ALICE,
            TENANT1,
            "User.Read",
            Some("PY-AT-A-T1-USER"),
        ),
        (
            "python-multi-account",
            WEB,
            ALICE,
            TENANT1,
            "https://vault.azure.net/user_impersonation",
            Some("PY-AT-A-T1-VAULT"),
        ),
        (
            "python-multi-account",
            WEB,
            ALICE,
            TENANT2,
            "User.Read",
            Some("PY-AT-A-T2-USER"),
        ),
        (
            "python-multi-account",
            WEB,
            BOB,
            TENANT2,
            "Mail.Read",
            Some("PY-AT-B-T2-MAIL"),
        ),
        (
            "python-multi-account",
            WEB,
            BOB,
            TENANT2,
            "Mail.Read User.Read",
            Some("PY-AT-B-T2-MAIL"),
        ),
        ("python-multi-account", WEB, BOB, TENANT1, "Mail.Read", None),
        (
            "python-overlap",
            WEB,
            ALICE,
            TENANT1,
            "Mail.Read",
            Some("PY-AT-OVERLAP-BIG"),
        ),
        ("python-obo", OBO, ALICE, TENANT1, GRAPH, Some("PY-AT-OBO")),
        (
            "node-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "User.Read",
            Some("NODE-AT-USER"),
        ),
        (
            "node-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "user.read",
            Some("NODE-AT-USER"),
        ),
        (
            "node-user",
            PUBLIC,
            ALICE,
            "A1A1A1A1-0000-4000-8000-000000000001",
            "User.Read",
            Some("NODE-AT-USER"),
        ),
        ("node-expired", PUBLIC, ALICE, TENANT1, "User.Read", None),
        (
            "node-multi-account",
            WEB,
            ALICE,
            TENANT1,
            "User.Read",
            Some("NODE-AT-A-T1-USER"),
        ),
        (
            "node-multi-account",
            WEB,
            ALICE,
            TENANT1,
            "https://vault.azure.net/user_impersonation",
            Some("NODE-AT-A-T1-VAULT"),
        ),
        (
            "node-multi-account",
            WEB,
            ALICE,
            TENANT2,
            "User.Read",
            Some("NODE-AT-A-T2-USER"),
        ),
        (
            "node-multi-account",
            WEB,
            BOB,
            TENANT2,
            "Mail.Read",
            Some("NODE-AT-B-T2-MAIL"),
        ),
        // An entry with an assertion's hash answers that assertion, and no silent call.
        ("node-obo", OBO, ALICE, TENANT1, GRAPH, None),
        (
            "handmade-recommended-user",
            PUBLIC,
            ALICE,
            TENANT1,
            "User.Read",
            Some("RUST-AT"),
        ),
    ] {
        let scopes: Vec<_> = scopes.split(' ').collect();
        let wanted = lookup(realm, client_id, OwnerRef::Account(account), &scopes);
        for (how, cache) in loaded(file) {
            let alias = AccessTokenLookup {
                cloud: "login.windows.net",
                ..wanted
            };
            assert_eq!(
                found(&cache, &wanted).as_deref(),
                expected,
                "{file} {how} {scopes:?}"
            );
            assert_eq!(
                found(&cache, &alias).as_deref(),
                expected,
                "{file} {how} {scopes:?}"
            );
        }
    }
}

#[test]
fn either_of_two_overlapping_tokens_will_do() {
    for (_, cache) in loaded("python-overlap") {
        let wanted = lookup(TENANT1, WEB, OwnerRef::Account(ALICE), &["User.Read"]);
        // Both were cached in one second: the one with more scopes is taken.
        assert_eq!(found(&cache, &wanted).as_deref(), Some("PY-AT-OVERLAP-BIG"));
        assert_eq!(cache.statistics().access_tokens, 2);
        assert_eq!(cache.statistics().refresh_tokens, 2);
    }
}

#[test]
fn applications_find_their_tokens() {
    let fmi = extended("fmi_path", "SomeFmiPath/FmiCredentialPath");
    let claims = extended(
        "client_claims",
        r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#,
    );
    for (file, extended, expected) in [
        ("python-app", None, &["PY-AT-APP"][..]),
        ("python-app", Some(&fmi), &[]),
        ("python-fmi", Some(&fmi), &["PY-AT-FMI"]),
        ("python-fmi", None, &["PY-AT-PLAIN"]),
        ("python-fmi", Some(&claims), &["PY-AT-CLAIMS"]),
        ("node-app", None, &["NODE-AT-APP"]),
        ("node-fmi", Some(&fmi), &["NODE-AT-FMI"]),
        ("node-fmi", None, &[]),
        ("node-fmi", Some(&claims), &["NODE-AT-CLAIMS"]),
        ("handmade-app-dual", None, &["NULL-ENTRY", "EMPTY-ENTRY"]),
    ] {
        for (how, cache) in loaded(file) {
            for cloud in [CLOUD, "login.windows.net", "sts.windows.net"] {
                let wanted = AccessTokenLookup {
                    cloud,
                    extended,
                    ..lookup(TENANT1, APP, OwnerRef::App, &[GRAPH])
                };
                let found = found(&cache, &wanted);
                let is_right = match &found {
                    Some(secret) => expected.contains(&secret.as_str()),
                    None => expected.is_empty(),
                };
                assert!(is_right, "{file} {how} {cloud}: {found:?}");
            }
        }
    }
}

#[test]
fn two_spellings_of_no_account_are_one_token() {
    for (_, cache) in loaded("handmade-app-dual") {
        assert_eq!(cache.len(), 1);
    }
}

#[test]
fn an_assertion_finds_its_token() {
    for (_, cache) in loaded("node-obo") {
        let wanted = lookup(TENANT1, OBO, OwnerRef::Assertion(ASSERTION), &[GRAPH]);
        assert_eq!(found(&cache, &wanted).as_deref(), Some("NODE-AT-OBO"));
        let other = lookup(TENANT1, OBO, OwnerRef::Assertion("other"), &[GRAPH]);
        assert_eq!(found(&cache, &other), None);
    }
}

#[test]
fn adfs_and_b2c_users_find_their_tokens() {
    let adfs = "ADFS-SUBJECT-ALICE";
    for (file, cloud, realm, client_id, account, scope, expected) in [
        (
            "python-adfs",
            "adfs.contoso.example",
            "adfs",
            ADFS,
            adfs,
            "https://rp.contoso.example/access",
            "PY-AT-ADFS",
        ),
        (
            "node-adfs",
            "adfs.contoso.example",
            "adfs",
            ADFS,
            adfs,
            "https://rp.contoso.example/access",
            "NODE-AT-ADFS",
        ),
        (
            "python-b2c",
            "contosob2c.b2clogin.com",
            "contosob2c.onmicrosoft.com",
            B2C,
            CAROL,
            "https://contosob2c.onmicrosoft.com/api/read",
            "PY-AT-B2C",
        ),
        (
            "node-b2c",
            "contosob2c.b2clogin.com",
            "B2C_1_signin",
            B2C,
            CAROL,
            "https://contosob2c.onmicrosoft.com/api/read",
            "NODE-AT-B2C",
        ),
    ] {
        for (how, cache) in loaded(file) {
            let scopes = [scope];
            let wanted = AccessTokenLookup {
                cloud,
                scope_case: ScopeCase::Kept,
                ..lookup(realm, client_id, OwnerRef::Account(account), &scopes)
            };
            assert_eq!(
                found(&cache, &wanted).as_deref(),
                Some(expected),
                "{file} {how}"
            );
        }
    }
}

#[test]
fn times_are_those_of_the_file() {
    for file in ["python-user", "node-user", "handmade-recommended-user"] {
        for (_, cache) in loaded(file) {
            let wanted = lookup(TENANT1, PUBLIC, OwnerRef::Account(ALICE), &["User.Read"]);
            use msal_core::store::TokenStore;
            let token = cache.access_token(&wanted, NOW).unwrap();
            assert_eq!(token.refresh_on().unwrap().as_secs(), 4_102_441_200);
            assert_eq!(token.expires_on().as_secs(), 4_102_444_800);
            assert_eq!(token.cached_at().as_secs(), 1_750_000_000);
        }
    }
}

#[test]
fn every_fixture_is_read_whole_and_written_whole() {
    for path in fs::read_dir("tests/fixtures").unwrap() {
        let path = path.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let before = inspect(&fs::read(&path).unwrap()).unwrap();
        assert!(before.report.is_clean(), "{path:?}: {:?}", before.report);
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for (how, cache) in loaded(&name) {
            let written = cache.serialize(Compatibility::Standard).unwrap();
            let after = inspect(&written).unwrap();
            assert!(after.report.is_clean(), "{name} {how}: {:?}", after.report);
            let mut kinds = BTreeMap::new();
            for entry in &after.entries {
                *kinds.entry(entry.kind).or_insert(0) += 1;
            }
            for entry in &before.entries {
                assert!(after.entries.contains(entry), "{name} {how} lost {entry:?}");
            }
        }
    }
}

#[test]
fn the_recommended_shape_is_what_we_write() {
    let file = fs::read("tests/fixtures/handmade-recommended-user.json").unwrap();
    let cache = TokenCache::new();
    cache.merge(&file).unwrap();
    let written = cache.serialize(Compatibility::Standard).unwrap();
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    assert_eq!(json(&written), json(&file));
}

#[test]
fn pairs_for_python_and_node_are_written_as_measured() {
    let file = fs::read("tests/fixtures/handmade-app-dual.json").unwrap();
    let cache = TokenCache::new();
    cache.merge(&file).unwrap();
    let written = cache.serialize(Compatibility::PythonAndNode).unwrap();
    let tokens = |bytes: &[u8]| {
        let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let mut tokens = json["AccessToken"].as_object().unwrap().clone();
        for (_, token) in &mut tokens {
            // Of the two one survives, in both places.
            token.as_object_mut().unwrap().remove("secret");
        }
        tokens
    };
    assert_eq!(tokens(&written), tokens(&file));
}

/// The file as it is, and as we write it by every setting.
fn loaded(file: &str) -> Vec<(String, TokenCache)> {
    let bytes = fs::read(format!("tests/fixtures/{file}.json")).unwrap();
    let read = |bytes: &[u8]| {
        let cache = TokenCache::new();
        assert!(cache.replace(bytes).unwrap().is_clean());
        cache
    };
    let mut caches = vec![("as it is".to_owned(), read(&bytes))];
    for compatibility in [
        Compatibility::Standard,
        Compatibility::Python,
        Compatibility::Node,
        Compatibility::Dotnet,
        Compatibility::PythonAndNode,
    ] {
        let written = read(&bytes).serialize(compatibility).unwrap();
        caches.push((format!("written for {compatibility:?}"), read(&written)));
    }
    caches
}

fn lookup<'a>(
    realm: &'a str,
    client_id: &'a str,
    owner: OwnerRef<'a>,
    scopes: &'a [&'a str],
) -> AccessTokenLookup<'a> {
    AccessTokenLookup {
        owner,
        ..common::app_lookup(realm, client_id, scopes)
    }
}

fn extended(name: &str, value: &str) -> ExtendedKey {
    ExtendedKey::new([(name.to_owned(), value.to_owned())].into()).unwrap()
}
