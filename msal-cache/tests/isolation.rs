//! What one key, or one set of scopes, may find: compared with the plainest model there is.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::sync::Arc;

use common::{NOW, app_key, app_lookup, found, found_at, lifetime, put, soaked, token};
use msal_cache::{Compatibility, TokenCache};
use msal_core::store::{
    AccessTokenLookup, Binding, BindingRef, ExtendedKey, Owner, OwnerRef, TokenKey, TokenStore,
};
use msal_core::{ScopeCase, Timestamp};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Environments, and the cloud of each.
const ENVIRONMENTS: [(&str, &str); 11] = [
    ("login.microsoftonline.com", "public"),
    ("login.windows.net", "public"),
    ("login.microsoft.com", "public"),
    ("sts.windows.net", "public"),
    ("login.partner.microsoftonline.cn", "china"),
    ("login.chinacloudapi.cn", "china"),
    ("login.microsoftonline.us", "government"),
    ("login.usgovcloudapi.net", "government"),
    ("login.microsoftonline.de", "germany"),
    ("adfs.contoso.example", "contoso"),
    ("login.contoso.example", "other contoso"),
];

fn owner() -> impl Strategy<Value = Owner> {
    const TEXTS: [&str; 5] = ["u.t", "u", "u.t-c", "", "U.T"];
    prop_oneof![
        Just(Owner::App),
        select(&TEXTS[..]).prop_map(|id| Owner::Account(id.into())),
        (select(&TEXTS[..]), proptest::option::of(select(&TEXTS[..]))).prop_map(|(hash, id)| {
            Owner::Assertion {
                hash: hash.into(),
                home_account_id: id.map(Into::into),
            }
        }),
    ]
}

fn binding() -> impl Strategy<Value = Option<Arc<Binding>>> {
    let bound = (
        select(&["pop", "ssh-cert", "bearer"][..]),
        select(&["", "k", "K"][..]),
    );
    proptest::option::of(bound.prop_map(|(token_type, key_id)| {
        Arc::new(Binding {
            token_type: token_type.to_owned(),
            key_id: key_id.to_owned(),
        })
    }))
}

fn extended() -> impl Strategy<Value = Option<Arc<ExtendedKey>>> {
    let component = (
        select(&["fmi_path", "a", "ab"][..]),
        select(&["b", "", "c"][..]),
    );
    proptest::collection::vec(component, 0..2).prop_map(|components| {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        ExtendedKey::new(components.into_iter().map(own).collect()).map(Arc::new)
    })
}

fn key() -> impl Strategy<Value = TokenKey> {
    // Texts that would be equal if they were joined, in any order.
    let text = || select(&["t", "t-c", "c", "c-t", "-", "T", ""][..]);
    (
        select(&ENVIRONMENTS[..]),
        text(),
        text(),
        owner(),
        binding(),
        extended(),
    )
        .prop_map(
            |((environment, _), realm, client_id, owner, binding, extended)| TokenKey {
                environment: environment.into(),
                realm: realm.into(),
                client_id: client_id.into(),
                owner,
                binding,
                extended,
            },
        )
}

fn is_same(one: &TokenKey, other: &TokenKey) -> bool {
    let cloud = |key: &TokenKey| {
        let known = ENVIRONMENTS
            .iter()
            .find(|(name, _)| **name == *key.environment);
        known.unwrap().1
    };
    let owner = |key: &TokenKey| match &key.owner {
        Owner::Account(id) => (0, id.to_string()),
        Owner::App => (1, String::new()),
        Owner::Assertion { hash, .. } => (2, hash.to_string()),
    };
    cloud(one) == cloud(other)
        && one.realm.to_lowercase() == other.realm.to_lowercase()
        && one.client_id == other.client_id
        && owner(one) == owner(other)
        && one.binding == other.binding
        && one.extended == other.extended
}

fn lookup<'a>(key: &'a TokenKey, scopes: &'a [&'a str]) -> AccessTokenLookup<'a> {
    AccessTokenLookup {
        cloud: msal_core::authority::cloud::canonical(&key.environment),
        owner: key.owner.as_ref(),
        binding: key.binding.as_deref().map(|binding| BindingRef {
            token_type: &binding.token_type,
            key_id: &binding.key_id,
        }),
        extended: key.extended.as_deref(),
        ..app_lookup(&key.realm, &key.client_id, scopes)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(soaked(1_000_000)))]

    #[test]
    fn a_token_answers_its_own_key_and_no_other(
        written in key(),
        other in key(),
        shared in any::<[bool; 6]>(),
    ) {
        let [environment, realm, client_id, owner, binding, extended] = shared;
        let asked = TokenKey {
            environment: if environment { &written } else { &other }.environment.clone(),
            realm: if realm { &written } else { &other }.realm.clone(),
            client_id: if client_id { &written } else { &other }.client_id.clone(),
            owner: if owner { &written } else { &other }.owner.clone(),
            binding: if binding { &written } else { &other }.binding.clone(),
            extended: if extended { &written } else { &other }.extended.clone(),
        };
        let cache = TokenCache::new();
        put(&cache, token(written.clone(), "s", "secret", common::an_hour()));
        let expected = is_same(&written, &asked);
        prop_assert_eq!(found(&cache, &lookup(&asked, &["s"])).is_some(), expected);
        prop_assert!(found(&cache, &lookup(&written, &["s"])).is_some());
    }
}

const SCOPES: [&str; 9] = [
    "a",
    "A",
    "b",
    "https://r.example/.default",
    "https://R.example/.default",
    "https://s.example/.default",
    "openid",
    "profile",
    "offline_access",
];

fn is_oidc(scope: &str) -> bool {
    ["openid", "profile", "offline_access", "email"].contains(&scope)
}

#[derive(Clone, Debug)]
struct Written {
    scopes: Vec<&'static str>,
    cached_at: u64,
    expires_on: u64,
    /// By a change, or from a file.
    is_change: bool,
}

impl Written {
    fn text(&self) -> String {
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.join(" ")
    }

    fn counting(&self) -> Vec<String> {
        let resource: Vec<_> = self.scopes.iter().filter(|scope| !is_oidc(scope)).collect();
        let scopes = if resource.is_empty() {
            self.scopes.iter().collect()
        } else {
            resource
        };
        scopes.iter().map(|scope| scope.to_lowercase()).collect()
    }

    fn answers(&self, wanted: &[&str], case: ScopeCase, now: u64) -> bool {
        let only_oidc = wanted.iter().all(|scope| is_oidc(scope));
        let is_granted = |scope: &&str| match case {
            ScopeCase::Ignored => self
                .text()
                .to_lowercase()
                .split(' ')
                .any(|ours| ours == scope.to_lowercase()),
            ScopeCase::Kept => self.scopes.contains(scope),
        };
        let mut counting = wanted.iter().filter(|scope| only_oidc || !is_oidc(scope));
        counting.all(is_granted) && self.expires_on > now && self.cached_at <= now + 300
    }

    fn rank(&self) -> (u64, usize, u64) {
        (self.cached_at, self.scopes.len(), self.expires_on)
    }
}

fn written() -> impl Strategy<Value = Written> {
    let scopes = subsequence(&SCOPES[..], 1..4);
    (scopes, 900..1_600_u64, 950..2_000_u64, any::<bool>()).prop_map(
        |(scopes, cached_at, expires_on, is_change)| Written {
            scopes,
            cached_at,
            expires_on,
            is_change,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(soaked(1_000_000)))]

    #[test]
    fn scopes_find_what_a_plain_search_finds(
        tokens in proptest::collection::vec(written(), 0..6),
        wanted in subsequence(&SCOPES[..], 1..4),
        case in select(&[ScopeCase::Ignored, ScopeCase::Kept][..]),
        is_user in any::<bool>(),
    ) {
        let mut key = app_key("tenant", "client");
        if is_user {
            key.owner = Owner::Account("u.t".into());
        }
        let cache = TokenCache::builder().max_entries(4_096).build();
        let mut model: Vec<Written> = Vec::new();
        for new in tokens {
            let lifetime = lifetime(new.cached_at, new.expires_on);
            let entity = token(key.clone(), &new.text(), "secret", lifetime);
            if new.is_change {
                put(&cache, entity);
                let ours = new.counting();
                model.retain(|old| !old.counting().iter().any(|scope| ours.contains(scope)));
                model.push(new);
                continue;
            }
            let file = TokenCache::new();
            put(&file, entity);
            cache.merge(&file.serialize(Compatibility::Standard).unwrap()).unwrap();
            let same = |old: &Written| old.text().to_lowercase() == new.text().to_lowercase();
            let age = |one: &Written| (one.cached_at, one.expires_on);
            if !model.iter().any(|old| same(old) && age(old) > age(&new)) {
                model.retain(|old| !same(old));
                model.push(new);
            }
        }
        let now = 1_000;
        let asked = AccessTokenLookup { scope_case: case, ..lookup(&key, &wanted) };
        let answer = cache.access_token(&asked, Timestamp::from_secs(now));
        let best = model.iter().filter(|one| one.answers(&wanted, case, now)).map(Written::rank);
        let rank = answer.map(|token| (
            token.cached_at().as_secs(),
            token.scopes().iter().count(),
            token.expires_on().as_secs(),
        ));
        prop_assert_eq!(rank, best.max());
        prop_assert_eq!(cache.statistics().access_tokens, model.len());
    }
}

#[test]
fn aliases_stay_within_their_cloud() {
    for (environment, cloud) in ENVIRONMENTS {
        let cache = TokenCache::new();
        let key = TokenKey {
            environment: environment.into(),
            ..app_key("tenant", "client")
        };
        put(&cache, token(key, "s", "secret", common::an_hour()));
        for (asked, other) in ENVIRONMENTS {
            let lookup = AccessTokenLookup {
                cloud: msal_core::authority::cloud::canonical(asked),
                ..app_lookup("tenant", "client", &["s"])
            };
            let is_hit = found(&cache, &lookup).is_some();
            assert_eq!(is_hit, cloud == other, "{environment} asked as {asked}");
        }
    }
}

#[test]
fn a_bound_token_never_answers_for_a_bearer_token_nor_the_reverse() {
    let bound = |token_type: &str, key_id: &str| TokenKey {
        binding: Some(Arc::new(Binding {
            token_type: token_type.to_owned(),
            key_id: key_id.to_owned(),
        })),
        ..app_key("tenant", "client")
    };
    let keys = [
        app_key("tenant", "client"),
        bound("pop", "one"),
        bound("pop", "two"),
        bound("ssh-cert", "one"),
        bound("bearer", "one"),
    ];
    let cache = TokenCache::new();
    for (at, key) in keys.iter().enumerate() {
        put(
            &cache,
            token(key.clone(), "s", &at.to_string(), common::an_hour()),
        );
    }
    let copy = TokenCache::new();
    copy.merge(&cache.serialize(Compatibility::Standard).unwrap())
        .unwrap();
    for cache in [cache, copy] {
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(found(&cache, &lookup(key, &["s"])), Some(at.to_string()));
        }
    }
}

#[test]
fn an_assertion_answers_itself_alone_even_from_a_file() {
    let assertion = |id: Option<&str>| TokenKey {
        owner: Owner::Assertion {
            hash: HASH.into(),
            home_account_id: id.map(Into::into),
        },
        ..app_key("tenant", "client")
    };
    for id in [None, Some("u.t")] {
        let cache = TokenCache::new();
        put(
            &cache,
            token(assertion(id), "s", "secret", common::an_hour()),
        );
        for compatibility in [
            Compatibility::Standard,
            Compatibility::Python,
            Compatibility::Dotnet,
        ] {
            let file = cache.serialize(compatibility).unwrap();
            // No library may take the token for the application's own.
            let json: serde_json::Value = serde_json::from_slice(&file).unwrap();
            for (_, entry) in json["AccessToken"].as_object().unwrap() {
                assert!(
                    entry["home_account_id"]
                        .as_str()
                        .is_some_and(|id| !id.is_empty())
                );
            }
            let copy = TokenCache::new();
            copy.merge(&file).unwrap();
            for (owner, is_hit) in [
                (OwnerRef::Assertion(HASH), true),
                (OwnerRef::Assertion(&format!("{HASH}=")), true),
                (OwnerRef::Assertion(&format!("{HASH}==")), false),
                (OwnerRef::Assertion(&HASH.to_uppercase()), false),
                (OwnerRef::Account("u.t"), false),
                (OwnerRef::Account(HASH), false),
                (OwnerRef::App, false),
            ] {
                let lookup = AccessTokenLookup {
                    owner,
                    ..app_lookup("tenant", "client", &["s"])
                };
                assert_eq!(found(&copy, &lookup).is_some(), is_hit, "{owner:?}");
            }
        }
    }
}

#[test]
fn a_clock_set_back_or_forward_gives_no_endless_token() {
    let cache = TokenCache::new();
    let key = app_key("tenant", "client");
    put(
        &cache,
        token(key, "s", "secret", lifetime(1_750_000_000, 1_750_003_600)),
    );
    let lookup = app_lookup("tenant", "client", &["s"]);
    let ten_years = 315_360_000;
    for (now, is_hit) in [
        (1_750_000_000, true),
        (1_750_000_000 - 300, true),
        (1_750_000_000 - 301, false),
        (1_750_000_000 - ten_years, false),
        (1_750_003_599, true),
        (1_750_003_600, false),
        (1_750_000_000 + ten_years, false),
        (u64::MAX, false),
        (0, false),
    ] {
        let now = Timestamp::from_secs(now);
        assert_eq!(found_at(&cache, &lookup, now).is_some(), is_hit, "{now}");
    }
    let endless = token(
        app_key("other", "client"),
        "s",
        "secret",
        lifetime(NOW.as_secs(), u64::MAX),
    );
    put(&cache, endless);
    let lookup = app_lookup("other", "client", &["s"]);
    assert!(found(&cache, &lookup).is_some());
    assert_eq!(
        found_at(&cache, &lookup, Timestamp::from_secs(u64::MAX)),
        None
    );
}

const HASH: &str = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";
