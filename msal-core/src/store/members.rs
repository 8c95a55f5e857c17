use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

/// Members of a cache entry that are kept as they were read. Mostly there are none, which costs one word.
#[derive(Clone, Default)]
pub struct Members(Option<Box<Box<[Member]>>>);

type Member = (Box<str>, Box<RawValue>);

impl Members {
    /// These members.
    pub fn new(members: BTreeMap<String, Box<RawValue>>) -> Self {
        let members = members.into_iter();
        Self::from_sorted(members.map(|(name, value)| (name.into(), value)).collect())
    }

    /// No members.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Name and JSON text of each, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let members = self.sorted().iter();
        members.map(|(name, value)| (&**name, &**value))
    }

    /// The JSON text of one.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        let members = self.sorted();
        let at = members.binary_search_by(|(ours, _)| (**ours).cmp(name));
        Some(&members.get(at.ok()?)?.1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// These, and those of `older` that have other names.
    #[must_use]
    pub fn or(&self, older: &Self) -> Self {
        if older.is_empty() {
            return self.clone();
        }
        let mut members: Vec<Member> = older.sorted().to_vec();
        members.retain(|(name, _)| self.get(name).is_none());
        members.extend_from_slice(self.sorted());
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Self::from_sorted(members.into())
    }

    fn from_sorted(members: Box<[Member]>) -> Self {
        Self((!members.is_empty()).then(|| Box::new(members)))
    }

    fn sorted(&self) -> &[Member] {
        self.0.as_deref().map_or(&[], |members| members)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What other libraries keep may be a secret, or about a person.
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

/// What few refresh and id tokens have. Mostly there is nothing, which costs one word.
#[derive(Clone, Debug, Default)]
pub struct Extras(Option<Box<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    assertion_hash: Option<Arc<str>>,
    members: Members,
}

impl Extras {
    /// The hash of the on-behalf-of assertion that obtained the token, and members that only other libraries know.
    pub fn new(assertion_hash: Option<Arc<str>>, members: Members) -> Self {
        if assertion_hash.is_none() && members.is_empty() {
            return Self::default();
        }
        Self(Some(Box::new(Inner {
            assertion_hash,
            members,
        })))
    }

    /// The hash of the assertion that an on-behalf-of flow obtained the token with.
    pub fn assertion_hash(&self) -> Option<&Arc<str>> {
        self.0.as_deref()?.assertion_hash.as_ref()
    }

    /// Members that only other libraries know.
    pub fn members(&self) -> &Members {
        static NONE: Members = Members::none();
        self.0.as_deref().map_or(&NONE, |inner| &inner.members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members<const N: usize>(members: [(&str, &str); N]) -> Members {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let owned = members.map(|(name, text)| (name.to_owned(), raw(text)));
        Members::new(owned.into_iter().collect())
    }

    #[test]
    fn the_newer_member_wins_and_the_older_others_stay() {
        let newer = members([("b", "2"), ("c", "3")]);
        let both = newer.or(&members([("a", "1e400"), ("b", "1")]));
        let seen: Vec<_> = both.iter().map(|(name, raw)| (name, raw.get())).collect();
        assert_eq!(seen, [("a", "1e400"), ("b", "2"), ("c", "3")]);
        assert_eq!(both.get("a").map(RawValue::get), Some("1e400"));
        assert!(both.get("d").is_none());
    }

    #[test]
    fn nothing_costs_one_word() {
        assert_eq!(size_of::<Members>(), size_of::<usize>());
        assert_eq!(size_of::<Extras>(), size_of::<usize>());
        assert!(Members::none().or(&Members::none()).is_empty());
    }
}
