use std::collections::BTreeMap;
use std::sync::Arc;

use msal_core::store::AppMetadataEntry;

use crate::index::key::{place, same_text};

/// What is known of each application.
#[derive(Default)]
pub(crate) struct Apps {
    /// By client; one for each environment.
    clients: BTreeMap<Arc<str>, Vec<Arc<AppMetadataEntry>>>,
    len: usize,
}

impl Apps {
    /// What is known in the cloud of this name; of several aliases rather what tells a family.
    pub(crate) fn find(&self, known: &str, client_id: &str) -> Option<&Arc<AppMetadataEntry>> {
        let entries = self.clients.get(client_id)?.iter();
        let here = entries.filter(|entry| place(&entry.environment) == known);
        here.max_by_key(|entry| entry.family_id.is_some())
    }

    /// Adds an entry, in the place of what is known under the same environment.
    pub(crate) fn set(&mut self, entry: Arc<AppMetadataEntry>) {
        let entries = self
            .clients
            .entry(Arc::clone(&entry.client_id))
            .or_default();
        let same =
            |old: &&mut Arc<AppMetadataEntry>| same_text(&old.environment, &entry.environment);
        match entries.iter_mut().find(same) {
            Some(old) => *old = entry,
            None => {
                entries.push(entry);
                self.len += 1;
            }
        }
    }

    /// Takes away all that is known in the cloud of this name.
    pub(crate) fn take(&mut self, known: &str, client_id: &str) -> Vec<Arc<AppMetadataEntry>> {
        let Some(entries) = self.clients.get_mut(client_id) else {
            return Vec::new();
        };
        let taken: Vec<_> = entries
            .extract_if(.., |entry| place(&entry.environment) == known)
            .collect();
        self.len -= taken.len();
        taken
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<AppMetadataEntry>> {
        self.clients.values().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}
