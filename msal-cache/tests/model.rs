//! Changes at random, compared with a plain list.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap too")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{SignIn, app_lookup, found, soaked};
use msal_cache::{Compatibility, TokenCache};
use msal_core::store::{
    AccessTokenEntry, AppMetadataEntry, Binding, BindingRef, Change, Entity, Extras, Members,
    Owner, OwnerRef, Removal, TokenKey, TokenStore, UserFilter, UserKey,
};
use msal_core::{RefreshToken, Scopes};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

const ENVIRONMENTS: [&str; 3] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "adfs.example",
];
const IDS: [&str; 3] = ["a.t", "b.t", "hash"];
const HASHES: [&str; 3] = ["hash", "hash=", "a.t"];
const NAMES: [&str; 4] = ["alice", "ALICE", "bob", ""];

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Access,
    Account,
    App,
    Id,
    Refresh,
}

/// An entry. What its kind does not have is empty.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Item {
    kind: Kind,
    environment: &'static str,
    realm: &'static str,
    client: &'static str,
    id: &'static str,
    hash: Option<&'static str>,
    family: Option<&'static str>,
    name: &'static str,
    scopes: Vec<&'static str>,
    token_type: &'static str,
    secret: u32,
}

impl Item {
    fn cloud(&self) -> &'static str {
        cloud(self.environment)
    }

    /// Whose it is.
    fn holder(&self) -> (&'static str, Option<&'static str>, &'static str) {
        match self.hash {
            Some(hash) => (self.cloud(), Some(hash), ""),
            None => (self.cloud(), None, self.id),
        }
    }

    /// Whether this item leaves no room for `old`.
    fn replaces(&self, old: &Self) -> bool {
        if self.kind != old.kind || self.holder() != old.holder() {
            return false;
        }
        let same_realm = self.realm.eq_ignore_ascii_case(old.realm);
        let same_client = self.client == old.client;
        match self.kind {
            Kind::Access => {
                let shares = |scope: &&str| old.scopes.iter().any(|other| other == scope);
                same_realm
                    && same_client
                    && self.token_type == old.token_type
                    && self.scopes.iter().any(|scope| shares(scope))
            }
            Kind::Account => same_realm,
            Kind::App => same_client,
            Kind::Id => same_realm && same_client,
            Kind::Refresh => same_client || self.family.is_some() && self.family == old.family,
        }
    }

    fn entity(&self) -> Entity {
        let user = SignIn {
            environment: self.environment,
            realm: self.realm,
            client_id: self.client,
            home_account_id: self.id,
            username: self.name,
            family_id: self.family,
            assertion: self.hash,
        };
        let secret = self.secret.to_string();
        match self.kind {
            Kind::Access => {
                let binding = Binding {
                    token_type: self.token_type.to_owned(),
                    key_id: "kid".to_owned(),
                };
                let key = TokenKey {
                    environment: self.environment.into(),
                    realm: self.realm.into(),
                    client_id: self.client.into(),
                    owner: match (self.hash, self.id) {
                        (Some(hash), id) => Owner::Assertion {
                            hash: hash.into(),
                            home_account_id: Some(id.into()).filter(|_| !id.is_empty()),
                        },
                        (None, "") => Owner::App,
                        (None, id) => Owner::Account(id.into()),
                    },
                    binding: (!self.token_type.is_empty()).then(|| Arc::new(binding)),
                    extended: None,
                };
                let scopes = Scopes::granted(&self.scopes.join(" "));
                let secret = secret.as_str().into();
                let entry = AccessTokenEntry::new(key, scopes, secret, common::an_hour());
                Entity::AccessToken(Arc::new(entry))
            }
            Kind::Account => user.account(),
            Kind::App => Entity::AppMetadata(Arc::new(AppMetadataEntry {
                environment: self.environment.into(),
                client_id: self.client.into(),
                family_id: self.family.map(Into::into),
                members: Members::none(),
            })),
            Kind::Id => user.id_token(&secret),
            Kind::Refresh => user.refresh_token(&secret),
        }
    }

    fn of(entity: &Entity) -> Self {
        let blank = |kind, environment: &str| Self {
            kind,
            environment: known(environment),
            realm: "",
            client: "",
            id: "",
            hash: None,
            family: None,
            name: "",
            scopes: Vec::new(),
            token_type: "",
            secret: 0,
        };
        let hash = |extras: &Extras| extras.assertion_hash().map(|hash| known(hash));
        match entity {
            Entity::AccessToken(token) => Self {
                realm: known(token.realm()),
                client: known(token.client_id()),
                id: known(token.home_account_id().map_or("", AsRef::as_ref)),
                hash: match token.owner() {
                    OwnerRef::Assertion(hash) => Some(known(hash)),
                    _ => None,
                },
                scopes: token.scopes().iter().map(known).collect(),
                token_type: known(token.binding().map_or("", |binding| binding.token_type)),
                secret: token.secret().expose().parse().unwrap(),
                ..blank(Kind::Access, token.environment())
            },
            Entity::Account(account) => Self {
                realm: known(&account.realm),
                id: known(&account.home_account_id),
                name: known(&account.username),
                ..blank(Kind::Account, &account.environment)
            },
            Entity::AppMetadata(app) => Self {
                client: known(&app.client_id),
                family: app.family_id.as_deref().map(known),
                ..blank(Kind::App, &app.environment)
            },
            Entity::IdToken(token) => Self {
                realm: known(&token.realm),
                client: known(&token.client_id),
                id: known(&token.home_account_id),
                hash: hash(&token.extras),
                secret: token.secret.expose().parse().unwrap(),
                ..blank(Kind::Id, &token.environment)
            },
            Entity::RefreshToken(token) => Self {
                client: known(&token.client_id),
                id: known(&token.home_account_id),
                hash: hash(&token.extras),
                family: token.family_id.as_deref().map(known),
                secret: token.secret.expose().parse().unwrap(),
                ..blank(Kind::Refresh, &token.environment)
            },
            other => panic!("{other:?}"),
        }
    }
}

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

fn client() -> impl Strategy<Value = &'static str> {
    select(&["client", "other", "third"][..])
}

fn family() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(select(&["1", "2"][..]))
}

fn item() -> impl Strategy<Value = Item> {
    let kind = select(
        &[
            Kind::Access,
            Kind::Account,
            Kind::App,
            Kind::Id,
            Kind::Refresh,
        ][..],
    );
    let who = (
        select(&ENVIRONMENTS[..]),
        select(&["t", "T", "u"][..]),
        client(),
        select(&IDS[..]),
        proptest::option::weighted(0.3, select(&HASHES[..])),
        any::<bool>(),
    );
    let what = (
        family(),
        select(&NAMES[..]),
        subsequence(&["a", "b", "c"][..], 1..3),
        select(&["", "", "pop"][..]),
        1..1_000_000_u32,
    );
    (kind, who, what).prop_map(|(kind, who, what)| {
        let (environment, realm, client, id, hash, is_nobodys) = who;
        let (family, name, scopes, token_type, secret) = what;
        let has = |kinds: &[Kind]| kinds.contains(&kind);
        let is_token = has(&[Kind::Access, Kind::Id, Kind::Refresh]);
        let hash = hash.filter(|_| is_token);
        let is_of_user = kind != Kind::App
            && !(is_nobodys && (hash.is_some() || kind == Kind::Access))
            && hash != Some(id);
        Item {
            kind,
            environment,
            realm: if has(&[Kind::App, Kind::Refresh]) {
                ""
            } else {
                realm
            },
            client: if kind == Kind::Account { "" } else { client },
            id: if is_of_user { id } else { "" },
            hash,
            family: family.filter(|_| has(&[Kind::App, Kind::Refresh])),
            name: if kind == Kind::Account { name } else { "" },
            scopes: if kind == Kind::Access {
                scopes
            } else {
                Vec::new()
            },
            token_type: if kind == Kind::Access { token_type } else { "" },
            secret: if is_token { secret } else { 0 },
        }
    })
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

fn cloud(environment: &'static str) -> &'static str {
    match environment {
        "login.windows.net" => "login.microsoftonline.com",
        other => other,
    }
}

/// The text as one of those that the entries are made of.
fn known(text: &str) -> &'static str {
    let others = [
        "t", "T", "u", "client", "other", "third", "1", "2", "a", "b", "c", "pop",
    ];
    let all = ENVIRONMENTS.iter().chain(&IDS).chain(&HASHES).chain(&NAMES);
    let mut all = all.chain(&others);
    all.find(|one| **one == text).unwrap()
}
