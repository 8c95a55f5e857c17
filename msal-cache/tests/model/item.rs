use std::sync::Arc;

use msal_core::Scopes;
use msal_core::store::{
    AccessTokenEntry, AppMetadataEntry, Binding, Entity, Extras, Members, Owner, OwnerRef, TokenKey,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::common::{self, SignIn};

pub(crate) const ENVIRONMENTS: [&str; 3] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "adfs.example",
];
pub(crate) const IDS: [&str; 3] = ["a.t", "b.t", "hash"];
pub(crate) const HASHES: [&str; 3] = ["hash", "hash=", "a.t"];
pub(crate) const NAMES: [&str; 4] = ["alice", "ALICE", "bob", ""];

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Access,
    Account,
    App,
    Id,
    Refresh,
}

/// An entry. What its kind does not have is empty.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) environment: &'static str,
    pub(crate) realm: &'static str,
    pub(crate) client: &'static str,
    pub(crate) id: &'static str,
    pub(crate) hash: Option<&'static str>,
    pub(crate) family: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) token_type: &'static str,
    pub(crate) secret: u32,
}

impl Item {
    pub(crate) fn cloud(&self) -> &'static str {
        cloud(self.environment)
    }

    /// Whose it is.
    pub(crate) fn holder(&self) -> (&'static str, Option<&'static str>, &'static str) {
        match self.hash {
            Some(hash) => (self.cloud(), Some(hash), ""),
            None => (self.cloud(), None, self.id),
        }
    }

    /// Whether this item leaves no room for `old`.
    pub(crate) fn replaces(&self, old: &Self) -> bool {
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
                    && self.scopes.iter().any(shares)
            }
            Kind::Account => same_realm,
            Kind::App => same_client,
            Kind::Id => same_realm && same_client,
            Kind::Refresh => same_client || self.family.is_some() && self.family == old.family,
        }
    }

    pub(crate) fn entity(&self) -> Entity {
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

    pub(crate) fn of(entity: &Entity) -> Self {
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

pub(crate) fn client() -> impl Strategy<Value = &'static str> {
    select(&["client", "other", "third"][..])
}

pub(crate) fn family() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(select(&["1", "2"][..]))
}

pub(crate) fn item() -> impl Strategy<Value = Item> {
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

pub(crate) fn cloud(environment: &'static str) -> &'static str {
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
