use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;
use msal_core::Timestamp;
use msal_core::store::{Entity, Extras, OwnerRef};

use super::Report;
use super::key::string;

/// Of entities that are the same but for their age, only the newest; of equally old ones, the last. With each, the
/// greater of their seconds of use.
pub(crate) fn newest(all: Vec<(Entity, u32)>, report: &mut Report) -> Vec<(Entity, u32)> {
    let mut winners: HashMap<Identity<'_>, usize, RandomState> =
        HashMap::with_capacity_and_hasher(all.len(), RandomState::default());
    let mut keep = vec![true; all.len()];
    let mut used: Vec<u32> = all.iter().map(|(_, used)| *used).collect();
    for (at, (entity, _)) in all.iter().enumerate() {
        match winners.entry(Identity::of(entity)) {
            Entry::Vacant(slot) => {
                slot.insert(at);
            }
            Entry::Occupied(mut slot) => {
                let rival = *slot.get();
                let Some((known, _)) = all.get(rival) else {
                    continue;
                };
                let is_newer = age(entity) >= age(known);
                let (winner, loser) = if is_newer { (at, rival) } else { (rival, at) };
                slot.insert(winner);
                report.duplicates += 1;
                let latest = used.get(loser).copied().unwrap_or(0);
                if let Some(used) = used.get_mut(winner) {
                    *used = latest.max(*used);
                }
                if let Some(keep) = keep.get_mut(loser) {
                    *keep = false;
                }
            }
        }
    }
    drop(winners);
    let marked = all.into_iter().zip(used).zip(keep);
    let kept = marked.filter(|(_, keep)| *keep);
    kept.map(|(((entity, _), used), _)| (entity, used))
        .collect()
}

/// What makes an entry the same in a file, part by part.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Identity<'a> {
    kind: u8,
    parts: [Cow<'a, str>; 10],
}

impl<'a> Identity<'a> {
    pub(super) fn of(entity: &'a Entity) -> Self {
        let mut parts = [const { Cow::Borrowed("") }; 10];
        let [a, b, c, d, e, f, g, h, i, j] = &mut parts;
        let kind = match entity {
            Entity::AccessToken(entry) => {
                *a = lower(entry.environment());
                *b = lower(entry.realm());
                *c = Cow::Borrowed(entry.client_id());
                *d = Cow::Borrowed(entry.home_account_id().map_or("", AsRef::as_ref));
                let (owner, hash) = match entry.owner() {
                    OwnerRef::Account(_) => ("account", ""),
                    OwnerRef::App => ("app", ""),
                    OwnerRef::Assertion(hash) => ("assertion", hash),
                };
                *e = Cow::Borrowed(owner);
                *f = Cow::Borrowed(hash);
                if let Some(binding) = entry.binding() {
                    *g = lower(binding.token_type);
                    *h = Cow::Borrowed(binding.key_id);
                }
                if let Some(extended) = entry.extended() {
                    *i = Cow::Borrowed(extended.hash());
                }
                *j = lower(entry.scopes().as_str());
                0
            }
            Entity::RefreshToken(entry) => {
                *a = lower(&entry.environment);
                *b = Cow::Borrowed(&entry.client_id);
                *c = Cow::Borrowed(&entry.home_account_id);
                *d = Cow::Borrowed(entry.family_id.as_deref().unwrap_or_default());
                *e = assertion(&entry.extras);
                // MSAL Python keeps one for each set of scopes, and tries them all.
                let target = string(entry.extras.members(), "target");
                *f = Cow::Owned(target.unwrap_or_default());
                1
            }
            Entity::IdToken(entry) => {
                *a = lower(&entry.environment);
                *b = lower(&entry.realm);
                *c = Cow::Borrowed(&entry.client_id);
                *d = Cow::Borrowed(&entry.home_account_id);
                *e = assertion(&entry.extras);
                2
            }
            Entity::Account(entry) => {
                *a = lower(&entry.environment);
                *b = lower(&entry.realm);
                *c = Cow::Borrowed(&entry.home_account_id);
                3
            }
            Entity::AppMetadata(entry) => {
                *a = lower(&entry.environment);
                *b = Cow::Borrowed(&entry.client_id);
                4
            }
            _ => 5,
        };
        Self { kind, parts }
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

fn assertion(extras: &Extras) -> Cow<'_, str> {
    Cow::Borrowed(extras.assertion_hash().map_or("", AsRef::as_ref))
}

fn age(entity: &Entity) -> (Timestamp, Timestamp) {
    match entity {
        Entity::AccessToken(entry) => (entry.cached_at(), entry.expires_on()),
        Entity::RefreshToken(entry) => (entry.last_modified, Timestamp::default()),
        _ => <_>::default(),
    }
}
