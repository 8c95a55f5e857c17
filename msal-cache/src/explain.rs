//! How the tokens that are here differ from one that is looked for.

use std::sync::Arc;

use msal_core::store::{AccessTokenEntry, AccessTokenLookup, Candidate, KeyPart};

use crate::index::key::Key;
use crate::index::scopes::Wanted;

/// `token` beside the look-up, compared by the rules that the look-up goes by.
pub(crate) fn candidate(lookup: &AccessTokenLookup<'_>, token: Arc<AccessTokenEntry>) -> Candidate {
    let differing = PARTS
        .into_iter()
        .filter(|part| differs(*part, lookup, &token));
    let differs = differing.collect();
    Candidate { token, differs }
}

fn differs<'a>(part: KeyPart, lookup: &AccessTokenLookup<'a>, token: &'a AccessTokenEntry) -> bool {
    let wanted = Key::of_lookup(lookup);
    // The token's own key with one part of the other is the token's where that part is the same.
    let mut key = Key::of_entry(token);
    match part {
        KeyPart::Binding => key.binding = wanted.binding,
        KeyPart::ClientId => key.client_id = wanted.client_id,
        KeyPart::Environment => key.place = wanted.place,
        KeyPart::Extended => key.extended = wanted.extended,
        KeyPart::Owner => key.owner = wanted.owner,
        KeyPart::Realm => key.realm = wanted.realm,
        _ => return !Wanted::new(lookup.scopes, lookup.scope_case).are_in(token.scopes()),
    }
    !key.is_of(token)
}

const PARTS: [KeyPart; 7] = [
    KeyPart::Environment,
    KeyPart::Realm,
    KeyPart::ClientId,
    KeyPart::Owner,
    KeyPart::Binding,
    KeyPart::Extended,
    KeyPart::Scopes,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use msal_core::store::{BindingRef, ExtendedKey, Lifetime, Owner, OwnerRef, TokenKey};
    use msal_core::{ScopeCase, Scopes, Timestamp};

    use super::*;

    #[test]
    fn a_part_that_differs_is_named_and_no_other() {
        let key = TokenKey {
            environment: "login.windows.net".into(),
            realm: "Tenant".into(),
            client_id: "client".into(),
            owner: Owner::App,
            binding: None,
            extended: None,
        };
        let time = Timestamp::from_secs(1);
        let lifetime = Lifetime {
            cached_at: time,
            expires_on: time,
            extended_expires_on: None,
            refresh_on: None,
        };
        let scopes = Scopes::granted("a b");
        let token = Arc::new(AccessTokenEntry::new(key, scopes, "s".into(), lifetime));
        let same = AccessTokenLookup {
            cloud: "login.microsoftonline.com",
            realm: "tenant",
            client_id: "client",
            owner: OwnerRef::App,
            binding: None,
            extended: None,
            scopes: &["A"],
            scope_case: ScopeCase::Ignored,
        };
        let parts = BTreeMap::from([("fmi_path".to_owned(), "p".to_owned())]);
        let extended = ExtendedKey::new(parts);
        let bound = BindingRef {
            token_type: "pop",
            key_id: "k",
        };
        let one_off = |change: &dyn Fn(&mut AccessTokenLookup<'_>)| {
            let mut lookup = same;
            change(&mut lookup);
            candidate(&lookup, Arc::clone(&token)).differs
        };
        assert_eq!(one_off(&|_| {}), []);
        assert_eq!(
            one_off(&|lookup| lookup.cloud = "login.microsoftonline.us"),
            [KeyPart::Environment]
        );
        assert_eq!(one_off(&|lookup| lookup.realm = "t"), [KeyPart::Realm]);
        assert_eq!(
            one_off(&|lookup| lookup.client_id = "Client"),
            [KeyPart::ClientId]
        );
        assert_eq!(
            one_off(&|lookup| lookup.owner = OwnerRef::Account("u")),
            [KeyPart::Owner]
        );
        assert_eq!(
            one_off(&|lookup| lookup.scopes = &["a", "c"]),
            [KeyPart::Scopes]
        );
        let mut lookup = same;
        lookup.binding = Some(bound);
        lookup.extended = extended.as_ref();
        assert_eq!(
            candidate(&lookup, token).differs,
            [KeyPart::Binding, KeyPart::Extended]
        );
    }
}
