//! Saves that meet, and those that wait.

use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;

use msal_cache::persist::{CacheStore, Layout, Loaded, Make, PersistentCache, Updated, Version};
use msal_core::Error;
use msal_core::store::{Change, Persistence, TokenStore};

use crate::common::{CLOUD, GRAPH, NOW, an_hour, app_key, app_lookup, token};
use crate::items::{Deed, Who, change, items_of};
use crate::map::{Blocking, Did, Map};

#[test]
fn threads_that_save_at_once_do_so_together_and_each_returns_when_it_is_saved() {
    for layout in [Layout::ByOwner, Layout::Whole] {
        let map = Map::new(layout);
        let cache = map.cache();
        thread::scope(|scope| {
            for thread in 0..8 {
                let (map, cache) = (&map, &cache);
                scope.spawn(move || {
                    for n in 0..20 {
                        let client = format!("client{thread}-{n}");
                        let key = app_key("t", "client");
                        let scope = format!("{client}/.default");
                        cache.apply(&Change::upsert(token(key, &scope, "s", an_hour())));
                        cache.save().unwrap();
                        let name = map.names().pop().unwrap();
                        assert!(map.text(&name).unwrap().contains(&client), "{client}");
                    }
                });
            }
        });
        assert_eq!(cache.unsaved(), 0);
        assert_eq!(cache.statistics().access_tokens, 160);
        assert!(map.count(Did::Put) <= 160);
    }
}

#[test]
fn who_waits_for_a_save_is_saved_by_the_next_with_all_others() {
    let map = Map::new(Layout::Whole);
    let gate = Arc::new(Gate::default());
    let store = Gated(map.store(), gate.clone());
    let cache = PersistentCache::new(store);
    let put = |n: u32| {
        let key = app_key("t", &n.to_string());
        cache.apply(&Change::upsert(token(key, GRAPH, "s", an_hour())));
    };
    let ready = Barrier::new(9);
    thread::scope(|scope| {
        put(0);
        let first = scope.spawn(|| cache.save().unwrap());
        gate.wait_for_one();
        for n in 1..9 {
            let (cache, ready, put) = (&cache, &ready, &put);
            scope.spawn(move || {
                put(n);
                ready.wait();
                cache.save().unwrap();
            });
        }
        // All of them are there before the first is through.
        ready.wait();
        gate.open();
        first.join().unwrap();
    });
    assert_eq!(cache.unsaved(), 0);
    assert_eq!(map.count(Did::Put), 2);
}

#[test]
fn a_store_that_cannot_be_written_for_long_costs_tokens_before_it_costs_removals() {
    let map = Map::new(Layout::Whole);
    let others = map.cache();
    for n in 0..100 {
        others.apply(&change(Who::User(n), Deed::SignedIn(1)));
    }
    others.save().unwrap();
    let cache = map.cache();
    cache.load().unwrap();
    map.break_down();
    for n in 0..100 {
        cache.apply(&change(Who::User(n), Deed::SignedOut));
        assert!(cache.save().is_err());
    }
    let key = |n: u32| app_key("t", &format!("c{n}"));
    for n in 0..5_000 {
        cache.apply(&Change::upsert(token(key(n), GRAPH, "s", an_hour())));
    }
    assert_eq!(cache.unsaved(), 4_096);
    assert_eq!(cache.statistics().entries(), 5_000);
    map.heal();
    cache.save().unwrap();
    assert_eq!(cache.unsaved(), 0);
    others.load().unwrap();
    let statistics = others.statistics();
    assert_eq!((statistics.access_tokens, statistics.accounts), (3_996, 0));
    for (n, is_there) in [(0, false), (1_003, false), (1_004, true), (4_999, true)] {
        let client = format!("c{n}");
        let lookup = app_lookup("t", &client, &[GRAPH]);
        assert_eq!(others.access_token(&lookup, NOW).is_some(), is_there, "{n}");
    }
}

#[test]
fn what_others_renewed_is_not_hidden_by_what_we_could_not_save() {
    for layout in [Layout::ByOwner, Layout::Whole] {
        let map = Map::new(layout);
        let (ours, theirs) = (map.cache(), map.cache());
        let who = Who::User(1);
        let refresh = |cache: &PersistentCache| {
            let items = items_of(cache, [who].into_iter());
            items.get(&(who, crate::items::Kind::Refresh)).copied()
        };
        map.break_down();
        ours.apply(&change(who, Deed::SignedIn(1)));
        assert!(ours.save().is_err());
        map.heal();
        theirs.apply(&change(who, Deed::SignedIn(2)));
        theirs.save().unwrap();
        ours.load().unwrap();
        assert_eq!((refresh(&ours), ours.unsaved()), (Some(2), 1));
        ours.save().unwrap();
        theirs.load().unwrap();
        assert_eq!((refresh(&ours), refresh(&theirs)), (Some(2), Some(2)));
        assert!(theirs.user(CLOUD, "u1.t").is_some());
    }
}

#[test]
fn the_store_is_asked_once_an_interval() {
    for layout in [Layout::ByOwner, Layout::Whole] {
        let map = Map::new(layout);
        let store = || PersistentCache::builder().check_every(std::time::Duration::from_secs(10));
        let cache = store().store(map.store());
        let who = Who::User(1);
        let id = who.id();
        let user = crate::common::SignIn::of(&id, "");
        let scopes = ["s"];
        let lookup = user.lookup(&scopes);
        let at = |seconds: i64| {
            let now = NOW.as_secs().checked_add_signed(seconds).unwrap();
            msal_core::Timestamp::from_secs(now)
        };
        cache.apply(&change(who, Deed::SignedIn(1)));
        assert!(cache.is_due(&lookup, at(0)), "nobody has looked yet");
        let load = |seconds: i64| {
            drop(Persistence::load(&cache, &who.partition(), at(seconds)));
        };
        // It counts from the moment on in which somebody is about to look.
        load(0);
        for (seconds, is_due) in [(0, false), (9, false), (10, true), (-1, true), (11, true)] {
            assert_eq!(cache.is_due(&lookup, at(seconds)), is_due, "{seconds}");
        }
        // The clock was set back.
        load(-1_000_000);
        assert!(!cache.is_due(&lookup, at(-999_999)));
        assert!(cache.is_due(&lookup, at(0)));
        map.break_down();
        load(0);
        assert!(
            !cache.is_due(&lookup, at(1)),
            "a store that is out of order is not asked more often"
        );
        let id = Who::User(2).id();
        let other = crate::common::SignIn::of(&id, "");
        let is_whole = layout == Layout::Whole;
        assert_eq!(cache.is_due(&other.lookup(&scopes), at(100)), is_whole);
        let eager = store()
            .check_every(std::time::Duration::ZERO)
            .store(map.store());
        eager.apply(&change(who, Deed::SignedIn(1)));
        drop(Persistence::load(&eager, &who.partition(), at(0)));
        assert!(eager.is_due(&lookup, at(0)));
    }
}

/// A store whose first update waits.
#[derive(Debug)]
struct Gated(Blocking, Arc<Gate>);

#[derive(Debug, Default)]
struct Gate {
    /// Whether one waits, and whether it is open.
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        drop(
            self.changed
                .wait_while(state, |(_, is_open)| !*is_open)
                .unwrap(),
        );
    }

    fn wait_for_one(&self) {
        let state = self.state.lock().unwrap();
        drop(
            self.changed
                .wait_while(state, |(one_waits, _)| !*one_waits)
                .unwrap(),
        );
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

impl CacheStore for Gated {
    fn layout(&self) -> Layout {
        CacheStore::layout(&self.0)
    }

    fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        CacheStore::load(&self.0, name, seen)
    }

    fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        self.1.pass();
        CacheStore::update(&self.0, name, make)
    }
}
