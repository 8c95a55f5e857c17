use msal_cache::persist::{Layout, PersistentCache};
use msal_core::store::{Partition, Persistence, TokenStore, UserFilter};
use msal_core::{Error, Timestamp};

use crate::common::{CLOUD, NOW, SignIn};
use crate::items::{Deed, Who, change, items_of};
use crate::map::{Did, Map};

#[test]
fn owners_are_evicted_as_a_whole_and_found_again_in_the_store() {
    let map = Map::new(Layout::ByOwner);
    let cache = PersistentCache::builder()
        .max_entries(40)
        .store(map.store());
    for n in 0..100 {
        sign_in(&cache, n, at(n));
        let statistics = cache.statistics();
        assert!(statistics.entries() <= 40, "{statistics:?}");
        assert_eq!(has(&cache, n), 4, "what was brought last is there");
    }
    let there = (0..100).filter(|n| has(&cache, *n) == 4).count();
    assert_eq!(there * 4, cache.statistics().entries());
    assert_eq!(cache.statistics().evicted, 400 - there as u64 * 4);
    assert_eq!(cache.users(CLOUD, UserFilter::All).len(), there);
    for n in 0..100 {
        load(&cache, Who::User(n).partition(), at(n));
        assert_eq!(has(&cache, n), 4, "{n}");
        assert!(cache.statistics().entries() <= 40);
    }
    assert_eq!(map.names().len(), 100);
}

#[test]
fn who_is_in_use_stays() {
    let map = Map::new(Layout::ByOwner);
    let cache = PersistentCache::builder()
        .max_entries(800)
        .store(map.store());
    for n in 0..200 {
        sign_in(&cache, n, at(n));
    }
    map.log();
    for round in 0..1_000_u32 {
        for hot in 0..20 {
            let seen = items_of_at(&cache, hot, at(200).as_secs() + u64::from(round));
            assert!(seen, "{hot} in round {round}");
        }
        let id = format!("other{round}.t");
        let user = SignIn::of(&id, "other");
        let partition = Partition::User(id.as_str().into());
        let now = Timestamp::from_secs(at(200).as_secs() + u64::from(round));
        load(&cache, partition.clone(), now);
        cache.apply(&msal_core::store::Change {
            upserts: user.all("s"),
            ..Default::default()
        });
        save_of(&cache, &partition, now).unwrap();
    }
    assert!(cache.statistics().entries() <= 800);
}

#[test]
fn bytes_are_bounded_too() {
    let map = Map::new(Layout::ByOwner);
    let cache = PersistentCache::builder()
        .max_bytes(64 << 10)
        .store(map.store());
    for n in 0..200 {
        sign_in(&cache, n, at(n));
        assert!(cache.statistics().bytes <= 64 << 10);
        assert_eq!(has(&cache, n), 4);
    }
    assert!(cache.statistics().entries() > 40);
}

#[test]
fn what_is_not_saved_stays_until_it_is() {
    let map = Map::new(Layout::ByOwner);
    let cache = PersistentCache::builder()
        .max_entries(40)
        .store(map.store());
    map.break_down();
    for n in 0..100 {
        let who = Who::User(n);
        load_of(&cache, &who.partition(), at(n)).unwrap_err();
        cache.apply(&change(who, Deed::SignedIn(u32::from(n))));
        save_of(&cache, &who.partition(), at(n)).unwrap_err();
    }
    assert_eq!((cache.unsaved(), cache.statistics().entries()), (100, 400));
    assert!((0..100).all(|n| has(&cache, n) == 4));
    map.heal();
    cache.save().unwrap();
    assert_eq!(cache.unsaved(), 0);
    assert!(cache.statistics().entries() <= 40);
    assert_eq!(map.names().len(), 100);
}

#[test]
fn what_one_value_holds_is_found_although_the_memory_is_too_small_for_it() {
    let map = Map::new(Layout::Whole);
    let large = map.cache();
    for n in 0..100 {
        large.apply(&change(Who::User(n), Deed::SignedIn(u32::from(n))));
        large.apply(&change(Who::App(n), Deed::SignedIn(u32::from(n))));
        large.apply(&change(Who::Assertion(n), Deed::SignedIn(u32::from(n))));
    }
    large.save().unwrap();
    let small = PersistentCache::builder()
        .max_entries(40)
        .store(map.store());
    for who in (0..100).flat_map(|n| [Who::User(n), Who::App(n), Who::Assertion(n)]) {
        load(&small, who.partition(), NOW);
        let expected = items_of(&large, [who].into_iter());
        assert_eq!(items_of(&small, [who].into_iter()), expected);
        assert!(small.statistics().entries() <= 40);
    }
    // Who is there is not read again.
    map.log();
    for _ in 0..10 {
        load(&small, Who::Assertion(99).partition(), NOW);
    }
    assert_eq!(
        (map.count(Did::FindUnchanged), map.count(Did::Read)),
        (10, 0)
    );
    // Who lists users gets all of them.
    load(&small, Partition::Everything, NOW);
    assert_eq!(small.users(CLOUD, UserFilter::All).len(), 100);
    // The next change makes room, and the store loses nothing.
    small.apply(&change(Who::User(200), Deed::SignedIn(200)));
    assert!(small.statistics().entries() <= 40);
    save_of(&small, &Who::User(200).partition(), NOW).unwrap();
    assert!(large.load().unwrap());
    assert_eq!(large.statistics().entries(), 100 * 7 + 4);
    // A save on top of what others wrote leaves what was saved in memory.
    large.apply(&change(Who::User(201), Deed::SignedIn(201)));
    large.save().unwrap();
    small.apply(&change(Who::User(202), Deed::SignedIn(202)));
    save_of(&small, &Who::User(202).partition(), NOW).unwrap();
    assert!(small.statistics().entries() <= 40);
    assert_eq!(has(&small, 202), 4);
}

#[test]
fn what_is_cleared_away_is_found_again_and_what_is_not_saved_stays() {
    for layout in [Layout::ByOwner, Layout::Whole] {
        let map = Map::new(layout);
        let cache = map.cache();
        for n in 0..3 {
            sign_in(&cache, n, NOW);
        }
        cache.apply(&change(Who::User(1), Deed::SignedOut));
        cache.apply(&change(Who::User(3), Deed::SignedIn(3)));
        cache.clear_memory();
        assert_eq!(cache.unsaved(), 2);
        assert_eq!([0, 1, 2, 3].map(|n| has(&cache, n)), [0, 0, 0, 4]);
        for n in 0..3 {
            load(&cache, Who::User(n).partition(), NOW);
        }
        assert_eq!([0, 1, 2, 3].map(|n| has(&cache, n)), [4, 0, 4, 4]);
        cache.save().unwrap();
        cache.clear_memory();
        assert_eq!(cache.statistics().entries(), 0);
        assert!(map.text(&map.names()[0]).unwrap().contains("u0.t"));
        // A memory that somebody cleared by hand is filled again, too.
        if let Some(memory) = cache.memory() {
            cache.load().unwrap();
            memory.clear();
            load(&cache, Who::User(0).partition(), NOW);
            assert_eq!(has(&cache, 0), 4);
        }
    }
}

fn sign_in(cache: &PersistentCache, n: u8, now: Timestamp) {
    let who = Who::User(n);
    load(cache, who.partition(), now);
    cache.apply(&change(who, Deed::SignedIn(u32::from(n))));
    save_of(cache, &who.partition(), now).unwrap();
}

fn load(cache: &PersistentCache, partition: Partition, now: Timestamp) {
    load_of(cache, &partition, now).unwrap();
}

fn load_of(cache: &PersistentCache, partition: &Partition, now: Timestamp) -> Result<(), Error> {
    Persistence::load(cache, partition, now).run()
}

fn save_of(cache: &PersistentCache, partition: &Partition, now: Timestamp) -> Result<(), Error> {
    Persistence::save(cache, partition, now).run()
}

/// How many entries of a user there are.
fn has(cache: &PersistentCache, n: u8) -> usize {
    items_of(cache, [Who::User(n)].into_iter()).len()
}

fn items_of_at(cache: &PersistentCache, n: u8, now: u64) -> bool {
    let id = Who::User(n).id();
    let user = SignIn::of(&id, "");
    cache
        .access_token(&user.lookup(&["s"]), Timestamp::from_secs(now))
        .is_some()
}

/// The tokens are good for an hour.
fn at(n: u8) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + u64::from(n))
}
