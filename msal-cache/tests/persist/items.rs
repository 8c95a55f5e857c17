//! What is in a cache, as a plain map, and changes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use msal_core::store::{
    AccessTokenLookup, Change, Entity, Owner, OwnerRef, Partition, RefreshTokenEntry, Removal,
    TokenKey, TokenStore, UserFilter,
};
use msal_core::{RefreshToken, Timestamp};

use crate::common::{self, CLOUD, NOW, SignIn, app_key, app_lookup, label, token};

/// Whose something is, by number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Who {
    App(u8),
    Assertion(u8),
    User(u8),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Access,
    Account,
    Id,
    Refresh,
}

/// The number of each entry: of the deed that brought it.
pub(crate) type Items = BTreeMap<(Who, Kind), u32>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// The refresh token of this number was refused.
    Refused(u32),
    /// Brings an access token, and a refresh token that takes the place of the old one, if the user is signed in still.
    Renewed(u32),
    SignedIn(u32),
    SignedOut,
}

impl Who {
    pub(crate) fn partition(self) -> Partition {
        match self {
            Self::App(_) => Partition::of_key(&self.key()),
            Self::Assertion(_) => Partition::Assertion(self.id().into()),
            Self::User(_) => Partition::User(self.id().into()),
        }
    }

    /// What a store that keeps owners apart calls it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::App(_) => format!("client_{}_AppTokenCache", self.id()),
            _ => self.id(),
        }
    }

    pub(crate) fn id(self) -> String {
        match self {
            Self::App(n) => format!("tenant{n}"),
            Self::Assertion(n) => format!("hash{n}"),
            Self::User(n) => format!("u{n}.t"),
        }
    }

    fn key(self) -> TokenKey {
        match self {
            Self::App(_) => app_key(&self.id(), "client"),
            Self::Assertion(_) => TokenKey {
                owner: Owner::Assertion {
                    hash: self.id().into(),
                    home_account_id: None,
                },
                ..app_key("t", "client")
            },
            Self::User(_) => TokenKey {
                owner: Owner::Account(self.id().into()),
                ..app_key("t", "client")
            },
        }
    }
}

/// All owners there are.
pub(crate) fn everybody() -> impl Iterator<Item = Who> {
    (0..3).flat_map(|n| [Who::App(n), Who::Assertion(n), Who::User(n)])
}

/// What a deed changes in the plain map. `is_late` leaves newer refresh tokens alone.
pub(crate) fn change_items(items: &mut Items, who: Who, deed: Deed, is_late: bool) {
    let put = |items: &mut Items, number: u32| {
        items.insert((who, Kind::Access), number);
        let newer = |own: &u32| is_late && *own > number && matches!(who, Who::User(_));
        if !items.get(&(who, Kind::Refresh)).is_some_and(newer) {
            items.insert((who, Kind::Refresh), number);
        }
    };
    match (who, deed) {
        (Who::App(_), Deed::SignedIn(number) | Deed::Renewed(number)) => {
            items.insert((who, Kind::Access), number);
        }
        (Who::App(_), _) => {}
        (_, Deed::Refused(number)) => {
            if items.get(&(who, Kind::Refresh)) == Some(&number) {
                items.remove(&(who, Kind::Refresh));
            }
        }
        (Who::Assertion(_), Deed::SignedIn(number) | Deed::Renewed(number)) => put(items, number),
        (Who::User(_), Deed::SignedIn(number)) => {
            put(items, number);
            items.insert((who, Kind::Account), number);
            items.insert((who, Kind::Id), number);
        }
        (Who::User(n), Deed::Renewed(number)) => {
            let signs = [Kind::Account, Kind::Refresh];
            // A peer has a refresh token of the first user.
            if n == 0 || signs.iter().any(|kind| items.contains_key(&(who, *kind))) {
                put(items, number);
            }
        }
        (_, Deed::SignedOut) => items.retain(|(owner, _), _| *owner != who),
    }
}

/// The same for a cache.
pub(crate) fn change(who: Who, deed: Deed) -> Change {
    let id = who.id();
    let user = match who {
        Who::Assertion(_) => SignIn {
            assertion: Some(&id),
            ..SignIn::of("", "")
        },
        _ => SignIn::of(&id, ""),
    };
    let access = |number: u32| token(who.key(), "s", &number.to_string(), common::an_hour());
    let refresh = |number: u32| {
        let Entity::RefreshToken(mut entry) = user.refresh_token("") else {
            unreachable!()
        };
        let own: &mut RefreshTokenEntry = Arc::make_mut(&mut entry);
        own.secret = RefreshToken::from(number.to_string());
        own.last_modified = Timestamp::from_secs(NOW.as_secs() - 100_000 + u64::from(number));
        entry
    };
    match (who, deed) {
        (Who::App(_), Deed::SignedIn(number) | Deed::Renewed(number)) => {
            Change::upsert(access(number))
        }
        (Who::App(_), _) => Change::default(),
        (_, Deed::Refused(number)) => Change::remove(Removal::RefreshToken(refresh(number))),
        (Who::Assertion(_), Deed::SignedOut) => Change::remove(Removal::Assertion {
            environment: CLOUD.into(),
            client_id: "client".into(),
            hash: id.as_str().into(),
        }),
        (_, Deed::SignedOut) => Change::remove(user.sign_out()),
        (_, Deed::SignedIn(number) | Deed::Renewed(number)) => {
            let mut upserts = vec![access(number), Entity::RefreshToken(refresh(number))];
            let is_user = matches!(who, Who::User(_));
            if is_user && matches!(deed, Deed::SignedIn(_)) {
                let name = number.to_string();
                upserts.push(SignIn::of(&id, &name).account());
                upserts.push(user.id_token(&name));
            }
            Change {
                upserts,
                unless_signed_out: (is_user && matches!(deed, Deed::Renewed(_)))
                    .then(|| user.key()),
                ..Change::default()
            }
        }
    }
}

/// What a cache has of these.
pub(crate) fn items_of(cache: &dyn TokenStore, whose: impl Iterator<Item = Who>) -> Items {
    let mut items = Items::new();
    for who in whose {
        let id = who.id();
        let (owner, filter, realm) = match who {
            Who::App(_) => (OwnerRef::App, None, id.as_str()),
            Who::Assertion(_) => (
                OwnerRef::Assertion(&id),
                Some(UserFilter::Assertion(&id)),
                "t",
            ),
            Who::User(_) => (
                OwnerRef::Account(&id),
                Some(UserFilter::HomeAccountId(&id)),
                "t",
            ),
        };
        let lookup = AccessTokenLookup {
            owner,
            ..app_lookup(realm, "client", &["s"])
        };
        if let Some(token) = cache.access_token(&lookup, NOW) {
            items.insert(
                (who, Kind::Access),
                token.secret().expose().parse().unwrap(),
            );
        }
        let users = filter.map_or_else(Vec::new, |filter| cache.users(CLOUD, filter));
        for entity in users.iter().flat_map(|user| user.iter()) {
            let kind = match entity {
                Entity::Account(_) => Kind::Account,
                Entity::IdToken(_) => Kind::Id,
                Entity::RefreshToken(token) if &*token.client_id == "peer" => continue,
                Entity::RefreshToken(_) => Kind::Refresh,
                other => panic!("{other:?}"),
            };
            items.insert((who, kind), label(entity).parse().unwrap());
        }
    }
    items
}
