//! Whose entries are found by what.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{CLOUD, SignIn, apply, found, put, seen};
use msal_cache::{Compatibility, TokenCache};
use msal_core::Timestamp;
use msal_core::store::{
    AccessTokenLookup, AppMetadataEntry, Change, Entity, Members, OwnerRef, TokenStore, UserFilter,
};

const CHINA: &str = "login.partner.microsoftonline.cn";
const WINDOWS: &str = "login.windows.net";
const HASH: &str = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";

#[test]
fn a_user_is_found_by_home_account_id_under_every_alias() {
    let cache = TokenCache::new();
    let alice = SignIn {
        environment: WINDOWS,
        ..SignIn::of("a.t", "alice")
    };
    apply(&cache, alice.all("1"));
    apply(&cache, SignIn::of("b.t", "bob").all("2"));
    let id = UserFilter::HomeAccountId("a.t");
    for cloud in [CLOUD, WINDOWS, "STS.windows.net", "login.microsoft.com:443"] {
        assert_eq!(seen(&cache, cloud, id), ["1-id", "1-refresh", "alice"]);
    }
    for (cloud, id) in [(CHINA, "a.t"), (CLOUD, "A.T"), (CLOUD, "a"), (CLOUD, "")] {
        assert_eq!(seen(&cache, cloud, UserFilter::HomeAccountId(id)), [""; 0]);
    }
}

#[test]
fn a_user_is_found_by_any_of_their_names_in_any_case() {
    let cache = TokenCache::new();
    let home = SignIn::of("a.t", "Alice@Contoso.com");
    let guest = SignIn {
        realm: "u",
        username: "alice_contoso.com#EXT#@fabrikam.com",
        ..SignIn::of("a.t", "")
    };
    apply(&cache, vec![home.account(), guest.account()]);
    for name in [
        "alice@contoso.COM",
        "Alice@Contoso.com",
        "ALICE_contoso.com#ext#@fabrikam.com",
    ] {
        let users = cache.users(CLOUD, UserFilter::Username(name));
        assert_eq!((users.len(), users[0].len()), (1, 2), "{name}");
    }
    // A character that folding makes equal to another is another nevertheless.
    for name in ["alice`contoso.com", "alice", "alice@contoso.com ", ""] {
        assert!(
            cache.users(CLOUD, UserFilter::Username(name)).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn users_may_share_a_name() {
    let cache = TokenCache::new();
    for n in 0..1_000 {
        apply(
            &cache,
            SignIn::of(&format!("{n}.t"), "Same").all(&n.to_string()),
        );
    }
    let china = SignIn {
        environment: CHINA,
        ..SignIn::of("0.t", "same")
    };
    apply(&cache, china.all("china"));
    assert_eq!(
        cache.users(CLOUD, UserFilter::Username("same")).len(),
        1_000
    );
    assert_eq!(
        seen(&cache, CHINA, UserFilter::Username("SAME")),
        ["china-id", "china-refresh", "same"]
    );
    for n in (0..1_000).step_by(2) {
        let user = format!("{n}.t");
        cache.apply(&Change::remove(SignIn::of(&user, "").sign_out()));
    }
    let left = cache.users(CLOUD, UserFilter::Username("same"));
    assert_eq!(left.len(), 500);
    for user in left {
        let id = home(&user[0]);
        let number: u32 = id.strip_suffix(".t").unwrap().parse().unwrap();
        assert_eq!(number % 2, 1);
    }
    assert_eq!(cache.users(CHINA, UserFilter::Username("same")).len(), 1);
}

#[test]
fn a_user_who_is_renamed_is_found_by_the_new_name_alone() {
    let cache = TokenCache::new();
    let found_by = |name| cache.users(CLOUD, UserFilter::Username(name)).len();
    for realm in ["t", "u"] {
        let user = SignIn {
            realm,
            ..SignIn::of("a.t", "old")
        };
        put(&cache, user.account());
    }
    put(&cache, SignIn::of("a.t", "new").account());
    // Still so called in the other tenant.
    assert_eq!((found_by("old"), found_by("new")), (1, 1));
    let other = SignIn {
        realm: "u",
        ..SignIn::of("a.t", "NEW")
    };
    put(&cache, other.account());
    assert_eq!((found_by("old"), found_by("new")), (0, 1));
    put(&cache, SignIn::of("a.t", "").account());
    assert_eq!(found_by("new"), 1);
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let text = String::from_utf8(file.to_vec())
        .unwrap()
        .replace("NEW", "newer");
    cache.replace(text.as_bytes()).unwrap();
    assert_eq!((found_by("new"), found_by("newer")), (0, 1));
    cache.clear();
    assert_eq!(found_by("newer"), 0);
}

#[test]
fn all_are_listed_once_and_by_their_cloud() {
    let cache = TokenCache::new();
    for n in 0..5_000 {
        let (environment, realm) = match n % 3 {
            0 => (CLOUD, "t"),
            1 => (WINDOWS, "u"),
            _ => (CHINA, "t"),
        };
        let id = format!("{}.t", n / 2);
        let user = SignIn {
            environment,
            realm,
            ..SignIn::of(&id, "user")
        };
        apply(&cache, user.all("s"));
    }
    let ids = |cloud| {
        let users = cache.users(cloud, UserFilter::All);
        let count = users.len();
        let mut ids: Vec<_> = users.iter().map(|user| home(&user[0])).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        count
    };
    let public: std::collections::HashSet<_> =
        (0..5_000).filter(|n| n % 3 != 2).map(|n| n / 2).collect();
    assert_eq!(ids(CLOUD), public.len());
    assert_eq!(ids(CHINA), 1_666);
    assert_eq!(ids("login.microsoftonline.us"), 0);
}

#[test]
fn what_an_assertion_obtained_is_no_part_of_a_user() {
    let cache = TokenCache::new();
    let alice = SignIn::of("a.t", "alice");
    let assertion = SignIn {
        assertion: Some(HASH),
        ..SignIn::of("a.t", "alice")
    };
    let nobody = SignIn {
        assertion: Some("a.t"),
        ..SignIn::of("", "")
    };
    let padded = format!("{HASH}=");
    for cache in [&cache, &TokenCache::new()] {
        apply(cache, nobody.all("process"));
        apply(cache, alice.all("own"));
        apply(cache, assertion.all("obo"));
        let again = SignIn {
            assertion: Some(&padded),
            ..SignIn::of("a.t", "alice")
        };
        apply(cache, again.all("obo2"));
    }
    let copy = TokenCache::new();
    let report = copy.merge(&cache.serialize(Compatibility::Standard).unwrap());
    assert!(report.unwrap().is_clean());
    for cache in [cache, copy] {
        for own in [
            UserFilter::HomeAccountId("a.t"),
            UserFilter::Username("alice"),
            UserFilter::All,
        ] {
            assert_eq!(
                seen(&cache, WINDOWS, own),
                ["alice", "own-id", "own-refresh"]
            );
        }
        for (hash, expected) in [
            (HASH, &["obo2-id", "obo2-refresh"][..]),
            (&padded, &["obo2-id", "obo2-refresh"]),
            ("a.t", &["process-id", "process-refresh"]),
            ("a.t=", &[]),
            ("", &[]),
        ] {
            assert_eq!(seen(&cache, CLOUD, UserFilter::Assertion(hash)), expected);
            assert_eq!(seen(&cache, CHINA, UserFilter::Assertion(hash)), [""; 0]);
        }
        // The id that a file must have is not one of a user.
        let process = &cache.users(CLOUD, UserFilter::Assertion("a.t"))[0];
        assert!(process.iter().all(|entity| home(entity).is_empty()));
        let by = |owner| {
            let lookup = AccessTokenLookup {
                owner,
                ..common::app_lookup("t", "client", &["s"])
            };
            found(&cache, &lookup)
        };
        assert_eq!(by(OwnerRef::Account("a.t")).as_deref(), Some("own-access"));
        assert_eq!(
            by(OwnerRef::Assertion(HASH)).as_deref(),
            Some("obo2-access")
        );
        assert_eq!(
            by(OwnerRef::Assertion("a.t")).as_deref(),
            Some("process-access")
        );
    }
}

#[test]
fn keys_of_processes_are_not_hashes_and_padding_counts() {
    let cache = TokenCache::new();
    for key in ["session", "session=", "session=="] {
        let process = SignIn {
            assertion: Some(key),
            ..SignIn::of("", "")
        };
        apply(&cache, process.all(key));
    }
    for key in ["session", "session=", "session=="] {
        let expected = [format!("{key}-id"), format!("{key}-refresh")];
        assert_eq!(seen(&cache, CLOUD, UserFilter::Assertion(key)), expected);
    }
}

#[test]
fn what_is_known_of_an_application_is_found_by_cloud_and_client() {
    let cache = TokenCache::new();
    let family_of = |cloud, client_id| {
        let app = cache.app_metadata(cloud, client_id);
        app.map(|app| app.family_id.as_ref().map(ToString::to_string))
    };
    assert_eq!(family_of(CLOUD, "client"), None);
    for (environment, client_id, family_id) in [
        (WINDOWS, "client", Some("1")),
        (CHINA, "client", None),
        (CLOUD, "other", None),
    ] {
        put(&cache, app(environment, client_id, family_id));
    }
    assert_eq!(family_of(CLOUD, "client"), Some(Some("1".to_owned())));
    assert_eq!(family_of(CHINA, "client"), Some(None));
    assert_eq!(family_of(WINDOWS, "other"), Some(None));
    assert_eq!(family_of(CHINA, "other"), None);
    assert_eq!(family_of(CLOUD, "Client"), None);
    put(&cache, app(CLOUD, "client", None));
    assert_eq!(family_of(WINDOWS, "client"), Some(None));
    // A file may have several, of which the one that tells more counts.
    let file = format!(
        r#"{{"AppMetadata": {{
            "1": {{"environment": "{WINDOWS}", "client_id": "client", "family_id": "1"}},
            "2": {{"environment": "sts.windows.net", "client_id": "client"}}}}}}"#
    );
    cache.merge(file.as_bytes()).unwrap();
    assert_eq!(cache.statistics().app_metadata, 5);
    assert_eq!(family_of(CLOUD, "client"), Some(Some("1".to_owned())));
    put(&cache, app(CLOUD, "client", Some("2")));
    assert_eq!(cache.statistics().app_metadata, 3);
    cache.clear();
    assert_eq!(family_of(CLOUD, "client"), None);
}

#[test]
fn whoever_is_evicted_is_found_by_no_name() {
    let cache = TokenCache::builder().max_entries(40).build();
    for n in 0..30 {
        let (id, name) = (format!("{n}.t"), format!("user{}", n / 2));
        let user = SignIn::of(&id, &name);
        apply(&cache, user.all("s"));
        let lookup = user.lookup(&["s"]);
        let now = Timestamp::from_secs(common::NOW.as_secs() + n);
        assert!(cache.access_token(&lookup, now).is_some());
    }
    assert_eq!(cache.len(), 40);
    for n in 0..15 {
        let users = cache.users(CLOUD, UserFilter::Username(&format!("USER{n}")));
        assert_eq!(users.len(), if n < 10 { 0 } else { 2 }, "{n}");
    }
    assert_eq!(cache.users(CLOUD, UserFilter::All).len(), 10);
}

fn home(entity: &Entity) -> Arc<str> {
    match entity {
        Entity::Account(entry) => entry.home_account_id.clone(),
        Entity::IdToken(entry) => entry.home_account_id.clone(),
        Entity::RefreshToken(entry) => entry.home_account_id.clone(),
        other => panic!("{other:?}"),
    }
}

fn app(environment: &str, client_id: &str, family_id: Option<&str>) -> Entity {
    Entity::AppMetadata(Arc::new(AppMetadataEntry {
        environment: environment.into(),
        client_id: client_id.into(),
        family_id: family_id.map(Into::into),
        members: Members::none(),
    }))
}
