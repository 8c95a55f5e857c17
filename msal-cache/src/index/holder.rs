use std::borrow::Cow;

use msal_core::store::{AccessTokenEntry, Entity, Extras, OwnerRef, RefreshTokenEntry, UserKey};

use super::key::{Key, place, unpadded};

/// Whose entries are kept, found and evicted together: a user's in one cloud, or those of one assertion.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Holder<'a> {
    /// The one name of the cloud, see [`place`].
    pub(crate) place: Cow<'a, str>,
    kind: Kind,
    /// The home account id, or the hash.
    id: Cow<'a, str>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Assertion,
    User,
}

impl<'a> Holder<'a> {
    /// The holder of an entry; none where it is an application's.
    pub(crate) fn of(entity: &'a Entity) -> Option<Self> {
        parts(entity).map(Self::from)
    }

    pub(crate) fn of_token(token: &'a AccessTokenEntry) -> Option<Self> {
        parts_of_token(token).map(Self::from)
    }

    pub(crate) fn of_refresh_token(entry: &'a RefreshTokenEntry) -> Self {
        Self::from(with_extras(
            &entry.environment,
            &entry.home_account_id,
            &entry.extras,
        ))
    }

    pub(crate) fn of_user(user: &'a UserKey) -> Self {
        Self::user(&user.environment, &user.home_account_id)
    }

    /// The holder of what a key finds; none where that is an application's.
    pub(crate) fn of_key(key: &'a Key<'_>) -> Option<Self> {
        let (kind, id) = of_owner(key.owner)?;
        Some(Self {
            place: Cow::Borrowed(&key.place),
            kind,
            id: Cow::Borrowed(id),
        })
    }

    /// A user, by home account id.
    pub(crate) fn user(environment: &'a str, home_account_id: &'a str) -> Self {
        Self::from((environment, Kind::User, home_account_id))
    }

    /// What one assertion obtained, by its hash.
    pub(crate) fn assertion(environment: &'a str, hash: &'a str) -> Self {
        Self::from((environment, Kind::Assertion, unpadded(hash)))
    }

    pub(crate) fn owner(&self) -> OwnerRef<'_> {
        match self.kind {
            Kind::Assertion => OwnerRef::Assertion(&self.id),
            Kind::User => OwnerRef::Account(&self.id),
        }
    }

    /// Whether an entry is this one's, under whichever alias.
    pub(crate) fn has(&self, entity: &Entity) -> bool {
        parts(entity).is_some_and(|parts| self.is(parts))
    }

    pub(crate) fn has_token(&self, token: &AccessTokenEntry) -> bool {
        parts_of_token(token).is_some_and(|parts| self.is(parts))
    }

    pub(crate) fn into_owned(self) -> Holder<'static> {
        Holder {
            place: Cow::Owned(self.place.into_owned()),
            kind: self.kind,
            id: Cow::Owned(self.id.into_owned()),
        }
    }

    fn is(&self, (environment, kind, id): Parts<'_>) -> bool {
        self.kind == kind
            && self.id == id
            && (self.place == environment || self.place == place(environment))
    }
}

/// Whether an entry is a user's in the cloud of this name, and no assertion's.
pub(crate) fn is_of_user_in(known: &str, entity: &Entity) -> bool {
    parts(entity).is_some_and(|(environment, kind, _)| {
        kind == Kind::User && (known == environment || known == place(environment))
    })
}

impl<'a> From<Parts<'a>> for Holder<'a> {
    fn from((environment, kind, id): Parts<'a>) -> Self {
        Self {
            place: place(environment),
            kind,
            id: Cow::Borrowed(id),
        }
    }
}

/// Environment, and by what the holder is known.
type Parts<'a> = (&'a str, Kind, &'a str);

fn parts(entity: &Entity) -> Option<Parts<'_>> {
    Some(match entity {
        Entity::AccessToken(entry) => return parts_of_token(entry),
        Entity::Account(entry) => (&entry.environment, Kind::User, &entry.home_account_id),
        Entity::IdToken(entry) => {
            with_extras(&entry.environment, &entry.home_account_id, &entry.extras)
        }
        Entity::RefreshToken(entry) => {
            with_extras(&entry.environment, &entry.home_account_id, &entry.extras)
        }
        _ => return None,
    })
}

fn parts_of_token(token: &AccessTokenEntry) -> Option<Parts<'_>> {
    let (kind, id) = of_owner(token.owner())?;
    Some((token.environment(), kind, id))
}

fn of_owner(owner: OwnerRef<'_>) -> Option<(Kind, &str)> {
    match owner {
        OwnerRef::Account(id) => Some((Kind::User, id)),
        OwnerRef::App => None,
        OwnerRef::Assertion(hash) => Some((Kind::Assertion, unpadded(hash))),
    }
}

fn with_extras<'a>(environment: &'a str, id: &'a str, extras: &'a Extras) -> Parts<'a> {
    match extras.assertion_hash() {
        Some(hash) => (environment, Kind::Assertion, unpadded(hash)),
        None => (environment, Kind::User, id),
    }
}
