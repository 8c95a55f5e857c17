use std::sync::Arc;
use std::sync::atomic::Ordering;

use msal_core::Error;
use msal_core::store::{Change, Entity};
use zeroize::Zeroizing;

use crate::TokenCache;
use crate::cache::{seconds, written_at};
use crate::change::CacheChange;
use crate::schema::{self, Compatibility, Report};
use crate::writer::Writer;

/// Reading and writing all of it.
impl TokenCache {
    /// Everything, as the JSON that all MSALs share. Wiped when dropped.
    ///
    /// What was read and not understood is written as it was read. `compatibility` says how tokens of applications are to
    /// be written, on which the libraries do not agree.
    pub fn serialize(&self, compatibility: Compatibility) -> Result<Zeroizing<Vec<u8>>, Error> {
        let writer = self.writer();
        let mut entities: Vec<Entity> = Vec::with_capacity(writer.tally.entries());
        let tokens = self.0.table.tokens().into_iter();
        entities.extend(tokens.map(|(token, _)| Entity::AccessToken(token)));
        let of_users = self.0.table.user_entities().into_iter();
        entities.extend(of_users.map(|(entity, _)| entity));
        entities.extend(self.0.table.apps().iter().cloned().map(Entity::AppMetadata));
        schema::write(
            &entities,
            &writer.sections,
            &writer.unreadable,
            compatibility,
        )
    }

    /// Adds what a file holds to what is here. Of two entries for the same thing the newer stays, and the file's where
    /// their age cannot be told.
    ///
    /// Entries that cannot be read are skipped, named in the report, and kept to be written back. Fails, and leaves the
    /// cache as it was, when the whole is no JSON object of the schema, is nested deeper than 64 levels, or larger than the
    /// limit on files (256 MiB).
    pub fn merge(&self, file: &[u8]) -> Result<Report, Error> {
        self.load(file, true)
    }

    /// Puts what a file holds in the place of all that is here. Otherwise as [`merge`](Self::merge).
    pub fn replace(&self, file: &[u8]) -> Result<Report, Error> {
        self.load(file, false)
    }

    fn load(&self, file: &[u8], keep: bool) -> Result<Report, Error> {
        let mut parsed = schema::read(file, self.0.limits.file)?;
        let mut writer = self.writer();
        let mut loaded = Vec::new();
        let mut fresh = Writer::new(self.0.table.len(), Arc::clone(&writer.texts));
        if keep {
            let tokens = self.0.table.tokens().into_iter();
            loaded.extend(tokens.map(|(token, used)| (Entity::AccessToken(token), used)));
            loaded.extend(self.0.table.user_entities());
            let apps = self.0.table.apps();
            loaded.extend(
                apps.iter()
                    .cloned()
                    .map(|entry| (Entity::AppMetadata(entry), 0)),
            );
            fresh.sections = std::mem::take(&mut writer.sections);
            fresh.unreadable = std::mem::take(&mut writer.unreadable);
        }
        fresh.sections.append(&mut parsed.sections);
        fresh.unreadable.append(&mut parsed.unreadable);
        fresh.tally.unreadable = fresh.unreadable.len();
        let entities = std::mem::take(&mut parsed.entities).into_iter();
        loaded.extend(entities.map(|entity| {
            let used = seconds(written_at(&entity));
            (entity, used)
        }));
        let table = self.0.table.emptied();
        if keep || parsed.has_twins {
            loaded = schema::newest(loaded, &mut parsed.report);
        }
        fresh.fill(&table, loaded);
        let now = self.0.now.load(Ordering::Relaxed);
        let gone = fresh.enforce(&table, self.0.limits, now, &Change::default());
        if !keep {
            self.lost_nothing();
        }
        self.lost(gone);
        let evicted = gone.all();
        parsed.report.evicted = evicted;
        let entries = fresh.tally.all();
        let old = std::mem::replace(&mut *writer, fresh);
        self.0.table.replace_by(table);
        self.changed();
        drop(writer);
        drop(old);
        self.0.hook.tell(&match keep {
            true => CacheChange::Merged { entries, evicted },
            false => CacheChange::Replaced { entries, evicted },
        });
        Ok(parsed.report)
    }
}
