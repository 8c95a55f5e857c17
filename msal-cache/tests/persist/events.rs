//! Damaged values, and who is told.

use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};

use msal_cache::persist::{CacheEvent, Layout, PersistentCache, PersistentCacheBuilder};
use msal_core::store::{Persistence, TokenStore};

use crate::common::{CLOUD, NOW};
use crate::items::{Deed, Who, change};
use crate::map::{Did, Map, Pending};
use crate::values::finish;

const LAYOUTS: [Layout; 2] = [Layout::ByOwner, Layout::Whole];

#[test]
fn a_damaged_value_is_set_aside_by_whoever_loads() {
    for layout in LAYOUTS {
        for damaged in ["{\"AccessToken\"", "[1]", "no JSON", "\u{0}"] {
            let (map, name) = (Map::new(layout), name(layout));
            map.set(&name, damaged);
            let (builder, told) = telling();
            let cache = builder.store(map.store());
            load(&cache);
            assert_eq!(*told.lock().unwrap(), [aside(&name), loaded(&name)]);
            assert_eq!(map.names(), [format!("{name}.corrupt")]);
            assert_eq!(map.text(&format!("{name}.corrupt")).unwrap(), damaged);
            cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
            cache.save().unwrap();
            assert!(map.text(&name).unwrap().contains("u1.t"));
        }
    }
}

#[test]
fn a_damaged_value_is_set_aside_by_whoever_saves() {
    for layout in LAYOUTS {
        let (map, name) = (Map::new(layout), name(layout));
        let (builder, told) = telling();
        let cache = builder.store(map.store());
        cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
        map.set(&name, "damaged");
        cache.save().unwrap();
        assert_eq!(*told.lock().unwrap(), [aside(&name), saved(&name)]);
        assert_eq!(map.text(&format!("{name}.corrupt")).unwrap(), "damaged");
        assert!(map.text(&name).unwrap().contains("u1.t"));
        assert_eq!((cache.unsaved(), cache.statistics().entries()), (0, 4));
    }
}

#[test]
fn what_is_too_large_is_refused_and_left_alone() {
    for layout in LAYOUTS {
        let (map, name) = (Map::new(layout), name(layout));
        let large = format!("{{\"Future\":\"{}\"}}", "x".repeat(9_000));
        map.set(&name, &large);
        let (builder, told) = telling();
        let cache = builder.max_value_bytes(8_000).store(map.store());
        cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
        for error in [cache.load().map(drop), cache.save()] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("more than the 8000"), "{error}");
        }
        assert_eq!(map.text(&name).unwrap(), large);
        assert_eq!((cache.unsaved(), told.lock().unwrap().len()), (1, 0));
        // Nor is written what nobody could read.
        map.set(&name, &large.replacen(&"x".repeat(1_100), "", 1));
        cache.save().unwrap_err();
        map.set(&name, "{}");
        cache.save().unwrap();
        assert_eq!(map.names(), [name]);
    }
}

#[test]
fn what_somebody_repairs_meanwhile_is_not_set_aside() {
    let map = Map::new(Layout::Whole);
    map.set("cache", "damaged");
    let (builder, told) = telling();
    let cache = builder.async_store(Pending(map.clone(), 0));
    {
        let mut load = pin!(cache.load_async());
        let mut context = Context::from_waker(Waker::noop());
        // What was read is on its way.
        while map.count(Did::Read) == 0 {
            assert!(load.as_mut().poll(&mut context).is_pending());
        }
        map.set("cache", r#"{"Future":1}"#);
        while load.as_mut().poll(&mut context).is_pending() {}
    }
    assert_eq!(*told.lock().unwrap(), [loaded("cache")]);
    assert_eq!(map.names(), ["cache"]);
}

#[test]
fn who_is_told_hears_of_what_happened_although_nobody_waits_for_it_any_more() {
    let map = Map::new(Layout::Whole);
    map.set("cache", "damaged");
    let (builder, told) = telling();
    let cache = builder.async_store(Pending(map.clone(), 0));
    {
        let mut load = pin!(cache.load_async());
        let mut context = Context::from_waker(Waker::noop());
        while map.count(Did::Remove) == 0 {
            assert!(load.as_mut().poll(&mut context).is_pending());
        }
        // It waits for the store to say that it is done, and then reads again.
        while map.count(Did::Read) < 2 {
            assert!(load.as_mut().poll(&mut context).is_pending());
        }
        assert!(load.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(*told.lock().unwrap(), [aside("cache")]);
    // Nobody else is held up by who went away.
    finish(cache.load_async()).unwrap();
    assert_eq!(told.lock().unwrap().last(), Some(&loaded("cache")));
}

#[test]
fn who_is_told_may_call_the_cache_and_may_panic() {
    for layout in LAYOUTS {
        let map = Map::new(layout);
        let own: Arc<OnceLock<PersistentCache>> = Arc::default();
        let (inner, seen) = (own.clone(), Arc::new(Mutex::new(0)));
        let count = seen.clone();
        let builder = PersistentCache::builder().on_event(move |event| {
            *count.lock().unwrap() += 1;
            let cache = inner.get().unwrap();
            // Every lock there is.
            cache.load().unwrap();
            cache.save().unwrap();
            assert_eq!((cache.unsaved(), cache.statistics().entries()), (0, 4));
            assert!(cache.user(CLOUD, "u1.t").is_some());
            panic!("of the program's: {event:?}");
        });
        let cache = own.get_or_init(|| builder.store(map.store()));
        cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
        cache.save().unwrap();
        assert_eq!(*seen.lock().unwrap(), 1);
        cache.apply(&change(Who::User(1), Deed::Renewed(2)));
        cache.save().unwrap();
        assert_eq!(*seen.lock().unwrap(), 2);
        assert!(map.text(&name(layout)).unwrap().contains("u1.t"));
    }
}

fn telling() -> (PersistentCacheBuilder, Arc<Mutex<Vec<String>>>) {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let log = told.clone();
    let builder = PersistentCache::builder().on_event(move |event| {
        let text = match event {
            CacheEvent::Loaded { name } => loaded(name),
            CacheEvent::Saved { name } => saved(name),
            CacheEvent::SetAside {
                name,
                place,
                damage,
            } => {
                assert_eq!(place.as_deref(), Some(&*format!("{name}.corrupt")));
                assert!(!damage.to_string().is_empty());
                aside(name)
            }
            other => panic!("{other:?}"),
        };
        log.lock().unwrap().push(text);
    });
    (builder, told)
}

fn load(cache: &PersistentCache) {
    let user = Who::User(1).partition();
    Persistence::load(cache, &user, NOW).run().unwrap();
}

fn name(layout: Layout) -> String {
    match layout {
        Layout::Whole => "cache".to_owned(),
        _ => "u1.t".to_owned(),
    }
}

fn loaded(name: &str) -> String {
    format!("loaded {name}")
}

fn saved(name: &str) -> String {
    format!("saved {name}")
}

fn aside(name: &str) -> String {
    format!("set {name} aside")
}
