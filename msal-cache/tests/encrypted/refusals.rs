use std::error::Error as _;

use msal_cache::encrypted::{Encrypted, EncryptionError};
use msal_cache::persist::{CacheStore, Damaged};
use msal_core::{Error, ErrorKind};

use crate::shelf::{Shelf, encrypted, key_of, put, take};

#[test]
fn a_wrong_key_is_told_from_damage_and_changes_nothing() {
    let store = encrypted(1);
    put(&store, "ada", b"hers").unwrap();
    let kept = store.inner().raw("ada").unwrap();
    let other = encrypted(2);
    other.inner().set_raw("ada", &kept);
    let expected = EncryptionError::WrongKey {
        name: "ada".into(),
        theirs: key_of(1).id(),
        ours: key_of(2).id(),
    };
    is_left(&other, &expected);
    let told = take(&other, "ada").unwrap_err().to_string();
    assert!(told.contains("give that key"), "{told}");
}

#[test]
fn a_plain_value_is_told_from_damage_and_changes_nothing() {
    let name = "ada".to_owned();
    for plain in [
        &b"{\"AccessToken\": {}}"[..],
        b" {}",
        b"\xef\xbb\xbf{}",
        b"-----BEGIN PRIVATE KEY-----",
        b"\x8bMSAL\n\0 as text",
    ] {
        let store = encrypted(1);
        store.inner().set_raw("ada", plain);
        is_left(
            &store,
            &EncryptionError::NotEncrypted { name: name.clone() },
        );
    }
}

#[test]
fn a_later_format_is_told_from_damage_and_changes_nothing() {
    let store = encrypted(1);
    put(&store, "ada", b"hers").unwrap();
    let mut kept = store.inner().raw("ada").unwrap();
    assert_eq!(kept[8], 1);
    kept[8] = 2;
    store.inner().set_raw("ada", &kept);
    let name = "ada".to_owned();
    is_left(&store, &EncryptionError::UnknownFormat { name, format: 2 });
}

#[test]
fn old_keys_are_read_and_the_new_one_is_written() {
    let old = encrypted(1);
    put(&old, "ada", b"hers").unwrap();
    let kept = old.inner().raw("ada").unwrap();

    let both = Encrypted::new(Shelf::default(), key_of(2))
        .also_reads(key_of(3))
        .also_reads(key_of(1));
    both.inner().set_raw("ada", &kept);
    assert_eq!(take(&both, "ada").unwrap().unwrap(), b"hers");
    put(&both, "ada", b"hers, anew").unwrap();

    let new = encrypted(2);
    new.inner()
        .set_raw("ada", &both.inner().raw("ada").unwrap());
    assert_eq!(take(&new, "ada").unwrap().unwrap(), b"hers, anew");
}

/// Neither read nor written, nor called damaged.
fn is_left(store: &Encrypted<Shelf>, expected: &EncryptionError) {
    let kept = store.inner().raw("ada").unwrap();
    let check = |error: Error| {
        assert_eq!(error.kind(), &ErrorKind::Cache);
        assert_eq!(error.source().unwrap().downcast_ref(), Some(expected));
        assert!(Damaged::of(&error).is_none());
    };
    check(take(store, "ada").unwrap_err());
    let mut make = |_: &_| panic!("it must not be seen");
    check(CacheStore::update(store, "ada", &mut make).unwrap_err());
    assert_eq!(store.inner().raw("ada").unwrap(), kept);
}
