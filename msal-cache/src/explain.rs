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
