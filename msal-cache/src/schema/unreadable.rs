use std::collections::BTreeMap;

use msal_core::store::Removal;
use zeroize::Zeroizing;

use super::Kind;
use super::entry::is_meant;

/// Entries that we cannot read, as their text, to be written back. They may hold secrets: wiped when dropped.
#[derive(Default)]
pub(crate) struct Unreadable(BTreeMap<(Kind, String), Zeroizing<Box<str>>>);

impl Unreadable {
    pub(crate) fn insert(&mut self, section: Kind, key: String, json: &str) {
        let json = Zeroizing::new(Box::from(json));
        self.0.insert((section, key), json);
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Removes what a removal means, as far as the entries say whose they are.
    pub(crate) fn remove(&mut self, removal: &Removal) {
        self.0
            .retain(|(kind, _), json| !is_meant(removal, *kind, json));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Key and text of each in one section.
    pub(crate) fn of(&self, section: Kind) -> impl Iterator<Item = (&str, &str)> {
        let from = self.0.range((section, String::new())..);
        let ours = from.take_while(move |((kind, _), _)| *kind == section);
        ours.map(|((_, key), json)| (key.as_str(), &***json))
    }
}
