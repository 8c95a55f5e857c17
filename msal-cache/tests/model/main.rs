//! Changes at random, compared with a plain list.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod bounded;
#[path = "../common/mod.rs"]
mod common;
mod item;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{app_lookup, found, soaked};
use item::{ENVIRONMENTS, HASHES, IDS, Item, Kind, client, cloud, family, item};
use msal_cache::{Compatibility, TokenCache};
use msal_core::RefreshToken;
use msal_core::store::{
    BindingRef, Change, Entity, OwnerRef, Removal, TokenStore, UserFilter, UserKey,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[derive(Clone, Debug)]
enum Deed {
    Apply {
        removals: Vec<Gone>,
        upserts: Vec<Item>,
        unless_signed_out: Option<(&'static str, &'static str)>,
    },
    Reload,
}

#[derive(Clone, Debug)]
enum Gone {
    Assertion(&'static str, &'static str, &'static str),
    /// One that is there, or with this secret.
    Refresh(Index, Option<u32>),
    User(
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
    ),
}

fn deed() -> impl Strategy<Value = Deed> {
    let environment = || select(&ENVIRONMENTS[..]);
    let gone = prop_oneof![
        (environment(), client(), select(&HASHES[..]))
            .prop_map(|(environment, client, hash)| Gone::Assertion(environment, client, hash)),
        (any::<Index>(), proptest::option::weighted(0.2, 1..9_u32))
            .prop_map(|(which, secret)| Gone::Refresh(which, secret)),
        (environment(), select(&IDS[..]), client(), family()).prop_map(
            |(environment, id, client, family)| Gone::User(environment, id, client, family)
        ),
    ];
    let user = (environment(), select(&IDS[..]));
    let apply = (
        proptest::collection::vec(gone, 0..3),
        proptest::collection::vec(item(), 0..5),
        proptest::option::weighted(0.3, user),
    );
    let apply = apply.prop_map(|(removals, upserts, unless_signed_out)| Deed::Apply {
        removals,
        upserts,
        unless_signed_out,
    });
    prop_oneof![8 => apply, 1 => Just(Deed::Reload)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(soaked(200_000)))]

    #[test]
    fn a_cache_holds_what_a_plain_list_holds(deeds in proptest::collection::vec(deed(), 1..12)) {
        let cache = TokenCache::builder().max_entries(4_096).build();
        let mut model: Vec<Item> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Apply { removals, upserts, unless_signed_out } => {
                    let removals = removals.iter().filter_map(|gone| remove(&mut model, gone));
                    let change = Change {
                        removals: removals.collect(),
                        upserts: upserts.iter().map(Item::entity).collect(),
                        unless_signed_out: unless_signed_out.map(|(environment, id)| UserKey {
                            environment: environment.into(),
                            home_account_id: id.into(),
                        }),
                        unless_stopped: None,
                    };
                    upsert(&mut model, upserts, unless_signed_out);
                    cache.apply(&change);
                }
                Deed::Reload => {
                    let before = cache.statistics();
                    let file = cache.serialize(Compatibility::Standard).unwrap();
                    prop_assert!(cache.replace(&file).unwrap().is_clean());
                    prop_assert_eq!(cache.statistics(), before);
                }
            }
            compare(&cache, &model)?;
        }
    }
}

/// Removes from the model. Answers the removal, unless there is nothing that it could be of.
fn remove(model: &mut Vec<Item>, gone: &Gone) -> Option<Removal> {
    Some(match *gone {
        Gone::Assertion(environment, client, hash) => {
            let holder = (cloud(environment), Some(hash), "");
            model.retain(|old| old.holder() != holder || old.client != client);
            Removal::Assertion {
                environment: environment.into(),
                client_id: client.into(),
                hash: hash.into(),
            }
        }
        Gone::Refresh(which, secret) => {
            let tokens: Vec<_> = model
                .iter()
                .filter(|old| old.kind == Kind::Refresh)
                .collect();
            if tokens.is_empty() {
                return None;
            }
            let meant = Item {
                // Which alias it comes by makes no difference.
                environment: match which.get(&tokens).environment {
                    "login.windows.net" => "login.microsoftonline.com",
                    other => other,
                },
                ..(*which.get(&tokens)).clone()
            };
            let Entity::RefreshToken(mut entry) = meant.entity() else {
                unreachable!()
            };
            match secret {
                Some(secret) => {
                    let secret = RefreshToken::from(secret.to_string());
                    Arc::make_mut(&mut entry).secret = secret;
                }
                None => model.retain(|old| {
                    old.kind != Kind::Refresh
                        || old.holder() != meant.holder()
                        || old.client != meant.client
                }),
            }
            Removal::RefreshToken(entry)
        }
        Gone::User(environment, id, client, family) => {
            let holder = (cloud(environment), None, id);
            model.retain(|old| {
                let is_others = old.kind == Kind::Refresh
                    && old.client != client
                    && (family.is_none() || old.family != family);
                old.holder() != holder || is_others
            });
            Removal::User {
                user: UserKey {
                    environment: environment.into(),
                    home_account_id: id.into(),
                },
                client_id: client.into(),
                family_id: family.map(Into::into),
            }
        }
    })
}

fn upsert(
    model: &mut Vec<Item>,
    upserts: Vec<Item>,
    unless_signed_out: Option<(&'static str, &'static str)>,
) {
    if let Some((environment, id)) = unless_signed_out {
        let holder = (cloud(environment), None, id);
        let counts = |old: &Item| matches!(old.kind, Kind::Account | Kind::Refresh);
        if !model
            .iter()
            .any(|old| counts(old) && old.holder() == holder)
        {
            return;
        }
    }
    for mut new in upserts {
        let is_anybodys = new.hash.is_some() || !new.id.is_empty();
        let kin = model
            .iter()
            .find(|old| is_anybodys && old.holder() == new.holder());
        if let Some(old) = kin {
            new.environment = old.environment;
        }
        model.retain(|old| !new.replaces(old));
        model.push(new);
    }
}

fn compare(cache: &TokenCache, model: &[Item]) -> Result<(), TestCaseError> {
    let sorted = |items: &mut dyn Iterator<Item = Item>| {
        let mut items: Vec<_> = items.collect();
        items.sort();
        items
    };
    let held = |counts: &dyn Fn(&Item) -> bool| {
        let is_tokens = |item: &&Item| !matches!(item.kind, Kind::Access | Kind::App);
        let held = model.iter().filter(is_tokens).filter(|item| counts(item));
        sorted(&mut held.cloned())
    };
    let shown = |cloud: &str, filter| {
        let users = cache.users(cloud, filter);
        for user in &users {
            let holders: BTreeSet<_> = user.iter().map(|one| Item::of(one).holder()).collect();
            assert_eq!(holders.len(), 1, "{user:?} is one user's");
        }
        sorted(&mut users.iter().flat_map(|user| user.iter().map(Item::of)))
    };
    for cloud in ["login.microsoftonline.com", "adfs.example"] {
        let is_own = |item: &Item| item.cloud() == cloud && item.hash.is_none();
        prop_assert_eq!(shown(cloud, UserFilter::All), held(&is_own));
        for id in IDS {
            let theirs = held(&|item| is_own(item) && item.id == id);
            prop_assert_eq!(shown(cloud, UserFilter::HomeAccountId(id)), theirs);
        }
        for name in ["Alice", "BOB", ""] {
            let is_named = |item: &&Item| {
                !name.is_empty() && is_own(item) && item.name.eq_ignore_ascii_case(name)
            };
            let ids: BTreeSet<_> = model.iter().filter(is_named).map(|item| item.id).collect();
            let theirs = held(&|item| is_own(item) && ids.contains(item.id));
            prop_assert_eq!(shown(cloud, UserFilter::Username(name)), theirs);
        }
        for hash in HASHES {
            let its = held(&|item| item.cloud() == cloud && item.hash == Some(hash));
            prop_assert_eq!(shown(cloud, UserFilter::Assertion(hash)), its);
        }
        for client in ["client", "other", "third"] {
            let is_it = |item: &&Item| {
                item.kind == Kind::App && item.cloud() == cloud && item.client == client
            };
            let app = cache.app_metadata(cloud, client).map(Entity::AppMetadata);
            prop_assert_eq!(
                app.as_ref().map(Item::of),
                model.iter().find(is_it).cloned()
            );
        }
    }
    let access = || model.iter().filter(|item| item.kind == Kind::Access);
    let candidates = cache
        .candidates(&app_lookup("t", "client", &["a"]))
        .into_iter();
    let tokens = candidates.map(|one| Item::of(&Entity::AccessToken(one.token)));
    prop_assert_eq!(
        sorted(&mut tokens.into_iter()),
        sorted(&mut access().cloned())
    );
    for item in access() {
        let mut lookup = app_lookup(item.realm, item.client, &item.scopes);
        lookup.cloud = item.cloud();
        lookup.owner = match (item.hash, item.id) {
            (Some(hash), _) => OwnerRef::Assertion(hash),
            (None, "") => OwnerRef::App,
            (None, id) => OwnerRef::Account(id),
        };
        lookup.binding = Some(item.token_type)
            .filter(|one| !one.is_empty())
            .map(|token_type| BindingRef {
                token_type,
                key_id: "kid",
            });
        prop_assert_eq!(found(cache, &lookup), Some(item.secret.to_string()));
    }
    let counted = cache.statistics();
    let count = |kind| model.iter().filter(|item| item.kind == kind).count();
    prop_assert_eq!(counted.access_tokens, count(Kind::Access));
    prop_assert_eq!(counted.accounts, count(Kind::Account));
    prop_assert_eq!(counted.app_metadata, count(Kind::App));
    prop_assert_eq!(counted.id_tokens, count(Kind::Id));
    prop_assert_eq!(counted.refresh_tokens, count(Kind::Refresh));
    prop_assert_eq!(counted.bytes == 0, counted.entries() == 0);
    Ok(())
}
