use msal_core::store::{Change, Entity, Extras, Partition, RefreshTokenEntry, Removal};

use super::Layout;

/// What a store calls a partition: the names of MSAL .NET's and Go's distributed caches.
pub(super) fn name(partition: &Partition, layout: Layout) -> String {
    if layout == Layout::Whole {
        return WHOLE.to_owned();
    }
    match partition {
        Partition::App {
            client_id,
            realm,
            binding,
            extended,
        } => {
            let key = binding.as_ref().map_or("", |binding| &binding.key_id);
            let hash = extended.as_ref().map(|extended| extended.hash());
            let of_tenant = format!("{client_id}_{realm}").to_ascii_lowercase();
            match hash {
                Some(hash) => format!("{key}{of_tenant}_{hash}_AppTokenCache"),
                None => format!("{key}{of_tenant}_AppTokenCache"),
            }
        }
        Partition::Assertion(hash) => hash.to_string(),
        Partition::User(home_account_id) => home_account_id.to_ascii_lowercase(),
        _ => WHOLE.to_owned(),
    }
}

/// Where a change belongs: all of it is one owner's. None where it is about applications alone.
pub(super) fn partition(change: &Change) -> Option<Partition> {
    let removed = change.removals.iter().find_map(of_removal);
    removed.or_else(|| change.upserts.iter().find_map(of_entity))
}

fn of_removal(removal: &Removal) -> Option<Partition> {
    match removal {
        Removal::Assertion { hash, .. } => Some(Partition::Assertion(hash.clone())),
        Removal::RefreshToken(entry) => Some(of_refresh_token(entry)),
        Removal::User { user, .. } => Some(Partition::User(user.home_account_id.clone())),
        _ => None,
    }
}

fn of_entity(entity: &Entity) -> Option<Partition> {
    match entity {
        Entity::AccessToken(entry) => Some(Partition::of_key(&entry.key())),
        Entity::Account(entry) => Some(Partition::User(entry.home_account_id.clone())),
        Entity::IdToken(entry) => {
            let of_assertion = of_extras(&entry.extras);
            Some(of_assertion.unwrap_or_else(|| Partition::User(entry.home_account_id.clone())))
        }
        Entity::RefreshToken(entry) => Some(of_refresh_token(entry)),
        _ => None,
    }
}

fn of_refresh_token(entry: &RefreshTokenEntry) -> Partition {
    let of_assertion = of_extras(&entry.extras);
    of_assertion.unwrap_or_else(|| Partition::User(entry.home_account_id.clone()))
}

fn of_extras(extras: &Extras) -> Option<Partition> {
    let hash = extras.assertion_hash()?;
    Some(Partition::Assertion(hash.clone()))
}

/// What a store calls the one value that holds everything.
const WHOLE: &str = "cache";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use msal_core::store::ExtendedKey;

    use super::*;

    #[test]
    fn names_are_those_of_the_other_libraries() {
        let of = |partition| name(&partition, Layout::ByOwner);
        assert_eq!(of(Partition::User("Uid.Utid".into())), "uid.utid");
        assert_eq!(of(Partition::Assertion("hAsH".into())), "hAsH");
        let app = |extended| Partition::App {
            client_id: "Client".into(),
            realm: "tenant".into(),
            binding: None,
            extended,
        };
        assert_eq!(of(app(None)), "client_tenant_AppTokenCache");
        let components = BTreeMap::from([("fmi_path".to_owned(), "a".to_owned())]);
        let key = ExtendedKey::new(components).map(Arc::new);
        let hash = key.clone().unwrap().hash().to_owned();
        assert_eq!(of(app(key)), format!("client_tenant_{hash}_AppTokenCache"));
    }
}
