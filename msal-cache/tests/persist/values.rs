//! What values hold, and how long.

use std::sync::Arc;
use std::time::Duration;

use msal_cache::persist::{Layout, PersistentCache};
use msal_core::Timestamp;
use msal_core::store::{
    AppMetadataEntry, Change, Entity, Members, Partition, Persistence, TokenStore, UserFilter,
};

use crate::common::{self, CLOUD, NOW, SignIn, app_key, token};
use crate::items::{Deed, Who, change};
use crate::map::Map;

#[test]
fn a_value_goes_when_nothing_is_left_in_it() {
    let map = Map::new(Layout::ByOwner);
    let cache = map.cache();
    for who in [Who::User(1), Who::Assertion(1)] {
        cache.apply(&change(who, Deed::SignedIn(1)));
        cache.apply(&Change::upsert(app_metadata(None)));
    }
    cache.save().unwrap();
    assert_eq!(map.names(), ["hash1", "u1.t"]);
    for who in [Who::User(1), Who::Assertion(1)] {
        cache.apply(&change(who, Deed::SignedOut));
    }
    cache.save().unwrap();
    assert!(map.names().is_empty());
    // Signing in again begins anew.
    cache.apply(&change(Who::User(1), Deed::SignedIn(2)));
    cache.save().unwrap();
    assert_eq!(map.names(), ["u1.t"]);
}

#[test]
fn a_value_in_which_others_keep_something_stays() {
    for theirs in [
        r#"{"Future":{"a":1}}"#,
        r#"{"RefreshToken":{"odd":{"secret":7}}}"#,
    ] {
        let map = Map::new(Layout::ByOwner);
        map.set("u1.t", theirs);
        let cache = map.cache();
        cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
        cache.save().unwrap();
        cache.apply(&change(Who::User(1), Deed::SignedOut));
        cache.save().unwrap();
        let inner = theirs.get(1..theirs.len() - 1).unwrap();
        let text = map.text("u1.t").unwrap();
        assert!(text.contains(inner), "{text}");
        assert_eq!(map.life("u1.t"), None);
    }
}

#[test]
fn a_value_lives_as_long_as_its_tokens() {
    let map = Map::new(Layout::ByOwner);
    let cache = map.cache();
    let app = |scopes: &str, expires_on: u64| {
        let lifetime = common::lifetime(NOW.as_secs(), expires_on);
        Change::upsert(token(app_key("tenant1", "client"), scopes, "s", lifetime))
    };
    let now = NOW.as_secs();
    let name = Who::App(1).name();
    for (scopes, expires_on, life) in [
        ("a", now + 600, 600),
        ("b", now + 3_600, 3_600),
        ("c", now + 60, 3_600),
    ] {
        cache.apply(&app(scopes, expires_on));
        save(&cache, &Who::App(1).partition(), NOW);
        assert_eq!(map.life(&name), Some(Duration::from_secs(life)));
    }
    // Where all has expired, no store should be asked for a life of nothing.
    cache.apply(&app("d", now));
    save(
        &cache,
        &Who::App(1).partition(),
        NOW + Duration::from_secs(9_000),
    );
    assert_eq!(map.life(&name), Some(Duration::from_secs(1)));
    // How long a refresh token lives cannot be told.
    cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
    save(&cache, &Who::User(1).partition(), NOW);
    assert_eq!(map.life("u1.t"), None);
    let SignedInAgain(without) = only_access_token("u2.t");
    cache.apply(&without);
    save(&cache, &Who::User(2).partition(), NOW);
    assert_eq!(map.life("u2.t"), Some(Duration::from_secs(3_500)));
}

#[test]
fn what_is_known_of_applications_is_known_for_everybody() {
    for layout in [Layout::ByOwner, Layout::Whole] {
        let map = Map::new(layout);
        let ours = map.cache();
        let mut signed_in = change(Who::User(1), Deed::SignedIn(1));
        signed_in.upserts.push(app_metadata(Some("1")));
        ours.apply(&signed_in);
        ours.save().unwrap();
        let theirs = map.cache();
        assert!(theirs.app_metadata(CLOUD, "client").is_none());
        let load = |who: Who| Persistence::load(&theirs, &who.partition(), NOW).run();
        load(Who::User(1)).unwrap();
        let known = theirs.app_metadata(CLOUD, "client").unwrap();
        assert_eq!(known.family_id.as_deref(), Some("1"));
        assert_eq!(theirs.statistics().app_metadata, 1);
        // What is about an application alone belongs to nobody, and waits for nobody.
        theirs.apply(&Change::upsert(app_metadata(None)));
        let known = theirs.app_metadata(CLOUD, "client").unwrap();
        assert_eq!(known.family_id, None);
        assert_eq!(theirs.unsaved(), usize::from(layout == Layout::Whole));
    }
}

#[test]
fn spellings_of_an_owner_share_a_value_and_are_two_owners() {
    let map = Map::new(Layout::ByOwner);
    let cache = map.cache();
    let (small, large) = (SignIn::of("u1.t", "small"), SignIn::of("U1.T", "large"));
    for user in [&small, &large] {
        common_apply(&cache, user);
        cache.save().unwrap();
    }
    assert_eq!(map.names(), ["u1.t"]);
    cache.load().unwrap();
    for filter in [UserFilter::All, UserFilter::HomeAccountId("u1.t")] {
        let users = cache.users(CLOUD, filter);
        let expected = if matches!(filter, UserFilter::All) {
            2
        } else {
            1
        };
        assert_eq!(users.len(), expected, "{filter:?}");
    }
    assert_eq!(cache.users(CLOUD, UserFilter::Username("SMALL")).len(), 1);
    cache.apply(&Change::remove(large.sign_out()));
    cache.save().unwrap();
    let fresh = map.cache();
    for id in ["u1.t", "U1.T"] {
        let partition = Partition::User(id.into());
        Persistence::load(&fresh, &partition, NOW).run().unwrap();
    }
    assert!(fresh.user(CLOUD, "u1.t").is_some());
    assert!(fresh.user(CLOUD, "U1.T").is_none());
}

#[test]
fn each_part_is_tried_although_another_fails() {
    let map = Map::new(Layout::ByOwner);
    let cache = map.cache();
    for n in 0..8 {
        cache.apply(&change(Who::User(n), Deed::SignedIn(1)));
    }
    map.fail(0, "u3.t", crate::map::Fault::Before);
    assert!(cache.save().is_err());
    assert_eq!((map.names().len(), cache.unsaved()), (7, 1));
    map.set("u5.t", "{}");
    map.fail(0, "u3.t", crate::map::Fault::Before);
    assert!(cache.load().is_err());
    assert!(cache.user(CLOUD, "u5.t").is_none());
    cache.save().unwrap();
    assert_eq!(map.names().len(), 8);
}

#[test]
fn an_async_store_is_waited_for_by_whoever_can() {
    let map = Map::new(Layout::Whole);
    let cache = PersistentCache::new_async(crate::map::Pending(map.clone(), 0));
    cache.apply(&change(Who::User(1), Deed::SignedIn(1)));
    assert!(cache.save().is_err());
    assert!(cache.load().is_err());
    finish(cache.save_async()).unwrap();
    assert!(map.text("cache").unwrap().contains("u1.t"));
    map.set("cache", "{}");
    assert!(finish(cache.load_async()).unwrap());
    assert!(!finish(cache.load_async()).unwrap());
    assert!(cache.user(CLOUD, "u1.t").is_none());
}

struct SignedInAgain(Change);

fn only_access_token(id: &str) -> SignedInAgain {
    SignedInAgain(Change::upsert(SignIn::of(id, "").access_token("s", "s")))
}

fn common_apply(cache: &PersistentCache, user: &SignIn<'_>) {
    cache.apply(&Change {
        upserts: user.all("s"),
        ..Change::default()
    });
}

fn app_metadata(family_id: Option<&str>) -> Entity {
    Entity::AppMetadata(Arc::new(AppMetadataEntry {
        environment: CLOUD.into(),
        client_id: "client".into(),
        family_id: family_id.map(Into::into),
        members: Members::none(),
    }))
}

fn save(cache: &PersistentCache, partition: &Partition, now: Timestamp) {
    Persistence::save(cache, partition, now).run().unwrap();
}

pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
    }
}
