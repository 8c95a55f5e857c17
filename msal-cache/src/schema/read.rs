use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use msal_core::store::Entity;
use msal_core::{Error, ErrorKind};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::depth::is_deeper_than;
use super::entry::Reader;
use super::fields::Name;
use super::key::write_key;
use super::newest::Identity;
use super::report::{Collision, Damage};
use super::{Kind, Report, Unreadable};

/// What a file holds.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) entities: Vec<Entity>,
    pub(crate) sections: BTreeMap<String, Box<RawValue>>,
    pub(crate) unreadable: Unreadable,
    pub(crate) report: Report,
    /// Whether any two entries may be the same.
    pub(crate) has_twins: bool,
}

/// Reads a file as leniently as can be done without guessing. An empty file is an empty cache.
pub(crate) fn read(file: &[u8], limit: usize) -> Result<Parsed, Error> {
    if file.len() > limit {
        let size = file.len();
        return Err(bad(format!(
            "the file has {size} bytes, more than the {limit} that may be read"
        )));
    }
    let json = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    if is_deeper_than(MAX_DEPTH, json) {
        return Err(bad(format!(
            "the file is nested deeper than {MAX_DEPTH} levels"
        )));
    }
    let mut parsed = Parsed::default();
    if json.trim_ascii().is_empty() {
        return Ok(parsed);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let root = Root {
        parsed: &mut parsed,
        reader: Reader::default(),
    };
    let read = root.deserialize(&mut deserializer);
    // The error's own text may quote what it stumbled over.
    read.and_then(|()| deserializer.end()).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the file is cut off",
            serde_json::error::Category::Data => "the file is not a token cache: no object",
            _ => "the file is not JSON",
        };
        let (line, column) = (error.line(), error.column());
        bad(format!("{what} at line {line}, column {column}"))
    })?;
    parsed.report.entries = parsed.entities.len();
    parsed.has_twins = find_collisions(&parsed.entities, &mut parsed.report);
    Ok(parsed)
}

/// The whole file.
struct Root<'p> {
    parsed: &'p mut Parsed,
    reader: Reader,
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of sections")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let Some(kind) = Kind::named(&name) else {
                let value: &RawValue = map.next_value()?;
                self.parsed.report.unknown_sections.push(name.to_string());
                let section = (name.into_owned(), value.to_owned());
                self.parsed.sections.extend([section]);
                continue;
            };
            let Section(entries) = map.next_value()?;
            self.take_section(kind, entries);
        }
        Ok(())
    }
}

impl Root<'_> {
    fn take_section(&mut self, kind: Kind, entries: Vec<(Name<'_>, &RawValue)>) {
        // Where they are in order, as we write them, any two that are the same are neighbours.
        let are_apart = entries.is_sorted_by(|(Name(one), _), (Name(other), _)| one < other);
        let mut keys = HashSet::with_hasher(RandomState::default());
        for (Name(key), json) in entries {
            match self.reader.entity(kind, json) {
                Ok(entity) => self.parsed.entities.push(entity),
                Err(defect) => {
                    self.parsed.report.note_damage(Damage {
                        section: kind,
                        key: key.to_string(),
                        reason: defect.to_string(),
                    });
                    let unreadable = &mut self.parsed.unreadable;
                    unreadable.insert(kind, key.to_string(), json.get());
                }
            }
            if are_apart {
                continue;
            }
            if let Some(key) = keys.replace(key) {
                self.parsed.report.note_collision(Collision {
                    section: kind,
                    key: key.into_owned(),
                });
            }
        }
    }
}

/// One section: key and text of each entry. A null is an empty one.
struct Section<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Section<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Section<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of entries")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Section(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Section(entries))
            }
        }

        deserializer.deserialize_any(Entries)
    }
}

/// Notes entries whose fields differ, but not the key that is made of them. Answers whether any two have one key.
fn find_collisions(entities: &[Entity], report: &mut Report) -> bool {
    let mut has_twins = false;
    let seed = RandomState::default();
    let mut known: HashMap<u64, &Entity, RandomState> =
        HashMap::with_capacity_and_hasher(entities.len(), RandomState::default());
    let (mut key, mut other) = (String::new(), String::new());
    for entity in entities {
        let Some(section) = write_key(entity, &mut key) else {
            continue;
        };
        let hash = seed.hash_one((section, &key, beside_the_key(entity)));
        match known.entry(hash) {
            Entry::Vacant(slot) => {
                slot.insert(entity);
            }
            Entry::Occupied(slot) => {
                has_twins = true;
                if Identity::of(slot.get()) == Identity::of(entity) {
                    continue;
                }
                // Two that only share a hash are far from colliding.
                write_key(slot.get(), &mut other);
                if key == other && beside_the_key(slot.get()) == beside_the_key(entity) {
                    let key = key.clone();
                    report.note_collision(Collision { section, key });
                }
            }
        }
    }
    has_twins
}

/// What tells entries apart that share a key by design.
fn beside_the_key(entity: &Entity) -> &str {
    match entity {
        Entity::AccessToken(entry) => match entry.owner() {
            msal_core::store::OwnerRef::Assertion(hash) => hash,
            _ => entry.binding().map_or("", |binding| binding.key_id),
        },
        Entity::IdToken(entry) => entry.extras.assertion_hash().map_or("", AsRef::as_ref),
        Entity::RefreshToken(entry) => entry.extras.assertion_hash().map_or("", AsRef::as_ref),
        _ => "",
    }
}

fn bad(what: String) -> Error {
    Error::new(ErrorKind::Cache).because(what)
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const MAX_DEPTH: usize = 64;
