//! What a removal takes, and what it leaves.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{CLOUD, SignIn, app_key, app_lookup, apply, found, put, seen, token};
use msal_cache::{Compatibility, TokenCache};
use msal_core::store::{
    AppMetadataEntry, Binding, BindingRef, Change, Entity, Members, Owner, Removal, TokenKey,
    TokenStore, UserFilter,
};

const CHINA: &str = "login.chinacloudapi.cn";
const WINDOWS: &str = "login.windows.net";

#[test]
fn a_sign_out_reaches_as_far_as_its_client() {
    let cache = TokenCache::new();
    let alice = SignIn::of("a.t", "alice");
    let sign_in = |client_id, family_id| SignIn {
        client_id,
        family_id,
        ..SignIn::of("a.t", "alice")
    };
    let obo = SignIn {
        assertion: Some("hash"),
        ..SignIn::of("a.t", "alice")
    };
    let china = SignIn {
        environment: CHINA,
        ..SignIn::of("a.t", "alice")
    };
    let bob = SignIn::of("b.t", "bob");
    for (user, secret) in [
        (&alice, "own"),
        (&sign_in("member", Some("1")), "member"),
        (&sign_in("other", None), "other"),
        (&sign_in("stranger", Some("2")), "stranger"),
        (&obo, "obo"),
        (&china, "china"),
        (&bob, "bob"),
    ] {
        apply(&cache, user.all(secret));
    }
    put(
        &cache,
        token(app_key("t", "client"), "s", "app", common::an_hour()),
    );
    let metadata = AppMetadataEntry {
        environment: CLOUD.into(),
        client_id: "client".into(),
        family_id: Some("1".into()),
        members: Members::none(),
    };
    put(&cache, Entity::AppMetadata(Arc::new(metadata)));
    let before = cache.revision();
    let removal = |family_id: Option<&str>| Removal::User {
        user: SignIn {
            environment: WINDOWS,
            ..SignIn::of("a.t", "")
        }
        .key(),
        client_id: "client".into(),
        family_id: family_id.map(Into::into),
    };
    cache.apply(&Change::remove(removal(None)));
    let id = UserFilter::HomeAccountId("a.t");
    assert_eq!(
        seen(&cache, CLOUD, id),
        ["member-refresh", "other-refresh", "stranger-refresh"]
    );
    cache.apply(&Change::remove(removal(Some("1"))));
    assert_eq!(
        seen(&cache, CLOUD, id),
        ["other-refresh", "stranger-refresh"]
    );
    assert!(cache.users(CLOUD, UserFilter::Username("alice")).is_empty());
    for client_id in ["client", "member", "other", "stranger"] {
        assert_eq!(
            found(&cache, &sign_in(client_id, None).lookup(&["s"])),
            None
        );
    }
    let kept = |user: &SignIn<'_>| found(&cache, &user.lookup(&["s"]));
    assert_eq!(kept(&obo).as_deref(), Some("obo-access"));
    assert_eq!(kept(&china).as_deref(), Some("china-access"));
    assert_eq!(kept(&bob).as_deref(), Some("bob-access"));
    let app = found(&cache, &app_lookup("t", "client", &["s"]));
    assert_eq!(app.as_deref(), Some("app"));
    assert!(cache.app_metadata(CLOUD, "client").is_some());
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::Assertion("hash")),
        ["obo-id", "obo-refresh"]
    );
    let after = cache.revision();
    assert_ne!(before, after);
    cache.apply(&Change::remove(removal(Some("1"))));
    assert_eq!(cache.revision(), after, "nothing was left to remove");
}

#[test]
fn a_sign_out_takes_bound_tokens_and_those_of_every_tenant_and_alias() {
    let cache = TokenCache::new();
    let mut file = TokenCache::new();
    for (n, environment) in [CLOUD, WINDOWS, "sts.windows.net"].into_iter().enumerate() {
        for (realm, binding) in [("t", None), ("u", Some("pop")), ("u", Some("ssh-cert"))] {
            let key = TokenKey {
                environment: environment.into(),
                owner: Owner::Account("a.t".into()),
                binding: binding.map(|token_type| {
                    Arc::new(Binding {
                        token_type: token_type.to_owned(),
                        key_id: "kid".to_owned(),
                    })
                }),
                ..app_key(realm, "client")
            };
            let secret = format!("{n}{realm}{binding:?}");
            put(
                &file,
                token(key, &format!("s{n} shared"), &secret, common::an_hour()),
            );
        }
        let user = SignIn {
            environment,
            ..SignIn::of("a.t", "alice")
        };
        put(&file, user.account());
        cache
            .merge(&file.serialize(Compatibility::Standard).unwrap())
            .unwrap();
        file = TokenCache::new();
    }
    assert_eq!(cache.statistics().access_tokens, 9);
    assert_eq!(cache.users(CLOUD, UserFilter::All).len(), 1);
    cache.apply(&Change::remove(SignIn::of("a.t", "").sign_out()));
    assert_eq!((cache.len(), cache.statistics().bytes), (0, 0));
}

#[test]
fn what_an_assertion_obtained_is_removed_for_one_client() {
    let cache = TokenCache::new();
    for (client_id, hash, secret) in [
        ("client", Some("one"), "1"),
        ("other", Some("one"), "2"),
        ("client", Some("two"), "3"),
        ("client", None, "4"),
    ] {
        let user = SignIn {
            client_id,
            assertion: hash,
            ..SignIn::of("one", "alice")
        };
        apply(&cache, user.all(secret));
    }
    cache.apply(&Change::remove(Removal::Assertion {
        environment: WINDOWS.into(),
        client_id: "client".into(),
        hash: "one".into(),
    }));
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::Assertion("one")),
        ["2-id", "2-refresh"]
    );
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::Assertion("two")),
        ["3-id", "3-refresh"]
    );
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::All),
        ["4-id", "4-refresh", "alice"]
    );
    let left = cache.statistics();
    assert_eq!((left.access_tokens, left.refresh_tokens), (3, 3));
}

#[test]
fn a_refresh_token_is_removed_only_while_it_is_the_same() {
    let cache = TokenCache::new();
    let user = SignIn::of("a.t", "alice");
    let refresh_token = |secret| match user.refresh_token(secret) {
        Entity::RefreshToken(entry) => entry,
        other => panic!("{other:?}"),
    };
    apply(&cache, user.all("new"));
    for (user, secret) in [
        (
            SignIn {
                client_id: "other",
                ..SignIn::of("a.t", "")
            },
            "new-refresh",
        ),
        (
            SignIn {
                assertion: Some("a.t"),
                ..SignIn::of("a.t", "")
            },
            "new-refresh",
        ),
        (
            SignIn {
                environment: CHINA,
                ..SignIn::of("a.t", "")
            },
            "new-refresh",
        ),
        (SignIn::of("b.t", ""), "new-refresh"),
        (SignIn::of("a.t", ""), "old-refresh"),
    ] {
        let Entity::RefreshToken(entry) = user.refresh_token(secret) else {
            unreachable!()
        };
        cache.apply(&Change::remove(Removal::RefreshToken(entry)));
        assert_eq!(cache.statistics().refresh_tokens, 1);
    }
    let alias = SignIn {
        environment: WINDOWS,
        ..SignIn::of("a.t", "")
    };
    let Entity::RefreshToken(same) = alias.refresh_token("new-refresh") else {
        unreachable!()
    };
    cache.apply(&Change::remove(Removal::RefreshToken(same)));
    assert_eq!(seen(&cache, CLOUD, UserFilter::All), ["alice", "new-id"]);
    // The removal goes first, so that a token may be put in the place of itself.
    cache.apply(&Change {
        removals: vec![Removal::RefreshToken(refresh_token("newer"))],
        upserts: vec![user.refresh_token("newer")],
        unless_signed_out: Some(user.key()),
        ..Change::default()
    });
    assert_eq!(
        seen(&cache, CLOUD, UserFilter::All),
        ["alice", "new-id", "newer"]
    );
}

#[test]
fn nothing_is_added_for_a_user_who_signed_out_meanwhile() {
    let renewal = |removals| {
        let user = SignIn::of("a.t", "alice");
        let alias = SignIn {
            environment: WINDOWS,
            ..SignIn::of("a.t", "")
        };
        Change {
            removals,
            upserts: vec![user.access_token("s", "late"), user.refresh_token("late")],
            unless_signed_out: Some(alias.key()),
            ..Change::default()
        }
    };
    let user = SignIn::of("a.t", "alice");
    let is_added = |left: Vec<Entity>, removals: Vec<Removal>| {
        let cache = TokenCache::new();
        apply(&cache, left);
        cache.apply(&renewal(removals));
        found(&cache, &user.lookup(&["s"])).as_deref() == Some("late")
    };
    assert!(!is_added(vec![], vec![]));
    assert!(!is_added(
        vec![user.id_token("id"), user.access_token("s", "old")],
        vec![]
    ));
    assert!(is_added(vec![user.account()], vec![]));
    assert!(is_added(vec![user.refresh_token("old")], vec![]));
    let other_client = SignIn {
        client_id: "other",
        ..SignIn::of("a.t", "")
    };
    assert!(is_added(vec![other_client.refresh_token("old")], vec![]));
    let obo = SignIn {
        assertion: Some("hash"),
        ..SignIn::of("a.t", "")
    };
    assert!(!is_added(vec![obo.refresh_token("old")], vec![]));
    let bob = SignIn::of("b.t", "bob");
    assert!(!is_added(bob.all("bob"), vec![]));
    // What the same change removes does not count.
    assert!(!is_added(user.all("old"), vec![user.sign_out()]));
    let Entity::RefreshToken(old) = user.refresh_token("old") else {
        unreachable!()
    };
    let removal = Removal::RefreshToken(old);
    assert!(!is_added(
        vec![user.refresh_token("old")],
        vec![removal.clone()]
    ));
    assert!(is_added(
        vec![user.refresh_token("old"), user.account()],
        vec![removal]
    ));
}

#[test]
fn a_change_that_is_held_back_still_removes() {
    let cache = TokenCache::new();
    let user = SignIn::of("a.t", "alice");
    apply(&cache, user.all("old"));
    let revision = cache.revision();
    cache.apply(&Change {
        removals: vec![user.sign_out()],
        upserts: SignIn::of("b.t", "bob").all("late"),
        unless_signed_out: Some(user.key()),
        ..Change::default()
    });
    assert!(cache.is_empty());
    assert_ne!(cache.revision(), revision);
    let revision = cache.revision();
    cache.apply(&Change {
        upserts: user.all("late"),
        unless_signed_out: Some(user.key()),
        ..Change::default()
    });
    assert!(cache.is_empty());
    assert_eq!(cache.revision(), revision, "nothing is to be written");
}

#[test]
fn a_user_who_signs_in_anew_in_one_step_keeps_nothing_old() {
    let cache = TokenCache::new();
    let old = SignIn {
        environment: WINDOWS,
        ..SignIn::of("a.t", "old name")
    };
    let (key, expires) = (app_key("t", "client"), common::an_hour());
    apply(&cache, old.all("old"));
    put(
        &cache,
        token(
            TokenKey {
                owner: Owner::Account("a.t".into()),
                ..key
            },
            "another",
            "old-another",
            expires,
        ),
    );
    let new = SignIn::of("a.t", "new name");
    cache.apply(&Change {
        removals: vec![new.sign_out()],
        upserts: new.all("new"),
        ..Change::default()
    });
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let text = std::str::from_utf8(&file).unwrap();
    assert!(!text.contains("old") && !text.contains(WINDOWS), "{text}");
    assert_eq!(cache.len(), 4);
    assert!(
        cache
            .users(CLOUD, UserFilter::Username("old name"))
            .is_empty()
    );
    assert_eq!(
        cache.users(CLOUD, UserFilter::Username("new name")).len(),
        1
    );
}

#[test]
fn bound_and_bearer_tokens_of_equal_scopes_leave_each_other_alone() {
    let cache = TokenCache::new();
    let key = |binding: Option<&str>| TokenKey {
        owner: Owner::Account("a.t".into()),
        binding: binding.map(|token_type| {
            Arc::new(Binding {
                token_type: token_type.to_owned(),
                key_id: "kid".to_owned(),
            })
        }),
        ..app_key("t", "client")
    };
    for round in ["1", "2"] {
        for binding in [None, Some("pop"), Some("ssh-cert")] {
            let secret = format!("{round}{binding:?}");
            put(&cache, token(key(binding), "s", &secret, common::an_hour()));
        }
    }
    assert_eq!(cache.statistics().access_tokens, 3);
    let user = SignIn::of("a.t", "");
    for binding in [None, Some("pop"), Some("ssh-cert")] {
        let mut lookup = user.lookup(&["s"]);
        lookup.binding = binding.map(|token_type| BindingRef {
            token_type,
            key_id: "kid",
        });
        assert_eq!(found(&cache, &lookup), Some(format!("2{binding:?}")));
    }
}

#[test]
fn a_sign_out_forgets_what_could_not_be_read_too() {
    let entry = |id: &str, more: &str| {
        format!(r#"{{"home_account_id": "{id}", "environment": "{WINDOWS}"{more}}}"#)
    };
    let damaged = [
        ("AccessToken", entry("a.t", r#", "secret": "gone""#), false),
        (
            "IdToken",
            entry("a.t", r#", "client_id": "other", "secret": 7, "n": "gone""#),
            false,
        ),
        ("Account", entry("a.t", r#", "username": ["gone"]"#), false),
        (
            "RefreshToken",
            entry("a.t", r#", "client_id": "client", "n": "gone""#),
            false,
        ),
        (
            "RefreshToken",
            entry("a.t", r#", "family_id": "1", "n": "gone""#),
            false,
        ),
        (
            "RefreshToken",
            entry("a.t", r#", "client_id": "other", "n": "kept1""#),
            true,
        ),
        ("RefreshToken", entry("a.t", r#", "n": "kept2""#), true),
        ("AccessToken", entry("b.t", r#", "secret": "kept3""#), true),
        (
            "AccessToken",
            entry("a.t", r#", "userAssertionHash": "h", "n": "kept4""#),
            true,
        ),
        ("AppMetadata", entry("a.t", r#", "n": "kept5""#), true),
        (
            "Account",
            r#"{"home_account_id": "a.t", "n": "kept6"}"#.to_owned(),
            true,
        ),
        ("Account", r#"["a.t", "kept7"]"#.to_owned(), true),
    ];
    let mut sections = std::collections::BTreeMap::<_, Vec<_>>::new();
    for (n, (section, entry, _)) in damaged.iter().enumerate() {
        let entries = sections.entry(*section).or_default();
        entries.push(format!(r#""key {n}": {entry}"#));
    }
    let sections = sections.iter();
    let sections: Vec<_> = sections
        .map(|(name, entries)| format!(r#""{name}": {{{}}}"#, entries.join(",")))
        .collect();
    let cache = TokenCache::new();
    let file = format!(
        r#"{{{}, "Future": {{"a.t": "kept8"}}}}"#,
        sections.join(",")
    );
    assert_eq!(
        cache.merge(file.as_bytes()).unwrap().damage.len(),
        damaged.len()
    );
    let user = SignIn {
        family_id: Some("1"),
        ..SignIn::of("a.t", "")
    };
    let revision = cache.revision();
    cache.apply(&Change::remove(user.sign_out()));
    assert_ne!(cache.revision(), revision);
    let file = cache.serialize(Compatibility::Standard).unwrap();
    let text = std::str::from_utf8(&file).unwrap();
    assert!(!text.contains("gone"), "{text}");
    for n in 1..=8 {
        assert!(text.contains(&format!("kept{n}")), "{n}: {text}");
    }
    let kept = damaged.iter().filter(|(_, _, is_kept)| *is_kept).count();
    assert_eq!(cache.statistics().unreadable, kept);
    cache.apply(&Change::remove(Removal::Assertion {
        environment: CLOUD.into(),
        client_id: "client".into(),
        hash: "h".into(),
    }));
    assert_eq!(cache.statistics().unreadable, kept, "it names no client");
}

#[test]
fn a_user_of_very_many_tokens_signs_out_in_no_quadratic_time() {
    let mut file = String::from(r#"{"AccessToken": {"#);
    for n in 0..100_000 {
        file.push_str(&format!(
            r#""{n}": {{"home_account_id": "a.t", "environment": "{CLOUD}", "client_id": "c", "realm": "t",
            "secret": "s", "target": "s {n}", "expires_on": "4102444800"}},"#
        ));
    }
    file.pop();
    file.push_str("}}");
    let cache = TokenCache::new();
    cache.merge(file.as_bytes()).unwrap();
    assert_eq!(cache.len(), 100_000);
    cache.apply(&Change::remove(SignIn::of("a.t", "").sign_out()));
    assert_eq!((cache.len(), cache.statistics().bytes), (0, 0));
}
