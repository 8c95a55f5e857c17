use std::collections::HashSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use msal_cache::encrypted::Encrypted;
use msal_cache::persist::{AsyncCacheStore, CacheStore, Loaded, Next, is_encrypted};
use proptest::prelude::*;

use crate::shelf::{Shelf, content, encrypted, is_damage, key_of, put, take};

proptest! {
    #[test]
    fn what_is_put_is_found(bytes in prop::collection::vec(any::<u8>(), 0..600), name in ".{0,40}") {
        let store = encrypted(1);
        put(&store, &name, &bytes).unwrap();
        prop_assert_eq!(take(&store, &name).unwrap(), Some(bytes.clone()));
        let kept = store.inner().raw(&name).unwrap();
        prop_assert!(is_encrypted(&kept));
        prop_assert_eq!(kept.len(), bytes.len() + 57);
    }
}

#[test]
fn nothing_of_a_value_or_a_key_is_in_what_is_kept() {
    let store = encrypted(b'K');
    let value = "0.AXEA-a-refresh-token;".repeat(40);
    put(&store, "ada", value.as_bytes()).unwrap();
    let kept = store.inner().raw("ada").unwrap();
    let is_seen = |secret: &[u8]| kept.windows(secret.len()).any(|seen| seen == secret);
    for secret in value.as_bytes().windows(8) {
        assert!(!is_seen(secret));
    }
    assert!(!is_seen(b"KKKKKKKK"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let store = encrypted(1);
    put(&store, "ada", b"{\"a\": 1}").unwrap();
    let kept = store.inner().raw("ada").unwrap();
    for bit in 0..8 * kept.len() {
        let mut flipped = kept.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        store.inner().set_raw("ada", &flipped);
        let error = take(&store, "ada").unwrap_err();
        // What tells who wrote it, and with which key, is no damage.
        assert_eq!(is_damage(&store, "ada", &error), bit / 8 >= 17, "bit {bit}");
        let mut make = |_: &_| panic!("it must not be seen");
        CacheStore::update(&store, "ada", &mut make).unwrap_err();
        assert_eq!(store.inner().raw("ada").unwrap(), flipped);
    }
}

#[test]
fn a_value_that_was_cut_or_made_longer_is_damaged() {
    let store = encrypted(1);
    put(&store, "ada", b"{\"a\": 1}").unwrap();
    let kept = store.inner().raw("ada").unwrap();
    let cut = (0..kept.len()).map(|length| kept[..length].to_vec());
    let longer = [kept.as_slice(), &[0]].concat();
    for bytes in cut.chain([longer, vec![0; 100]]) {
        store.inner().set_raw("ada", &bytes);
        let error = take(&store, "ada").unwrap_err();
        assert!(
            is_damage(&store, "ada", &error),
            "{} bytes: {error}",
            bytes.len()
        );
    }
}

#[test]
fn a_value_under_another_name_is_damaged() {
    let store = encrypted(1);
    put(&store, "ada", b"hers").unwrap();
    put(&store, "ben", b"his").unwrap();
    let hers = store.inner().raw("ada").unwrap();
    store.inner().set_raw("ben", &hers);
    let error = take(&store, "ben").unwrap_err();
    assert!(is_damage(&store, "ben", &error));
    assert_eq!(take(&store, "ada").unwrap().unwrap(), b"hers");
}

#[test]
fn a_damaged_value_can_be_set_aside_as_it_is() {
    let store = encrypted(1);
    let version = put(&store, "ada", b"{}").unwrap().after;
    let mut kept = store.inner().raw("ada").unwrap();
    *kept.last_mut().unwrap() ^= 1;
    store.inner().set_raw("ada", &kept);
    CacheStore::set_aside(&store, "ada", &version).unwrap();
    assert!(take(&store, "ada").is_err(), "that was another state of it");

    let Loaded::Found(found) = CacheStore::load(store.inner(), "ada", None).unwrap() else {
        panic!("it has not been seen")
    };
    CacheStore::set_aside(&store, "ada", &found.version).unwrap();
    assert_eq!(take(&store, "ada").unwrap(), None);
    assert_eq!(store.inner().raw("ada.corrupt").unwrap(), kept);
}

#[test]
fn no_two_writes_have_the_same_nonce() {
    let store = encrypted(1);
    let mut nonces = HashSet::new();
    for _ in 0..10_000 {
        put(&store, "ada", b"the same").unwrap();
        let kept = store.inner().raw("ada").unwrap();
        assert!(nonces.insert(kept[17..41].to_vec()));
    }
}

#[test]
fn updates_at_once_lose_none() {
    let store = encrypted(1);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut one_more = |found: &msal_cache::persist::Found| {
                        let so_far = found.bytes.as_deref().map_or(&[][..], |bytes| bytes);
                        Ok(Next::Put(content(&[so_far, b"."].concat())))
                    };
                    CacheStore::update(&store, "ada", &mut one_more).unwrap();
                }
            });
        }
    });
    assert_eq!(take(&store, "ada").unwrap().unwrap().len(), 400);
}

#[test]
fn what_the_store_says_of_versions_and_absence_is_handed_through() {
    let store = encrypted(1);
    assert_eq!(take(&store, "ada").unwrap(), None);
    let updated = put(&store, "ada", b"{}").unwrap();
    let again = CacheStore::load(&store, "ada", Some(&updated.after)).unwrap();
    assert!(matches!(again, Loaded::Unchanged));
    let kept = CacheStore::update(&store, "ada", &mut |_| Ok(Next::Keep)).unwrap();
    assert_eq!(kept.after, updated.after);
    CacheStore::update(&store, "ada", &mut |_| Ok(Next::Remove)).unwrap();
    assert_eq!(take(&store, "ada").unwrap(), None);
    store.inner().set_raw("ada", b"{}");
    assert_eq!(take(&store, "ada").unwrap(), None, "so files are emptied");
}

#[test]
fn a_store_that_is_awaited_is_encrypted_alike() {
    let store = encrypted(1);
    let put = now(AsyncCacheStore::update(&store, "ada", &mut |_| {
        Ok(Next::Put(content(b"hers")))
    }));
    assert!(is_encrypted(&store.inner().raw("ada").unwrap()));
    let Loaded::Found(found) = now(AsyncCacheStore::load(&store, "ada", None)).unwrap() else {
        panic!("it has not been seen")
    };
    assert_eq!(found.bytes.unwrap().as_slice(), b"hers");
    assert_eq!(found.version, put.unwrap().after);

    let other = Encrypted::new(Shelf::default(), key_of(2));
    other
        .inner()
        .set_raw("ada", &store.inner().raw("ada").unwrap());
    assert!(now(AsyncCacheStore::load(&other, "ada", None)).is_err());
}

/// What a future gives that has nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}
