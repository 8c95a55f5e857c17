//! What a change removes, keeps and carries over.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{CLOUD, SignIn, app_key, app_lookup, apply, found, lifetime, put, seen, token};
use msal_cache::{Compatibility, TokenCache, inspect};
use msal_core::Timestamp;
use msal_core::store::{
    AccessTokenLookup, AccountEntry, AppMetadataEntry, Change, Entity, Extras, IdTokenEntry,
    Members, Owner, OwnerRef, ProcessKey, RefreshTokenEntry, TokenKey, TokenStore, UserFilter,
};
use serde_json::Value;

const MICROSOFT: &str = "login.microsoftonline.com";
const WINDOWS: &str = "login.windows.net";
const ASSERTION: &str = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";

#[test]
fn a_token_replaces_those_that_share_a_scope_under_every_alias() {
    let cache = TokenCache::new();
    let under = |environment: &str, realm: &str| TokenKey {
        environment: environment.into(),
        ..app_key(realm, "client")
    };
    put(
        &cache,
        token(
            under(WINDOWS, "t"),
            "openid a b",
            "old",
            lifetime(1, 4_000_000_000),
        ),
    );
    put(
        &cache,
        token(
            under(WINDOWS, "t"),
            "openid c",
            "other scope",
            lifetime(1, 4_000_000_000),
        ),
    );
    put(
        &cache,
        token(
            under(WINDOWS, "u"),
            "a",
            "other tenant",
            lifetime(1, 4_000_000_000),
        ),
    );
    put(
        &cache,
        token(
            under(MICROSOFT, "T"),
            "openid B",
            "new",
            lifetime(2, 4_000_000_000),
        ),
    );
    assert_eq!(cache.len(), 3);
    assert_eq!(found(&cache, &app_lookup("t", "client", &["a"])), None);
    for (realm, scope, expected) in [
        ("t", "b", "new"),
        ("t", "c", "other scope"),
        ("u", "a", "other tenant"),
    ] {
        let scopes = [scope];
        let lookup = app_lookup(realm, "client", &scopes);
        assert_eq!(found(&cache, &lookup).as_deref(), Some(expected));
    }
}

#[test]
fn refresh_tokens_of_a_client_and_of_a_family_replace_one_another() {
    let cache = TokenCache::new();
    put(&cache, refresh_token(WINDOWS, "client", None, "1"));
    put(&cache, refresh_token(MICROSOFT, "client", None, "2"));
    assert_eq!(secrets(&cache, "RefreshToken"), ["2"]);
    put(&cache, refresh_token(MICROSOFT, "other", None, "3"));
    assert_eq!(secrets(&cache, "RefreshToken"), ["2", "3"]);
    put(&cache, refresh_token(MICROSOFT, "member", Some("1"), "4"));
    put(
        &cache,
        refresh_token(MICROSOFT, "another member", Some("1"), "5"),
    );
    assert_eq!(secrets(&cache, "RefreshToken"), ["2", "3", "5"]);
}

#[test]
fn a_token_of_an_assertion_leaves_those_of_others_alone() {
    let cache = TokenCache::new();
    for (hash, secret) in [
        (None, "plain"),
        (Some(ASSERTION), "1"),
        (Some("two"), "2"),
        (Some(&format!("{ASSERTION}=")), "3"),
    ] {
        let Entity::RefreshToken(entry) = refresh_token(MICROSOFT, "client", None, secret) else {
            unreachable!()
        };
        let extras = Extras::new(hash.map(Into::into), Members::none());
        let entry = RefreshTokenEntry {
            extras,
            ..(*entry).clone()
        };
        put(&cache, Entity::RefreshToken(Arc::new(entry)));
    }
    assert_eq!(secrets(&cache, "RefreshToken"), ["2", "3", "plain"]);
    let copy = TokenCache::new();
    let report = copy
        .merge(&cache.serialize(Compatibility::Standard).unwrap())
        .unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(secrets(&copy, "RefreshToken"), ["2", "3", "plain"]);
}

#[test]
fn a_user_stays_under_the_alias_where_they_are() {
    let cache = TokenCache::new();
    put(&cache, account(WINDOWS, "t", Members::none()));
    let key = TokenKey {
        owner: Owner::Account("u.t".into()),
        ..app_key("t", "client")
    };
    cache.apply(&Change {
        upserts: vec![
            account(MICROSOFT, "t", Members::none()),
            id_token(MICROSOFT, "t", "id"),
            refresh_token(MICROSOFT, "client", None, "refresh"),
            token(key, "s", "access", lifetime(1, 4_000_000_000)),
        ],
        ..Change::default()
    });
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let inspection = inspect(&file).unwrap();
    assert_eq!(inspection.entries.len(), 4);
    assert!(
        inspection
            .entries
            .iter()
            .all(|entry| entry.environment == WINDOWS)
    );
    let lookup = AccessTokenLookup {
        owner: OwnerRef::Account("u.t"),
        ..app_lookup("t", "client", &["s"])
    };
    assert_eq!(found(&cache, &lookup).as_deref(), Some("access"));
}

#[test]
fn an_application_has_one_metadata_entry_per_cloud() {
    let cache = TokenCache::new();
    for (environment, family_id) in [
        (WINDOWS, None),
        (MICROSOFT, Some("1")),
        ("login.chinacloudapi.cn", None),
    ] {
        put(
            &cache,
            Entity::AppMetadata(Arc::new(AppMetadataEntry {
                environment: environment.into(),
                client_id: "client".into(),
                family_id: family_id.map(Into::into),
                members: Members::none(),
            })),
        );
    }
    let entries = inspect(&cache.serialize(Compatibility::Standard).unwrap())
        .unwrap()
        .entries;
    let of_public = entries
        .iter()
        .find(|entry| entry.environment == MICROSOFT)
        .unwrap();
    assert_eq!(of_public.family_id.as_deref(), Some("1"));
    assert_eq!((entries.len(), cache.statistics().app_metadata), (2, 2));
}

#[test]
fn unknown_members_survive_a_rewrite_unless_they_are_given_anew() {
    let file = br#"{
        "AccessToken": {"k": {"secret": "1", "client_id": "client", "environment": "login.microsoftonline.com", "realm": "t",
            "target": "s", "expires_on": "4000000000", "cached_at": "1", "future": 1e400, "refresh_on": "soon"}},
        "RefreshToken": {"k": {"secret": "1", "client_id": "client", "environment": "login.microsoftonline.com",
            "home_account_id": "u.t", "future": {"a": [null]}}},
        "IdToken": {"k": {"secret": "1", "client_id": "client", "environment": "login.microsoftonline.com",
            "home_account_id": "u.t", "realm": "t", "future": 0.10}},
        "Account": {"k": {"environment": "login.microsoftonline.com", "home_account_id": "u.t", "realm": "t",
            "name": "old", "future": 18446744073709551616}}
    }"#;
    let cache = TokenCache::new();
    assert!(cache.merge(file).unwrap().is_clean());
    let name = serde_json::value::RawValue::from_string("\"new\"".to_owned()).unwrap();
    let mut lifetime = lifetime(2, 4_000_000_000);
    lifetime.refresh_on = Some(Timestamp::from_secs(3_999_999_000));
    cache.apply(&Change {
        upserts: vec![
            account(
                MICROSOFT,
                "t",
                Members::new([("name".to_owned(), name)].into()),
            ),
            id_token(MICROSOFT, "t", "2"),
            refresh_token(MICROSOFT, "client", None, "2"),
            token(app_key("t", "client"), "s", "2", lifetime),
        ],
        ..Change::default()
    });
    let written = cache.serialize(Compatibility::Standard).unwrap();
    let text = std::str::from_utf8(&written).unwrap();
    for kept in [
        r#""future":1e400"#,
        r#""future":{"a": [null]}"#,
        r#""future":0.10"#,
        r#""future":18446744073709551616"#,
        r#""name":"new""#,
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    // A member that we write ourselves is not written twice.
    assert_eq!(text.matches("refresh_on").count(), 1);
    assert_eq!(text.matches(r#""secret":"2""#).count(), 3);
    assert_eq!(text.matches(r#""secret""#).count(), 3);
}

#[test]
fn the_revision_tells_whether_there_is_something_to_write() {
    let cache = TokenCache::new();
    let empty = cache.revision();
    cache.apply(&Change::default());
    assert!(found(&cache, &app_lookup("t", "client", &["s"])).is_none());
    cache.serialize(Compatibility::Standard).unwrap();
    assert_eq!(cache.revision(), empty);
    let mut seen = vec![empty];
    put(
        &cache,
        token(app_key("t", "client"), "s", "secret", common::an_hour()),
    );
    seen.push(cache.revision());
    cache.merge(b"{}").unwrap();
    seen.push(cache.revision());
    cache.clear();
    seen.push(cache.revision());
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert!(cache.is_empty());
}

#[test]
fn a_clone_is_the_same_cache_and_neither_prints_a_secret() {
    let cache = TokenCache::default();
    let clone = cache.clone();
    put(
        &clone,
        token(app_key("t", "client"), "s", "canary", common::an_hour()),
    );
    assert_eq!(cache.len(), 1);
    let found = cache.access_token(&app_lookup("t", "client", &["s"]), common::NOW);
    let printed = format!("{cache:?} {cache:#?} {found:?} {found:#?}");
    assert!(!printed.contains("canary"), "{printed}");
}

fn refresh_token(environment: &str, client_id: &str, family: Option<&str>, secret: &str) -> Entity {
    Entity::RefreshToken(Arc::new(RefreshTokenEntry {
        environment: environment.into(),
        client_id: client_id.into(),
        home_account_id: "u.t".into(),
        family_id: family.map(Into::into),
        secret: secret.into(),
        last_modified: Timestamp::from_secs(1_750_000_000),
        extras: Extras::default(),
    }))
}

fn id_token(environment: &str, realm: &str, secret: &str) -> Entity {
    Entity::IdToken(Arc::new(IdTokenEntry {
        environment: environment.into(),
        realm: realm.into(),
        client_id: "client".into(),
        home_account_id: "u.t".into(),
        secret: secret.into(),
        extras: Extras::default(),
    }))
}

fn account(environment: &str, realm: &str, members: Members) -> Entity {
    Entity::Account(Arc::new(AccountEntry {
        environment: environment.into(),
        realm: realm.into(),
        home_account_id: "u.t".into(),
        local_account_id: "u".into(),
        username: "user@contoso.example".into(),
        authority_type: "MSSTS".into(),
        members,
    }))
}

fn secrets(cache: &TokenCache, section: &str) -> Vec<String> {
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let json: Value = serde_json::from_slice(&file).unwrap();
    let entries = json[section].as_object().unwrap().values();
    let mut secrets: Vec<_> = entries
        .map(|entry| entry["secret"].as_str().unwrap().to_owned())
        .collect();
    secrets.sort();
    secrets
}

#[test]
fn what_comes_late_for_a_process_that_was_stopped_or_is_another_users_is_not_kept() {
    let process = |id| SignIn {
        assertion: Some("job"),
        ..SignIn::of(id, "")
    };
    let late = |user: &SignIn<'_>| Change {
        upserts: vec![user.access_token("s", "late"), user.refresh_token("late")],
        unless_stopped: Some(ProcessKey {
            environment: WINDOWS.into(),
            client_id: user.client_id.into(),
            hash: "job".into(),
            home_account_id: user.home_account_id.into(),
        }),
        ..Change::default()
    };
    let (alice, bob) = (process("a.t"), process("b.t"));
    let other = SignIn {
        client_id: "other",
        ..process("a.t")
    };
    let cache = TokenCache::new();
    // Not a process, though the user is the same.
    apply(&cache, SignIn::of("a.t", "alice").all("signed-in"));
    apply(
        &cache,
        vec![bob.refresh_token("bobs"), other.refresh_token("others")],
    );
    let revision = cache.revision();
    cache.apply(&late(&alice));
    assert_eq!(cache.revision(), revision);
    cache.apply(&late(&bob));
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::Assertion("job")),
        ["late", "others"]
    );
}
