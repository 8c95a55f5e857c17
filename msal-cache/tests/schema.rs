//! Files that are odd, damaged or hostile, and what is written of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{CLOUD, app_key, app_lookup, found, put, soaked, token};
use msal_cache::{Compatibility, Kind, TokenCache, inspect};
use msal_core::store::{AccessTokenLookup, OwnerRef};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Members of an access token, to be changed.
fn access_token() -> Value {
    json!({
        "home_account_id": "", "environment": CLOUD, "credential_type": "AccessToken", "client_id": "client",
        "secret": "secret", "realm": "tenant", "target": "s", "cached_at": "1750000000", "expires_on": "4102444800",
    })
}

fn with(mut entry: Value, changes: &[(&str, Value)]) -> Value {
    let members = entry.as_object_mut().unwrap();
    for (name, value) in changes {
        if value == "(absent)" {
            members.remove(*name);
        } else {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    entry
}

fn cache_of(section: &str, entry: Value) -> (TokenCache, msal_cache::Report) {
    let cache = TokenCache::new();
    let file = json!({ section: { "any key at all": entry } }).to_string();
    let report = cache.merge(file.as_bytes()).unwrap();
    (cache, report)
}

#[test]
fn whatever_peers_may_write_is_read() {
    let hid = |value| ("home_account_id", value);
    for changes in [
        vec![],
        vec![hid(Value::Null)],
        vec![hid("(absent)".into())],
        vec![("expires_on", json!(4_102_444_800_u64))],
        vec![("expires_on", json!(4_102_444_800.5))],
        vec![("cached_at", "(absent)".into())],
        vec![("cached_at", Value::Null)],
        vec![("cached_at", "".into())],
        vec![("cached_at", json!(1_750_000_000))],
        vec![("credential_type", "(absent)".into())],
        vec![("token_type", "Bearer".into())],
        vec![("token_type", "bearer".into())],
        vec![("token_type", "".into())],
        vec![("token_type", Value::Null)],
        vec![("key_id", "".into())],
        vec![("target", "z s  openid".into())],
        vec![("environment", "login.windows.net".into())],
        vec![("environment", "LOGIN.microsoftonline.com".into())],
        vec![("environment", "login.microsoftonline.com:443".into())],
        vec![("realm", "TENANT".into())],
        vec![("ext", json!({})), ("ext_cache_key", "".into())],
        vec![
            ("user_assertion_hash", "".into()),
            ("userAssertionHash", Value::Null),
        ],
        vec![("refresh_on", "soon".into()), ("ext_expires_on", json!([]))],
        vec![("unknown", json!({"deep": [1, 2.5, null]}))],
    ] {
        let (cache, report) = cache_of("AccessToken", with(access_token(), &changes));
        assert!(report.is_clean(), "{changes:?}: {report:?}");
        let lookup = app_lookup("tenant", "client", &["s"]);
        assert_eq!(
            found(&cache, &lookup).as_deref(),
            Some("secret"),
            "{changes:?}"
        );
    }
}

#[test]
fn an_entry_that_says_who_or_what_it_is_for_answers_nobody_else() {
    for changes in [
        vec![("home_account_id", json!("u.t"))],
        vec![("user_assertion_hash", json!("hash"))],
        vec![("userAssertionHash", json!("hash"))],
        vec![("token_type", json!("pop")), ("kid", json!("k"))],
        vec![("token_type", json!("pop"))],
        vec![("keyid", json!("k"))],
        vec![("ext_cache_key", json!("abc"))],
        vec![("ext", json!({"fmi_path": "a"}))],
        vec![("additionalCacheKeyComponents", json!({"fmi_path": "a"}))],
        vec![("client_id", json!("CLIENT"))],
        vec![("target", json!(""))],
    ] {
        let (cache, report) = cache_of("AccessToken", with(access_token(), &changes));
        assert!(report.is_clean(), "{changes:?}: {report:?}");
        let lookup = app_lookup("tenant", "client", &["s"]);
        assert_eq!(found(&cache, &lookup), None, "{changes:?}");
        assert_eq!(cache.len(), 1);
    }
}

#[test]
fn damaged_entries_are_named_and_written_back_as_they_were() {
    let absent = || json!("(absent)");
    for (changes, reason) in [
        (vec![("secret", absent())], "`secret` is missing"),
        (vec![("secret", json!(""))], "`secret` is missing"),
        (vec![("secret", json!(1))], "`secret` cannot be read"),
        (vec![("environment", absent())], "`environment` is missing"),
        (vec![("client_id", Value::Null)], "`client_id` is missing"),
        (vec![("realm", absent())], "`realm` is missing"),
        (vec![("target", absent())], "`target` is missing"),
        (vec![("target", json!(["s"]))], "`target` cannot be read"),
        (vec![("expires_on", absent())], "`expires_on` is missing"),
        (
            vec![("expires_on", json!("soon"))],
            "`expires_on` is missing",
        ),
        (vec![("expires_on", json!(-1))], "`expires_on` is missing"),
        (
            vec![("home_account_id", json!({}))],
            "`home_account_id` cannot be read",
        ),
        (
            vec![("credential_type", json!("RefreshToken"))],
            "`credential_type` cannot be read",
        ),
        (
            vec![("credential_type", json!("AccessToken_With_AuthScheme"))],
            "`token_type` is missing",
        ),
        (
            vec![("credential_type", json!("ATExt"))],
            "`ext_cache_key` is missing",
        ),
        (vec![("ext", json!({"a": 1}))], "`ext` cannot be read"),
        (
            vec![
                ("ext", json!({"a": "1"})),
                ("additionalCacheKeyComponents", json!({"a": "2"})),
            ],
            "`ext` is given twice, and differently",
        ),
        (
            vec![("key_id", json!("a")), ("kid", json!("b"))],
            "`kid` is given twice, and differently",
        ),
    ] {
        let entry = with(access_token(), &changes);
        let (cache, report) = cache_of("AccessToken", entry.clone());
        assert_eq!((report.entries, report.damaged), (0, 1), "{changes:?}");
        assert_eq!(report.damage[0].reason, reason);
        assert_eq!(report.damage[0].key, "any key at all");
        assert_eq!((cache.len(), cache.statistics().unreadable), (0, 1));
        put(
            &cache,
            token(app_key("tenant", "client"), "s", "good", common::an_hour()),
        );
        let file = cache.serialize(Compatibility::Standard).unwrap();
        let written: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(written["AccessToken"]["any key at all"], entry);
        assert_eq!(written["AccessToken"].as_object().unwrap().len(), 2);
        let lookup = app_lookup("tenant", "client", &["s"]);
        assert_eq!(found(&cache, &lookup).as_deref(), Some("good"));
    }
    for section in ["RefreshToken", "IdToken", "Account", "AppMetadata"] {
        for entry in [json!(null), json!([]), json!("text"), json!({}), json!(17)] {
            let (cache, report) = cache_of(section, entry.clone());
            assert_eq!(report.damaged, 1, "{section} {entry}");
            let written = cache.serialize(Compatibility::Standard).unwrap();
            let written: Value = serde_json::from_slice(&written).unwrap();
            assert_eq!(written[section]["any key at all"], entry);
        }
    }
}

#[test]
fn a_damaged_entry_keeps_its_place_when_the_key_is_needed() {
    let key = format!("-{CLOUD}-accesstoken-client-tenant-s");
    let file = json!({ "AccessToken": { key.as_str(): { "future": true } } }).to_string();
    let cache = TokenCache::new();
    cache.merge(file.as_bytes()).unwrap();
    put(
        &cache,
        token(app_key("tenant", "client"), "s", "good", common::an_hour()),
    );
    let written = cache.serialize(Compatibility::Standard).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(written["AccessToken"][key.as_str()]["secret"], "good");
    assert_eq!(written["AccessToken"][format!("{key}-2")]["future"], true);
}

#[test]
fn unknown_data_is_written_back_to_the_letter() {
    let odd = r#"{ "n": 1e400, "m":-0.0,"big":123456789012345678901234567890, "s":"\u00e4\ud83d\ude00", "a":[ ] }"#;
    let file = format!(
        r#"{{"Future": {odd}, "AccessToken": {{"k": {{"secret": "secret", "client_id": "client",
            "environment": "{CLOUD}", "realm": "tenant", "target": "s", "expires_on": "4102444800", "future": {odd}}},
            "damaged": {odd}}}, "Account": null, "Other": null}}"#
    );
    let cache = TokenCache::new();
    let report = cache.merge(file.as_bytes()).unwrap();
    assert_eq!(report.unknown_sections, ["Future", "Other"]);
    for _ in 0..2 {
        let written = cache.serialize(Compatibility::Standard).unwrap();
        let root: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&written).unwrap();
        assert_eq!(root["Future"].get(), odd);
        assert_eq!(root["Other"].get(), "null");
        let tokens: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(root["AccessToken"].get()).unwrap();
        assert_eq!(tokens["damaged"].get(), odd);
        let key = format!("-{CLOUD}-accesstoken-client-tenant-s");
        let entry: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(tokens[&key].get()).unwrap();
        assert_eq!(entry["future"].get(), odd);
        cache.replace(&written).unwrap();
    }
}

#[test]
fn colliding_keys_are_kept_apart_and_reported() {
    let one = with(
        access_token(),
        &[("client_id", json!("a-b")), ("realm", json!("c"))],
    );
    let other = with(
        access_token(),
        &[
            ("client_id", json!("a")),
            ("realm", json!("b-c")),
            ("secret", json!("other")),
        ],
    );
    let file = json!({ "AccessToken": { "one": one, "other": other } }).to_string();
    let cache = TokenCache::new();
    let report = cache.merge(file.as_bytes()).unwrap();
    assert!(!report.is_clean());
    assert_eq!(report.collisions.len(), 1);
    assert_eq!(report.collisions[0].section, Kind::AccessToken);
    assert_eq!(
        report.collisions[0].key,
        format!("-{CLOUD}-accesstoken-a-b-c-s")
    );
    let copy = TokenCache::new();
    let file = cache.serialize(Compatibility::Standard).unwrap();
    assert_eq!(copy.merge(&file).unwrap().collisions, report.collisions);
    for cache in [cache, copy] {
        for (realm, client_id, secret) in [("c", "a-b", "secret"), ("b-c", "a", "other")] {
            let found = found(&cache, &app_lookup(realm, client_id, &["s"]));
            assert_eq!(found.as_deref(), Some(secret));
        }
        assert_eq!(found(&cache, &app_lookup("b", "a", &["s"])), None);
    }
}

#[test]
fn one_key_given_twice_is_reported_and_both_entries_are_read() {
    let one = with(access_token(), &[("realm", json!("one"))]);
    let two = with(access_token(), &[("realm", json!("two"))]);
    let file = format!(r#"{{"AccessToken": {{"k": {one}, "k": {two}}}, "AccessToken": {{}}}}"#);
    let cache = TokenCache::new();
    let report = cache.merge(file.as_bytes()).unwrap();
    assert_eq!((report.entries, report.collisions.len()), (2, 1));
    for realm in ["one", "two"] {
        assert!(found(&cache, &app_lookup(realm, "client", &["s"])).is_some());
    }
}

#[test]
fn of_two_that_are_the_same_the_newer_stays() {
    let entry = |cached_at: &str, secret: &str| {
        with(
            access_token(),
            &[("cached_at", json!(cached_at)), ("secret", json!(secret))],
        )
    };
    let cache = TokenCache::new();
    for (cached_at, secret, expected) in [
        ("1750000001", "first", "first"),
        ("1750000000", "older", "first"),
        ("1750000002", "newer", "newer"),
        ("1750000002", "as old", "as old"),
    ] {
        let file = json!({ "AccessToken": { "k": entry(cached_at, secret) } }).to_string();
        cache.merge(file.as_bytes()).unwrap();
        assert_eq!(cache.len(), 1);
        let lookup = app_lookup("tenant", "client", &["s"]);
        assert_eq!(found(&cache, &lookup).as_deref(), Some(expected));
    }
}

#[test]
fn tokens_of_applications_are_written_as_each_library_wants_them() {
    let cache = TokenCache::new();
    put(
        &cache,
        token(
            app_key("Tenant", "client"),
            "S openid",
            "secret",
            common::an_hour(),
        ),
    );
    let key = format!("-{CLOUD}-accesstoken-client-tenant-s openid");
    let node = format!("{key}-");
    let empty = Some(json!(""));
    for (compatibility, expected) in [
        (Compatibility::Standard, vec![(&key, empty.clone())]),
        (Compatibility::Node, vec![(&key, empty.clone())]),
        (Compatibility::Python, vec![(&key, Some(Value::Null))]),
        (Compatibility::Dotnet, vec![(&key, None)]),
        (
            Compatibility::PythonAndNode,
            vec![(&key, Some(Value::Null)), (&node, empty)],
        ),
    ] {
        let file = cache.serialize(compatibility).unwrap();
        let json: Value = serde_json::from_slice(&file).unwrap();
        let entries = json["AccessToken"].as_object().unwrap().iter();
        let ids: Vec<_> = entries
            .map(|(key, entry)| (key, entry.get("home_account_id").cloned()))
            .collect();
        assert_eq!(ids, expected, "{compatibility:?}");
        for (other, count) in [
            (Compatibility::Standard, 1),
            (Compatibility::PythonAndNode, 2),
        ] {
            let copy = TokenCache::new();
            assert!(copy.merge(&file).unwrap().is_clean());
            assert_eq!(copy.len(), 1);
            let again: Value = serde_json::from_slice(&copy.serialize(other).unwrap()).unwrap();
            assert_eq!(again["AccessToken"].as_object().unwrap().len(), count);
        }
    }
}

#[test]
fn a_bound_and_an_extended_token_are_written_as_recommended() {
    let bound = with(
        access_token(),
        &[("token_type", json!("PoP")), ("keyid", json!("K"))],
    );
    let (cache, _) = cache_of("AccessToken", bound);
    let written: Value =
        serde_json::from_slice(&cache.serialize(Compatibility::Standard).unwrap()).unwrap();
    let entry = &written["AccessToken"][format!("-{CLOUD}-accesstoken-client-tenant-s-pop")];
    for (name, value) in [
        ("credential_type", "AccessToken_With_AuthScheme"),
        ("token_type", "pop"),
        ("key_id", "K"),
        ("kid", "K"),
    ] {
        assert_eq!(entry[name], value, "{written}");
    }
    let components = json!({"fmi_path": "SomeFmiPath/FmiCredentialPath"});
    let extended = with(access_token(), &[("ext", components.clone())]);
    let (cache, _) = cache_of("AccessToken", extended);
    let written: Value =
        serde_json::from_slice(&cache.serialize(Compatibility::Standard).unwrap()).unwrap();
    let hash = "cojvfy5tzae3njpkvcebguvvx5vvmnj8hphqrbogjoi";
    let entry = &written["AccessToken"][format!("-{CLOUD}-atext-client-tenant-s-{hash}")];
    assert_eq!(entry["ext_cache_key"], hash);
    assert_eq!(entry["ext"], components);
    assert_eq!(entry["additionalCacheKeyComponents"], components);
    assert_eq!(entry["credential_type"], "AccessToken");
}

#[test]
fn every_time_is_written_as_a_text() {
    let numbers = with(
        access_token(),
        &[
            ("cached_at", json!(1)),
            ("expires_on", json!(2)),
            ("ext_expires_on", json!(3)),
            ("refresh_on", json!(4)),
        ],
    );
    let (cache, _) = cache_of("AccessToken", numbers);
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let text = std::str::from_utf8(&file).unwrap();
    for member in [
        r#""cached_at":"1""#,
        r#""expires_on":"2""#,
        r#""extended_expires_on":"3""#,
        r#""refresh_on":"4""#,
    ] {
        assert!(text.contains(member), "{member} in {text}");
    }
}

#[test]
fn an_empty_file_is_an_empty_cache() {
    for file in [&b""[..], b"  \n", b"{}", b"\xef\xbb\xbf{}", b"\xef\xbb\xbf"] {
        let cache = TokenCache::new();
        assert!(cache.merge(file).unwrap().is_clean());
        assert!(cache.is_empty());
    }
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_cache_as_it_was_and_tells_no_secret() {
    let deep = |levels| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(TokenCache::new().merge(deep(63).as_bytes()).is_ok());
    let many = "[".repeat(100_000);
    let whole = fs::read_to_string("tests/fixtures/python-user.json").unwrap();
    let cut = &whole[..whole.len() / 2];
    let cache = TokenCache::new();
    put(
        &cache,
        token(app_key("tenant", "client"), "s", "kept", common::an_hour()),
    );
    let revision = cache.revision();
    for (file, reason) in [
        (deep(64).as_bytes(), "nested deeper than 64 levels"),
        (many.as_bytes(), "nested deeper than 64 levels"),
        (cut.as_bytes(), "cut off"),
        (b"[]", "no object"),
        (br#""PY-AT-USER""#, "no object"),
        (br#"{"AccessToken": "PY-AT-USER"}"#, "no object"),
        (br#"{"AccessToken": []}"#, "no object"),
        (br#"{"a": 1} PY-AT-USER"#, "not JSON"),
        (b"\x00\x00", "not JSON"),
        (b"{\"a\": \"\xff\"}", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not JSON"),
    ] {
        for error in [
            cache.merge(file).unwrap_err(),
            cache.replace(file).unwrap_err(),
        ] {
            let text = format!("{error} {error:?}");
            assert!(text.contains(reason), "{text}");
            assert!(!text.contains("PY-AT"), "{text}");
        }
        assert!(inspect(file).is_err());
        assert_eq!(cache.revision(), revision);
        let lookup = app_lookup("tenant", "client", &["s"]);
        assert_eq!(found(&cache, &lookup).as_deref(), Some("kept"));
    }
}

#[test]
fn a_file_full_of_overlapping_tokens_takes_no_quadratic_time() {
    // All share one key and one scope: an index that compares each with all others would take minutes.
    let mut file = String::from(r#"{"AccessToken": {"#);
    for n in 0..50_000 {
        let target = format!("s {n}");
        let entry = with(access_token(), &[("target", json!(target))]);
        file.push_str(&format!("\"{n}\": {entry},"));
    }
    file.pop();
    file.push_str("}}");
    let cache = TokenCache::new();
    assert_eq!(cache.merge(file.as_bytes()).unwrap().entries, 50_000);
    assert_eq!(cache.len(), 50_000);
    assert!(found(&cache, &app_lookup("tenant", "client", &["49999"])).is_some());
}

#[test]
fn an_inspection_shows_everything_but_secrets() {
    for file in fs::read_dir("tests/fixtures").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file = fs::read(&path).unwrap();
        let inspection = inspect(&file).unwrap();
        let shown = format!(
            "{} {inspection:?}",
            serde_json::to_string(&inspection).unwrap()
        );
        let json: Value = serde_json::from_slice(&file).unwrap();
        for section in ["AccessToken", "RefreshToken", "IdToken"] {
            for (_, entry) in json[section].as_object().into_iter().flatten() {
                let secret = entry["secret"].as_str().unwrap();
                assert!(!shown.contains(secret), "{path:?} shows {secret}");
            }
        }
    }
    let file = fs::read("tests/fixtures/python-user.json").unwrap();
    let shown = serde_json::to_value(inspect(&file).unwrap()).unwrap();
    let token = &shown["entries"][0];
    assert_eq!(token["kind"], "AccessToken");
    assert_eq!(token["owner"], "account");
    assert_eq!(token["expires_on"], 4_102_444_800_u64);
    assert_eq!(
        token["scopes"],
        json!(["User.Read", "email", "openid", "profile"])
    );
    assert_eq!(token["username"], Value::Null);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(soaked(200_000)))]

    #[test]
    fn a_mutated_file_never_panics_nor_harms_what_is_in_memory(
        which in 0..FIXTURES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut file = FIXTURES[which].as_bytes().to_vec();
        for (at, byte, how) in edits {
            if file.is_empty() {
                break;
            }
            let at = at.index(file.len());
            match how {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                2 => { file.remove(at); }
                _ => file.truncate(at),
            }
        }
        let cache = TokenCache::new();
        put(&cache, token(app_key("tenant", "client"), "s", "kept", common::an_hour()));
        let before = inspect(&file);
        prop_assert_eq!(cache.merge(&file).is_ok(), before.is_ok());
        let lookup = app_lookup("tenant", "client", &["s"]);
        prop_assert_eq!(found(&cache, &lookup), Some("kept".to_owned()));
        let Ok(before) = before else {
            return Ok(());
        };
        // What was read is there again after a round, and so is what was not.
        let written = cache.serialize(Compatibility::Standard).unwrap();
        let after = inspect(&written).unwrap();
        let readable = cache.statistics();
        prop_assert_eq!(after.report.entries, readable.entries() + readable.app_metadata);
        prop_assert_eq!(after.report.damaged, readable.unreadable);
        prop_assert!(readable.unreadable <= before.report.damaged);
        for section in &before.report.unknown_sections {
            prop_assert!(after.report.unknown_sections.contains(section));
        }
    }

    #[test]
    fn any_json_is_read_or_refused(text in r#"[\[\]{}":,0-9a-z\\ntrue]{0,60}"#) {
        let cache = TokenCache::new();
        let _ = cache.merge(text.as_bytes());
        let wrapped = format!(r#"{{"AccessToken":{{"k":{text}}}}}"#);
        let _ = cache.merge(wrapped.as_bytes());
        let _ = cache.serialize(Compatibility::Standard).unwrap();
    }
}

const FIXTURES: [&str; 5] = [
    include_str!("fixtures/python-user.json"),
    include_str!("fixtures/node-obo.json"),
    include_str!("fixtures/node-fmi.json"),
    include_str!("fixtures/handmade-app-dual.json"),
    include_str!("fixtures/python-multi-account.json"),
];

#[test]
fn a_user_may_have_very_many_entries() {
    let mut file = String::from(r#"{"Account": {"#);
    for n in 0..50_000 {
        file.push_str(&format!(
            r#""{n}": {{"home_account_id": "u.t", "environment": "{CLOUD}", "realm": "{n}"}},"#
        ));
    }
    file.pop();
    file.push_str("}}");
    let cache = TokenCache::new();
    assert_eq!(cache.merge(file.as_bytes()).unwrap().entries, 50_000);
    assert_eq!(cache.statistics().accounts, 50_000);
    let lookup = AccessTokenLookup {
        owner: OwnerRef::Account("u.t"),
        ..app_lookup("1", "client", &["s"])
    };
    assert_eq!(found(&cache, &lookup), None);
}
