#![no_main]

//! A cache file: what was read is written and reads the same again, a change moves nothing else, and what could not be
//! understood is kept to the letter.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use msal_cache::{Compatibility, Report, TokenCache, inspect};
use msal_core::Timestamp;
use msal_core::store::{Change, Entity, Extras, RefreshTokenEntry, Removal, TokenStore};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

fuzz_target!(|file: &[u8]| {
    let cache = TokenCache::new();
    let inspected = inspect(file);
    let Ok(report) = cache.merge(file) else {
        assert!(cache.is_empty());
        return;
    };
    assert!(inspected.is_ok());
    let written = serialized(&cache);
    keeps_what_is_foreign(file, &report, &written);
    let again = read(&written);
    assert_eq!(again.len(), cache.len());
    let twice = serialized(&again);
    assert_eq!(written, twice);
    if !written.contains(OURS) {
        moves_nothing_else(&again, &twice);
    }
});

/// A token comes and goes by way of the file, and everything is as it was.
fn moves_nothing_else(cache: &TokenCache, before: &str) {
    let token = Arc::new(RefreshTokenEntry {
        environment: "login.microsoftonline.com".into(),
        client_id: OURS.into(),
        home_account_id: OURS.into(),
        family_id: None,
        secret: OURS.into(),
        last_modified: Timestamp::from_secs(1_750_000_000),
        extras: Extras::default(),
    });
    cache.apply(&Change::upsert(Entity::RefreshToken(token.clone())));
    let with = serialized(cache);
    assert!(with.contains(OURS));
    let cache = read(&with);
    assert_eq!(serialized(&cache), with);
    cache.apply(&Change::remove(Removal::RefreshToken(token)));
    assert_eq!(serialized(&cache), before);
}

/// Sections that are not known, and entries that are damaged, are there as they were.
fn keeps_what_is_foreign(file: &[u8], report: &Report, written: &str) {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if file.trim_ascii().is_empty() {
        return;
    }
    let old: Pairs = serde_json::from_slice(file).expect("what was read is JSON");
    let new: Pairs = serde_json::from_str(written).expect("what was written is JSON");
    let (old_last, new_last) = (old.last_of_each(), new.last_of_each());
    for name in &report.unknown_sections {
        assert_eq!(old_last[name.as_str()], new_last[name.as_str()], "{name}");
    }
    for damage in &report.damage {
        let section = damage.section.name();
        let (old, new) = (old.entries(section), new.entries(section));
        // Of several with one key the last one counts, and where the key is another's by now it has a new one.
        if let [(_, old)] = old.iter().filter(|(key, _)| *key == damage.key).collect::<Vec<_>>()[..] {
            assert!(new.iter().any(|(_, new)| new == old), "{section} {}", damage.key);
        }
    }
}

/// An object as it is, with the text of each member.
struct Pairs<'a>(Vec<(String, &'a str)>);

impl<'a> Pairs<'a> {
    fn last_of_each(&self) -> BTreeMap<&str, &'a str> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }

    fn entries(&self, section: &str) -> Vec<(String, &'a str)> {
        let sections = self.0.iter().filter(|(name, _)| name == section);
        let members = sections.filter_map(|(_, value)| serde_json::from_str::<Pairs<'a>>(value).ok());
        members.flat_map(|section| section.0).collect()
    }
}

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    pairs.push((name, value.get()));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn read(text: &str) -> TokenCache {
    let cache = TokenCache::new();
    cache.merge(text.as_bytes()).expect("what was written can be read");
    cache
}

fn serialized(cache: &TokenCache) -> String {
    let bytes = cache.serialize(Compatibility::Standard).expect("what was read can be written");
    String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8")
}

/// What no file holds by chance.
const OURS: &str = "7a1f6f0e-fuzz-4c55-9f0b-3d1f5b0a9e11";
