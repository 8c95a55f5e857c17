use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::Kind;

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
