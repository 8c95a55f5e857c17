//! Files that are no token cache, or not quite: each is read as far as it can be, or moved out of the way, or refused.
//! Nothing in them is lost.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use msal_cache::file::{FileError, FileStore};
use msal_cache::persist::{CacheEvent, CacheStore, PersistentCache};
use msal_core::store::{Change, TokenStore};

use crate::common::{GRAPH, an_hour, app_key, token};
use crate::worker::file_error;

#[test]
fn every_file_is_read_or_set_aside_and_nothing_is_lost() {
    for (name, content, expected) in files() {
        eprintln!("{name}");
        let (folder, path) = laid(&content);
        outcome(name, &path, &content, expected);
        drop(folder);
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_set_aside() {
    let whole = user().trim_end().to_owned();
    for length in (7..whole.len()).step_by(7) {
        let content = &whole.as_bytes()[..length];
        let (_folder, path) = laid(content);
        outcome("cut off", &path, content, SetAside);
    }
}

#[test]
fn a_file_that_is_too_large_is_left_alone_and_told() {
    let (_folder, path) = laid(b"{");
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(257 << 20).unwrap();
    let store = FileStore::new(&path).unwrap();
    let cache = PersistentCache::new(store.clone());
    cache.apply(&ours());
    for error in [cache.load().unwrap_err(), cache.save().unwrap_err()] {
        let error = file_error(&error);
        assert!(matches!(error, FileError::TooLarge { .. }), "{error:?}");
        assert!(error.to_string().contains("269484032"), "{error}");
    }
    assert_eq!(cache.memory().unwrap().len(), 1);
    assert_eq!(fs::metadata(&path).unwrap().len(), 257 << 20);
    assert!(store.leftovers().unwrap().is_empty());
    // Whoever makes room is not punished for what happened before.
    fs::remove_file(&path).unwrap();
    cache.save().unwrap();
    assert_eq!(cache.unsaved(), 0);
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    /// So many entries are read, so many are not, and these texts are there still when something was saved.
    Read(usize, usize, &'static [&'static str]),
    SetAside,
}

use Expected::{Read, SetAside};

type Case = (&'static str, Vec<u8>, Expected);

fn files() -> Vec<Case> {
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let units = user();
        let units = units.encode_utf16().flat_map(bytes);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("empty", Vec::new(), Read(0, 0, &[])),
        ("white space", text(" \n\t\r\n "), Read(0, 0, &[])),
        ("a mark alone", text("\u{feff}"), Read(0, 0, &[])),
        ("an empty object", text("{}"), Read(0, 0, &[])),
        (
            "marked",
            text(&format!("\u{feff}{}", user())),
            Read(4, 0, &[]),
        ),
        ("null", text("null"), SetAside),
        ("a number", text("1e400"), SetAside),
        ("a string", text(r#""{}""#), SetAside),
        ("an array", text(r#"[{"AccessToken":{}}]"#), SetAside),
        ("two objects", text("{}{}"), SetAside),
        ("more after it", text(&format!("{} x", user())), SetAside),
        ("a comment", text("{} // tokens"), SetAside),
        ("single quotes", text("{'AccessToken':{}}"), SetAside),
        ("a comma too many", text(r#"{"AccessToken":{},}"#), SetAside),
        ("HTML", text("<!DOCTYPE html><title>502</title>"), SetAside),
        ("zeroes", vec![0; 4_096], SetAside),
        (
            "zeroes after it",
            [text(&user()), vec![0; 64]].concat(),
            SetAside,
        ),
        (
            "UTF-16, little end",
            utf16(b"\xff\xfe", u16::to_le_bytes),
            SetAside,
        ),
        (
            "UTF-16, big end",
            utf16(b"\xfe\xff", u16::to_be_bytes),
            SetAside,
        ),
        ("no UTF-8", b"{\"Future\":\"\xc3\x28\"}".to_vec(), SetAside),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0".to_vec(),
            SetAside,
        ),
        (
            "DPAPI",
            [
                &b"\x01\0\0\0\xd0\x8c\x9d\xdf\x01\x15\xd1\x11\x8c\x7a\0\xc0\x4f\xc2\x97\xeb"[..],
                &[7; 200],
            ]
            .concat(),
            SetAside,
        ),
        (
            "SQLite",
            b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20".to_vec(),
            SetAside,
        ),
        ("65 deep", nested(64), SetAside),
        ("64 deep", nested(63), Read(0, 0, &["[[[[["])),
        ("very deep", vec![b'['; 3 << 20], SetAside),
        (
            "deep objects",
            r#"{"a":"#.repeat(100_000).into_bytes(),
            SetAside,
        ),
        (
            "a section that is a list",
            text(r#"{"AccessToken":[]}"#),
            SetAside,
        ),
        (
            "a section that is a text",
            text(r#"{"RefreshToken":"none"}"#),
            SetAside,
        ),
        (
            "a section that is null",
            text(r#"{"Account":null}"#),
            Read(0, 0, &[]),
        ),
        (
            "entries of other types",
            text(r#"{"AccessToken":{"a":1,"b":null,"c":[ "x" ],"d":"e","f":true,"g":{ }}}"#),
            Read(
                0,
                6,
                &[
                    r#""a":1"#,
                    r#""b":null"#,
                    r#""c":[ "x" ]"#,
                    r#""d":"e""#,
                    r#""f":true"#,
                    r#""g":{ }"#,
                ],
            ),
        ),
        (
            "members of other types",
            text(
                r#"{"RefreshToken":{"a":{"secret":7, "client_id":"c","environment":"e","home_account_id":"h"}}}"#,
            ),
            Read(
                0,
                1,
                &[r#"{"secret":7, "client_id":"c","environment":"e","home_account_id":"h"}"#],
            ),
        ),
        (
            "half of a character",
            text(
                r#"{"RefreshToken":{"a":{"secret":"\ud800","client_id":"c","environment":"e","home_account_id":"h"}}}"#,
            ),
            Read(0, 1, &[r#""secret":"\ud800""#]),
        ),
        (
            "half of a character in a name",
            text(r#"{"\udc00":1,"AccessToken":{"\ud800":{}}}"#),
            SetAside,
        ),
        (
            "a zero in a text",
            text(r#"{"AccessToken":{"a\u0000b":{"secret":"x\u0000"}}}"#),
            Read(0, 1, &[r#"{"secret":"x\u0000"}"#]),
        ),
        (
            "numbers that nobody can hold",
            text(r#"{"Future":{"a":1e400,"b":123456789012345678901234567890,"c":-0.0}}"#),
            Read(
                0,
                0,
                &[r#"{"a":1e400,"b":123456789012345678901234567890,"c":-0.0}"#],
            ),
        ),
        (
            // As every reader of JSON: the last one counts.
            "one key twice",
            text(r#"{"RefreshToken":{"k":{"secret":1},"k":{"secret":2}}}"#),
            Read(0, 1, &[r#"{"secret":2}"#]),
        ),
        (
            "one section twice",
            text(r#"{"RefreshToken":{"a":{"secret":1}},"RefreshToken":{"b":{"secret":2}}}"#),
            Read(0, 2, &[r#"{"secret":1}"#, r#"{"secret":2}"#]),
        ),
        (
            "one member twice",
            text(
                r#"{"RefreshToken":{"k":{"secret":"s","secret":"t","client_id":"c","environment":"e","home_account_id":"h"}}}"#,
            ),
            Read(0, 1, &[r#""secret":"s","secret":"t""#]),
        ),
        ("a long text", long_secret(), Read(1, 0, &["xxxxxxxxxx"])),
        (
            "a long key",
            [
                b"{\"AccessToken\":{\"".to_vec(),
                vec![b'k'; 10_000_000],
                b"\":{}}}".to_vec(),
            ]
            .concat(),
            Read(0, 1, &["kkkkkkkkkk"]),
        ),
        (
            "many damaged entries",
            many(),
            Read(0, 100_000, &[r#""99999":{"no":99999}"#]),
        ),
        (
            "of another program",
            text(r#"{"accounts":[{"id":1}],"v":2}"#),
            Read(0, 0, &[r#""accounts":[{"id":1}]"#, r#""v":2"#]),
        ),
    ]
}

fn outcome(name: &str, path: &Path, content: &[u8], expected: Expected) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = events.clone();
    let store = FileStore::new(path).unwrap();
    let cache = PersistentCache::builder()
        .on_event(move |event| told.lock().unwrap().push(event.clone()))
        .store(store.clone());
    assert!(cache.load().unwrap(), "{name}");
    let memory = cache.memory().unwrap();
    let (entries, damaged, kept) = match expected {
        Read(entries, damaged, kept) => (entries, damaged, kept),
        SetAside => (0, 0, &[][..]),
    };
    assert_eq!(memory.len(), entries, "{name}");
    assert_eq!(memory.statistics().unreadable, damaged, "{name}");
    cache.apply(&ours());
    cache.save().unwrap();
    let text = fs::read_to_string(path).unwrap();
    for kept in kept {
        assert!(text.contains(kept), "{name}: {kept}");
    }
    let again = PersistentCache::new(store.clone());
    again.load().unwrap();
    assert_eq!(again.memory().unwrap().len(), entries + 1, "{name}");
    let events = events.lock().unwrap();
    let place = events.iter().find_map(|event| match event {
        CacheEvent::SetAside { place, .. } => place.clone(),
        _ => None,
    });
    assert_eq!(
        store.leftovers().unwrap(),
        place.clone().into_iter().collect::<Vec<_>>(),
        "{name}"
    );
    assert_eq!(place.is_some(), matches!(expected, SetAside), "{name}");
    if let Some(place) = place {
        assert_eq!(fs::read(&place).unwrap(), content, "{name}");
        assert_eq!(fs::metadata(&place).unwrap().mode() & 0o7777, 0o600);
    }
}

/// A folder with such a file in it, that others may read as they like.
fn laid(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.json");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    (folder, path)
}

fn user() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/python-user.json");
    fs::read_to_string(path).unwrap()
}

fn ours() -> Change {
    Change::upsert(token(app_key("t", "c"), GRAPH, "s", an_hour()))
}

/// An object with so many lists in it.
fn nested(lists: usize) -> Vec<u8> {
    format!("{{\"Future\":{}{}}}", "[".repeat(lists), "]".repeat(lists)).into_bytes()
}

fn long_secret() -> Vec<u8> {
    let secret = "x".repeat(10_000_000);
    format!(
        r#"{{"RefreshToken":{{"k":{{"secret":"{secret}","client_id":"c","environment":"e","home_account_id":"h"}}}}}}"#
    )
    .into_bytes()
}

fn many() -> Vec<u8> {
    let entries = (0..100_000).map(|n| format!("\"{n}\":{{\"no\":{n}}}"));
    let entries = entries.collect::<Vec<_>>().join(",");
    format!("{{\"AccessToken\":{{{entries}}}}}").into_bytes()
}
