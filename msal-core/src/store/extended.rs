use std::collections::BTreeMap;
use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest, Sha256};

/// The components that set a token apart beside the usual key: `fmi_path`, `client_claims`, `attribute_tokens` and
/// other body parameters that change what is issued.
///
/// Compared by its components. The hash is what cache files carry.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct ExtendedKey {
    components: BTreeMap<String, String>,
    hash: String,
}

impl ExtendedKey {
    /// A key of these components; none when there are none.
    pub fn new(components: BTreeMap<String, String>) -> Option<Self> {
        if components.is_empty() {
            return None;
        }
        let hash = netstring_hash(&components);
        Some(Self { components, hash })
    }

    /// A key of which a cache file kept only the hash.
    pub fn from_hash(hash: &str) -> Self {
        Self {
            components: BTreeMap::new(),
            hash: hash.to_ascii_lowercase(),
        }
    }

    /// Name and value of each component; empty when only the hash is known.
    pub fn components(&self) -> &BTreeMap<String, String> {
        &self.components
    }

    /// The hash that cache keys end in: base64url of SHA-256 over netstrings, in lower case.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl fmt::Debug for ExtendedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be claims about a person.
        write!(f, "ExtendedKey({})", self.hash)
    }
}

fn netstring_hash(components: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for text in components.iter().flat_map(|(name, value)| [name, value]) {
        hash.update(text.len().to_string());
        hash.update(":");
        hash.update(text);
    }
    BASE64_URL_SAFE_NO_PAD
        .encode(hash.finalize())
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<const N: usize>(components: [(&str, &str); N]) -> ExtendedKey {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        ExtendedKey::new(components.into_iter().map(own).collect()).unwrap()
    }

    #[test]
    fn hashes_are_those_of_the_other_libraries() {
        let fmi = key([("fmi_path", "SomeFmiPath/FmiCredentialPath")]);
        assert_eq!(fmi.hash(), "cojvfy5tzae3njpkvcebguvvx5vvmnj8hphqrbogjoi");
        let both = key([("fmi_path", "a"), ("client_claims", r#"{"x":1}"#)]);
        assert_eq!(both.hash(), "d87leaxihkcvcipzr33we5ny-yg_ily6jij2csct5ww");
    }

    #[test]
    fn no_two_component_lists_share_a_text() {
        assert_ne!(key([("a", "bc")]).hash(), key([("ab", "c")]).hash());
        assert_ne!(
            key([("a", "b"), ("c", "d")]).hash(),
            key([("a", "b1:c1:d")]).hash()
        );
    }
}
