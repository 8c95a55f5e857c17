use msal_core::store::{AccessTokenEntry, Entity, Extras, Members, OwnerRef};

use super::Kind;

/// The section of an entity, and its key there: MSAL Python's composition of the entity's own fields, by which every
/// library can find the entry, and delete it.
pub(super) fn key(entity: &Entity) -> Option<(Kind, String)> {
    let mut key = String::new();
    let section = write_key(entity, &mut key)?;
    Some((section, key))
}

/// Puts that key in the place of what `text` is, and tells the section.
pub(super) fn write_key(entity: &Entity, text: &mut String) -> Option<Kind> {
    Some(match entity {
        Entity::AccessToken(entry) => {
            access_token(entry, text);
            Kind::AccessToken
        }
        Entity::RefreshToken(entry) => {
            // MSAL Python composes the key of its own entries with their scopes.
            let target = string(entry.extras.members(), "target").unwrap_or_default();
            let key = [
                id_or_hash(&entry.home_account_id, &entry.extras),
                &entry.environment,
                "refreshtoken",
                &entry.client_id,
                "",
                &target,
            ];
            join(&key, text);
            Kind::RefreshToken
        }
        Entity::IdToken(entry) => {
            let key = [
                id_or_hash(&entry.home_account_id, &entry.extras),
                &entry.environment,
                "idtoken",
                &entry.client_id,
                &entry.realm,
                "",
            ];
            join(&key, text);
            Kind::IdToken
        }
        Entity::Account(entry) => {
            let key = [&*entry.home_account_id, &entry.environment, &entry.realm];
            join(&key, text);
            Kind::Account
        }
        Entity::AppMetadata(entry) => {
            text.clear();
            for part in ["appmetadata-", &entry.environment, "-", &entry.client_id] {
                text.push_str(part);
            }
            Kind::AppMetadata
        }
        _ => return None,
    })
}

/// What is written as the home account id of a token, empty for one of the application itself.
pub(super) fn home_account_id(entry: &AccessTokenEntry) -> &str {
    match (entry.owner(), entry.home_account_id()) {
        (_, Some(id)) => id,
        // With no id at all other libraries would take it for a token of the application.
        (OwnerRef::Assertion(hash), None) => hash,
        (_, None) => "",
    }
}

/// What is written as the home account id of a refresh or id token.
pub(super) fn id_or_hash<'a>(home_account_id: &'a str, extras: &'a Extras) -> &'a str {
    match extras.assertion_hash() {
        Some(hash) if home_account_id.is_empty() => hash,
        _ => home_account_id,
    }
}

/// A member that is a text.
pub(super) fn string(members: &Members, name: &str) -> Option<String> {
    serde_json::from_str(members.get(name)?.get()).ok()
}

fn access_token(entry: &AccessTokenEntry, text: &mut String) {
    let extended = entry.extended();
    let kind = match extended {
        Some(_) => "atext",
        None => "accesstoken",
    };
    let parts = [
        home_account_id(entry),
        entry.environment(),
        kind,
        entry.client_id(),
        entry.realm(),
        entry.scopes().as_str(),
    ];
    let extended = extended.map(|extended| extended.hash());
    let binding = entry.binding().map(|binding| binding.token_type);
    match (extended, binding) {
        (None, None) => join(&parts, text),
        _ => {
            let rest = extended.into_iter().chain(binding);
            let parts: Vec<_> = parts.into_iter().chain(rest).collect();
            join(&parts, text);
        }
    }
}

fn join(parts: &[&str], text: &mut String) {
    text.clear();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            text.push('-');
        }
        text.push_str(part);
    }
    match text.is_ascii() {
        true => text.make_ascii_lowercase(),
        false => *text = text.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use msal_core::store::{Binding, ExtendedKey, Lifetime, Owner, TokenKey};
    use msal_core::{Scopes, Timestamp};

    use super::*;

    #[test]
    fn the_key_of_an_access_token_is_made_of_its_fields() {
        let plain = TokenKey {
            environment: "Login.example".into(),
            realm: "T".into(),
            client_id: "C".into(),
            owner: Owner::App,
            binding: None,
            extended: None,
        };
        let bound = TokenKey {
            owner: Owner::Account("U.T".into()),
            binding: Some(Arc::new(Binding {
                token_type: "pop".to_owned(),
                key_id: "kid".to_owned(),
            })),
            ..plain.clone()
        };
        let extended = TokenKey {
            extended: Some(Arc::new(ExtendedKey::from_hash("HASH"))),
            ..plain.clone()
        };
        let assertion = TokenKey {
            owner: Owner::Assertion {
                hash: "H".into(),
                home_account_id: None,
            },
            ..plain.clone()
        };
        for (token_key, expected) in [
            (plain, "-login.example-accesstoken-c-t-b a"),
            (bound, "u.t-login.example-accesstoken-c-t-b a-pop"),
            (extended, "-login.example-atext-c-t-b a-hash"),
            (assertion, "h-login.example-accesstoken-c-t-b a"),
        ] {
            let lifetime = Lifetime {
                cached_at: Timestamp::default(),
                expires_on: Timestamp::default(),
                extended_expires_on: None,
                refresh_on: None,
            };
            let scopes = Scopes::granted("a B");
            let entry = AccessTokenEntry::new(token_key, scopes, "s".into(), lifetime);
            let entity = Entity::AccessToken(Arc::new(entry));
            assert_eq!(key(&entity), Some((Kind::AccessToken, expected.to_owned())));
        }
    }
}
