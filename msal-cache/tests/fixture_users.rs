//! Caches that real MSAL libraries wrote: who is signed in there, and what a sign-out leaves.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{CLOUD, SignIn, seen};
use msal_cache::{Compatibility, TokenCache};
use msal_core::store::{Change, Entity, Removal, TokenStore, UserFilter, UserKey};
use serde_json::{Value, json};

const ADFS: &str = "adfs.contoso.example";
const ADFS_ALICE: &str = "ADFS-SUBJECT-ALICE";
const ALICE: &str = "0a0a0a0a-1111-4111-8111-00000000000a.a1a1a1a1-0000-4000-8000-000000000001";
const ASSERTION: &str = "6I9Fx5Ij0XFGMkX3YLtHzySWUYTaj5m1RteNMvqUukU";
const B2C: &str = "contosob2c.b2clogin.com";
const BOB: &str = "0b0b0b0b-2222-4222-8222-00000000000b.b2b2b2b2-0000-4000-8000-000000000002";
const CAROL: &str =
    "0c0c0c0c-3333-4333-8333-00000000000c-b2c_1_signin.b2b2b2b2-0000-4000-8000-000000000002";
const PUBLIC: &str = "c1c1c1c1-0000-4000-8000-0000000000c1";
const OBO: &str = "c3c3c3c3-0000-4000-8000-0000000000c3";
const WEB: &str = "c4c4c4c4-0000-4000-8000-0000000000c4";

/// A user of a fixture: cloud, home account id, username, client, and the refresh tokens.
type User = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const fn alice(client_id: &'static str, refresh_tokens: &'static [&'static str]) -> User {
    (
        CLOUD,
        ALICE,
        "alice@contoso.example",
        client_id,
        refresh_tokens,
    )
}

const fn bob(refresh_tokens: &'static [&'static str]) -> User {
    (CLOUD, BOB, "bob@fabrikam.example", WEB, refresh_tokens)
}

const fn adfs(refresh_tokens: &'static [&'static str]) -> User {
    let client_id = "c5c5c5c5-0000-4000-8000-0000000000c5";
    (
        ADFS,
        ADFS_ALICE,
        "alice@contoso.example",
        client_id,
        refresh_tokens,
    )
}

const fn carol(username: &'static str, refresh_tokens: &'static [&'static str]) -> User {
    let client_id = "c6c6c6c6-0000-4000-8000-0000000000c6";
    (B2C, CAROL, username, client_id, refresh_tokens)
}

const FIXTURES: [(&str, &[User]); 19] = [
    ("handmade-app-dual", &[]),
    ("handmade-recommended-user", &[alice(PUBLIC, &["RUST-RT"])]),
    ("node-adfs", &[adfs(&["NODE-RT-ADFS"])]),
    ("node-app", &[]),
    (
        "node-b2c",
        &[carol("carol@customer.example", &["NODE-RT-B2C"])],
    ),
    ("node-expired", &[alice(PUBLIC, &["NODE-RT-FOCI"])]),
    ("node-fmi", &[]),
    (
        "node-multi-account",
        &[alice(WEB, &["NODE-RT-A-3"]), bob(&["NODE-RT-B-1"])],
    ),
    ("node-obo", &[alice(OBO, &["NODE-RT-OBO"])]),
    ("node-user", &[alice(PUBLIC, &["NODE-RT-FOCI"])]),
    ("python-adfs", &[adfs(&["PY-RT-ADFS"])]),
    ("python-app", &[]),
    ("python-b2c", &[carol("", &["PY-RT-B2C"])]),
    ("python-expired", &[alice(PUBLIC, &["PY-RT-FOCI"])]),
    ("python-fmi", &[]),
    (
        "python-multi-account",
        &[alice(WEB, &["PY-RT-A-2", "PY-RT-A-3"]), bob(&["PY-RT-B-1"])],
    ),
    ("python-obo", &[alice(OBO, &["PY-RT-OBO"])]),
    (
        "python-overlap",
        &[alice(WEB, &["PY-RT-OV-1", "PY-RT-OV-2"])],
    ),
    ("python-user", &[alice(PUBLIC, &["PY-RT-FOCI"])]),
];

#[test]
fn every_fixture_lists_its_users_with_their_refresh_tokens() {
    let files = fs::read_dir("tests/fixtures").unwrap();
    let is_json = |name: &String| name.ends_with(".json");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(is_json).count(), FIXTURES.len());
    for (file, expected) in FIXTURES {
        for (how, cache) in loaded(file) {
            let clouds = [CLOUD, ADFS, B2C];
            let all = clouds.map(|cloud| cache.users(cloud, UserFilter::All).len());
            assert_eq!(all.iter().sum::<usize>(), expected.len(), "{file} {how}");
            for (cloud, id, username, client_id, refresh_tokens) in expected {
                let users = cache.users(cloud, UserFilter::HomeAccountId(id));
                let [user] = &users[..] else {
                    panic!("{file} {how}: {users:?}")
                };
                let mut tokens = Vec::new();
                let mut ids = 0;
                let mut names = Vec::new();
                for entity in user.iter() {
                    match entity {
                        Entity::Account(account) => names.push(&*account.username),
                        Entity::IdToken(token) => {
                            ids += usize::from(*token.client_id == **client_id)
                        }
                        Entity::RefreshToken(token) => {
                            assert_eq!(*token.client_id, **client_id);
                            let is_family = token.secret.expose().ends_with("FOCI");
                            assert_eq!(
                                token.family_id.is_some(),
                                is_family || file.starts_with("handmade")
                            );
                            tokens.push(token.secret.expose());
                        }
                        other => panic!("{other:?}"),
                    }
                }
                tokens.sort_unstable();
                assert_eq!(tokens, *refresh_tokens, "{file} {how}");
                assert!(
                    names.iter().all(|name| name == username),
                    "{file} {how}: {names:?}"
                );
                assert!(!names.is_empty() && ids > 0, "{file} {how}");
                let upper = username.to_uppercase();
                let named = cache.users(cloud, UserFilter::Username(&upper));
                assert_eq!(
                    named.len(),
                    usize::from(!username.is_empty()),
                    "{file} {how}"
                );
            }
        }
    }
}

#[test]
fn a_sign_out_leaves_nothing_of_the_user_and_all_of_the_others() {
    for (file, users) in FIXTURES {
        for (how, cache) in loaded(file) {
            let before = text(&cache);
            for (n, (cloud, id, username, client_id, refresh_tokens)) in users.iter().enumerate() {
                cache.apply(&Change::remove(Removal::User {
                    user: UserKey {
                        environment: (*cloud).into(),
                        home_account_id: (*id).into(),
                    },
                    client_id: (*client_id).into(),
                    family_id: None,
                }));
                if file == "node-obo" {
                    // What on-behalf-of obtained has its own end.
                    let alone = seen(&cache, cloud, UserFilter::Assertion(ASSERTION));
                    assert_eq!((alone.len(), cache.statistics().access_tokens), (0, 1));
                    cache.apply(&Change::remove(Removal::Assertion {
                        environment: (*cloud).into(),
                        client_id: (*client_id).into(),
                        hash: ASSERTION.into(),
                    }));
                }
                let after = text(&cache);
                let uid = id.split('.').next().unwrap();
                for gone in [*id, uid, username].iter().chain(*refresh_tokens) {
                    let is_gone =
                        gone.is_empty() || !after.to_lowercase().contains(&gone.to_lowercase());
                    assert!(is_gone, "{file} {how}: {gone} in {after}");
                }
                for (_, id, username, _, refresh_tokens) in &users[n + 1..] {
                    for kept in [id, username].into_iter().chain(*refresh_tokens) {
                        assert!(after.contains(kept), "{file} {how}: {kept} in {after}");
                    }
                }
            }
            let (before, after) = (parsed(&before), parsed(&text(&cache)));
            for kept in ["AppMetadata", "Future"] {
                assert_eq!(before[kept], after[kept], "{file} {how}");
            }
            let is_of_app = |(_, token): &(&String, &Value)| {
                token["home_account_id"]
                    .as_str()
                    .unwrap_or_default()
                    .is_empty()
            };
            let tokens = before["AccessToken"].as_object().unwrap();
            let kept: BTreeMap<_, _> = tokens.iter().filter(is_of_app).collect();
            let left: BTreeMap<_, _> = after["AccessToken"].as_object().unwrap().iter().collect();
            assert_eq!(kept, left, "{file} {how}");
            for section in ["Account", "IdToken", "RefreshToken"] {
                assert_eq!(after[section], json!({}), "{file} {how}");
            }
        }
    }
}

#[test]
fn a_sign_out_leaves_the_tokens_of_others_in_the_same_file() {
    for file in ["python-multi-account", "node-multi-account"] {
        for (how, cache) in loaded(file) {
            let bob = UserFilter::HomeAccountId(BOB);
            let before = seen(&cache, CLOUD, bob);
            let alice = SignIn {
                client_id: WEB,
                ..SignIn::of(ALICE, "")
            };
            cache.apply(&Change::remove(alice.sign_out()));
            assert_eq!(seen(&cache, CLOUD, bob), before, "{file} {how}");
            let left: Value = parsed(&text(&cache));
            let tokens = left["AccessToken"].as_object().unwrap();
            assert_eq!(tokens.len(), 1, "{file} {how}");
            assert!(tokens.values().all(|token| token["home_account_id"] == BOB));
        }
    }
}

/// The file as it is, under keys of no meaning, and as we write it, each with something unknown beside.
fn loaded(file: &str) -> Vec<(&'static str, TokenCache)> {
    let bytes = fs::read(format!("tests/fixtures/{file}.json")).unwrap();
    let mut json: Value = serde_json::from_slice(&bytes).unwrap();
    json["Future"] = json!({"some-key": {"n": [1, null]}});
    let read = |bytes: &[u8]| {
        let cache = TokenCache::new();
        assert!(cache.replace(bytes).unwrap().damage.is_empty());
        cache
    };
    let as_it_is = read(json.to_string().as_bytes());
    let written = as_it_is.serialize(Compatibility::Standard).unwrap();
    let mut foreign = json.clone();
    let sections = foreign.as_object_mut().unwrap().iter_mut();
    for (_, section) in sections.filter(|(name, _)| *name != "Future") {
        let entries = section.as_object().unwrap().values().enumerate();
        let renamed = entries.map(|(n, entry)| (format!("key {n}"), entry.clone()));
        *section = Value::Object(renamed.collect());
    }
    vec![
        ("as it is", as_it_is),
        ("under other keys", read(foreign.to_string().as_bytes())),
        ("as we write it", read(&written)),
    ]
}

fn text(cache: &TokenCache) -> String {
    let file = cache.serialize(Compatibility::Standard).unwrap();
    String::from_utf8(file.to_vec()).unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
