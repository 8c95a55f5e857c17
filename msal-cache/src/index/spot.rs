use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;
use msal_core::store::OwnerRef;

use super::holder::Holder;
use super::key::{Key, unpadded};

/// Where in the index something is: which shard, and under which hash there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Spot {
    pub(crate) shard: u32,
    pub(crate) hash: u32,
}

/// Finds the spot of a key. Seeded per cache, so that nobody can choose keys that collide.
#[derive(Clone)]
pub(crate) struct Locator {
    seed: RandomState,
    shards: u32,
}

impl Locator {
    /// A locator over this many shards, a power of two.
    pub(crate) fn new(shards: u32) -> Self {
        Self {
            seed: RandomState::default(),
            shards,
        }
    }

    /// The spot of a token under one of its scopes.
    ///
    /// All that belongs to one user shares a shard, and there all of their tokens for one resource a hash: a token has
    /// many scopes, but one place. Tokens of applications are spread by scope, since one application may have all of them.
    pub(crate) fn token(&self, key: &Key<'_>, scope: &str) -> Spot {
        let mut hasher = self.seed.build_hasher();
        let group = match key.owner {
            OwnerRef::Account(id) => Some(group(&mut hasher, ACCOUNT, &key.place, id)),
            OwnerRef::App => {
                write_folded(&mut hasher, &key.place);
                None
            }
            OwnerRef::Assertion(hash) => {
                Some(group(&mut hasher, ASSERTION, &key.place, unpadded(hash)))
            }
        };
        write_folded(&mut hasher, key.realm);
        write_folded(&mut hasher, key.client_id);
        if let Some(binding) = key.binding {
            write_folded(&mut hasher, binding.token_type);
            hasher.write(binding.key_id.as_bytes());
        }
        if let Some(extended) = key.extended {
            hasher.write(extended.hash().as_bytes());
        }
        write_folded(
            &mut hasher,
            match group {
                Some(_) => resource(scope),
                None => scope,
            },
        );
        let hash = hasher.finish();
        Spot {
            shard: self.shard(low_bits(group.unwrap_or(hash))),
            hash: low_bits(hash),
        }
    }

    /// The spot of what is common to a holder's entries: account, refresh and id tokens, and the list of its access
    /// tokens.
    pub(crate) fn holder(&self, holder: &Holder<'_>) -> Spot {
        let mut hasher = self.seed.build_hasher();
        self.spot(low_bits(match holder.owner() {
            OwnerRef::Assertion(hash) => group(&mut hasher, ASSERTION, &holder.place, hash),
            OwnerRef::Account(id) => group(&mut hasher, ACCOUNT, &holder.place, id),
            OwnerRef::App => 0,
        }))
    }

    /// The spot of the list of those who sign in with a name.
    pub(crate) fn name(&self, place: &str, username: &str) -> Spot {
        let mut hasher = self.seed.build_hasher();
        hasher.write_u8(NAME);
        hasher.write(place.as_bytes());
        write_folded(&mut hasher, username);
        self.spot(low_bits(hasher.finish()))
    }

    /// The spot of a holder, or of a name, that has this hash.
    pub(crate) fn spot(&self, hash: u32) -> Spot {
        Spot {
            shard: self.shard(hash),
            hash,
        }
    }

    fn shard(&self, hash: u32) -> u32 {
        // Of the 31 bits the upper six: there are no more than 64 shards.
        (hash >> 25) & (self.shards - 1)
    }
}

fn group(hasher: &mut impl Hasher, kind: u8, place: &str, owner: &str) -> u64 {
    hasher.write_u8(kind);
    hasher.write(place.as_bytes());
    hasher.write(owner.as_bytes());
    hasher.finish()
}

/// What of a scope names the resource, as in `api://id/Files.Read`; nothing for those of Microsoft Graph.
fn resource(scope: &str) -> &str {
    scope.rsplit_once('/').map_or("", |(resource, _)| resource)
}

const ACCOUNT: u8 = 0;

const ASSERTION: u8 = 1;

const NAME: u8 = 2;

/// Where a table looks for a hash of 31 bits: at the top bits and at the bottom ones.
pub(crate) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// 31 bits: one is left for the index's own use.
fn low_bits(hash: u64) -> u32 {
    (hash & 0x7fff_ffff) as u32
}

/// Hashes a text so that its case does not matter, sixteen bytes at a time.
#[inline]
fn write_folded(hasher: &mut impl Hasher, text: &str) {
    // Setting this bit turns capitals into small letters. What else it makes equal only shares a hash.
    const SMALL: u128 = u128::from_ne_bytes([0x20; 16]);
    let bytes = text.as_bytes();
    let mut write = |chunk: &[u8; 16]| hasher.write_u128(u128::from_le_bytes(*chunk) | SMALL);
    let (chunks, rest) = bytes.as_chunks();
    chunks.iter().for_each(&mut write);
    match bytes.last_chunk() {
        _ if rest.is_empty() => {}
        // Some bytes once more, which is cheaper than fewer at a time.
        Some(last) => write(last),
        None => {
            let mut last = [0; 16];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            write(&last);
        }
    }
    hasher.write_usize(bytes.len());
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn key<'a>(realm: &'a str, owner: OwnerRef<'a>) -> Key<'a> {
        Key {
            place: Cow::Borrowed("login.microsoftonline.com"),
            realm,
            client_id: "client",
            owner,
            binding: None,
            extended: None,
        }
    }

    #[test]
    fn case_of_tenant_and_scope_does_not_matter() {
        let locator = Locator::new(64);
        let one = locator.token(&key("CONTOSO.example", OwnerRef::App), "User.Read");
        let other = locator.token(&key("contoso.Example", OwnerRef::App), "user.read");
        assert_eq!(one, other);
        let third = locator.token(&key("contoso.example", OwnerRef::App), "user.reader");
        assert_ne!(one.hash, third.hash);
    }

    #[test]
    fn a_user_has_one_shard() {
        let locator = Locator::new(64);
        let owner = OwnerRef::Account("uid.utid");
        let user = locator.holder(&Holder::user("login.microsoftonline.com", "uid.utid"));
        for scope in ["a", "b", "c", "d"] {
            assert_eq!(locator.token(&key(scope, owner), scope).shard, user.shard);
        }
    }

    #[test]
    fn scopes_of_one_resource_share_a_spot_of_a_user_and_of_no_application() {
        let locator = Locator::new(64);
        for (one, other, is_shared) in [
            ("User.Read", "mail.read", true),
            ("api://id/Files.Read", "API://ID/.default", true),
            ("api://id/Files.Read", "api://other/Files.Read", false),
            ("User.Read", "api://id/User.Read", false),
            ("https://host//.default", "https://host/.default", false),
        ] {
            let owner = OwnerRef::Account("uid.utid");
            let spot = |owner, scope| locator.token(&key("t", owner), scope);
            assert_eq!(spot(owner, one) == spot(owner, other), is_shared, "{one}");
            assert_ne!(spot(OwnerRef::App, one), spot(OwnerRef::App, other));
        }
    }

    #[test]
    fn an_application_uses_every_shard() {
        let locator = Locator::new(8);
        let scopes: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
        let mut used = [0; 8];
        for scope in &scopes {
            used[locator.token(&key("t", OwnerRef::App), scope).shard as usize] += 1;
        }
        assert!(used.iter().all(|&tokens| tokens > 60), "{used:?}");
    }
}
