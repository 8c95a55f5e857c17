//! Stores that hang or panic: calls end in time, with their token, and what was not saved is saved later.

use std::time::{Duration, Instant};

use msal::{AuthenticationResult, ErrorKind, PersistentCache, TokenSource};

use crate::puppet::{AsyncPuppet, Mood, Puppet};
use crate::stage::{SCOPE, Stage};

const LIMIT: Duration = Duration::from_secs(3);

/// Longer than the limit by what a busy machine needs to tell that it is over.
const AT_MOST: Duration = Duration::from_secs(4);

/// Releases the threads that hang, at the end of the test too.
struct Hanging<'p>(&'p Puppet);

impl<'p> Hanging<'p> {
    fn begin(puppet: &'p Puppet) -> Self {
        puppet.is(Mood::Hangs);
        Self(puppet)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.is(Mood::Works);
    }
}

fn assert_not_saved(result: &AuthenticationResult, begun: Instant) {
    assert!(begun.elapsed() < AT_MOST, "{:?}", begun.elapsed());
    assert_eq!(result.token_source(), TokenSource::IdentityProvider);
    let error = result.persist_error().unwrap();
    assert_eq!(error.kind(), &ErrorKind::Cache, "{error}");
}

fn assert_hit(result: &AuthenticationResult, begun: Instant) {
    assert_eq!(result.token_source(), TokenSource::Cache);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_store_that_hangs_holds_up_no_blocking_call_beyond_its_limit() {
    let (stage, puppet) = (Stage::new(), Puppet::default());
    let cache = PersistentCache::new(puppet.clone());
    let app = stage.blocking().token_cache(cache.clone()).build().unwrap();
    let hanging = Hanging::begin(&puppet);
    let begun = Instant::now();
    let result = app.acquire_token_for_client([SCOPE]).timeout(LIMIT).send();
    assert_not_saved(&result.unwrap(), begun);
    let begun = Instant::now();
    // The look that hangs is enough.
    stage.clock.advance(60);
    for _ in 0..3 {
        assert_hit(
            &app.acquire_token_for_client([SCOPE]).send().unwrap(),
            begun,
        );
    }
    assert_eq!(puppet.values(), 0);
    drop(hanging);
    cache.save().unwrap();
    assert_eq!((puppet.values(), cache.unsaved()), (1, 0));
}

#[tokio::test]
async fn a_store_that_blocks_holds_up_no_async_call_beyond_its_limit() {
    let (stage, puppet) = (Stage::new(), Puppet::default());
    let cache = PersistentCache::new(puppet.clone());
    let builder = stage.asynchronous().token_cache(cache.clone());
    let app = builder.build().unwrap();
    let hanging = Hanging::begin(&puppet);
    let begun = Instant::now();
    let result = app.acquire_token_for_client([SCOPE]).timeout(LIMIT).await;
    assert_not_saved(&result.unwrap(), begun);
    stage.clock.advance(60);
    let begun = Instant::now();
    assert_hit(&app.acquire_token_for_client([SCOPE]).await.unwrap(), begun);
    drop(hanging);
    tokio::task::spawn_blocking(move || cache.save().unwrap())
        .await
        .unwrap();
    assert_eq!(puppet.values(), 1);
}

#[tokio::test]
async fn an_async_store_that_never_answers_holds_up_no_call_beyond_its_limit() {
    let (stage, puppet) = (Stage::new(), AsyncPuppet::default());
    let cache = PersistentCache::new_async(puppet.clone());
    let app = stage.asynchronous().token_cache(cache).build().unwrap();
    puppet.0.is(Mood::Hangs);
    let begun = Instant::now();
    let result = app.acquire_token_for_client([SCOPE]).timeout(LIMIT).await;
    assert_not_saved(&result.unwrap(), begun);
    puppet.0.is(Mood::Works);
    let other = app.acquire_token_for_client([SCOPE]).force_refresh().await;
    assert!(other.unwrap().persist_error().is_none());
    assert_eq!(puppet.0.values(), 1);
}

#[tokio::test]
async fn an_async_store_keeps_what_async_applications_obtain() {
    let (stage, puppet) = (Stage::new(), AsyncPuppet::default());
    for source in [TokenSource::IdentityProvider, TokenSource::Cache] {
        let cache = PersistentCache::new_async(puppet.clone());
        let app = stage.asynchronous().token_cache(cache).build().unwrap();
        let result = app.acquire_token_for_client([SCOPE]).await.unwrap();
        assert!(result.persist_error().is_none());
        assert_eq!(result.token_source(), source);
    }
}

#[test]
fn an_async_store_is_refused_where_nobody_could_wait_for_it() {
    let stage = Stage::new();
    let cache = || PersistentCache::new_async(AsyncPuppet::default());
    let kind = ErrorKind::Unsupported("an async token cache");
    let error = stage.blocking().token_cache(cache()).build().unwrap_err();
    assert_eq!(error.kind(), &kind);
    let error = stage.command().token_cache(cache()).build().unwrap_err();
    assert_eq!(error.kind(), &kind);
    let error = cache().save().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unsupported("a blocking call"));
}

#[tokio::test]
async fn a_store_that_panics_costs_no_token_and_works_again_afterwards() {
    let kind = ErrorKind::CallbackPanicked("token cache save");
    let (stage, puppet) = (Stage::new(), AsyncPuppet::default());
    puppet.0.is(Mood::Panics);
    let in_thread = PersistentCache::new(puppet.0.clone());
    let polled = PersistentCache::new_async(puppet.clone());
    for cache in [in_thread, polled] {
        puppet.0.is(Mood::Panics);
        let app = stage.asynchronous().token_cache(cache.clone());
        let app = app.build().unwrap();
        let result = app.acquire_token_for_client([SCOPE]).await.unwrap();
        assert_eq!(result.persist_error().unwrap().kind(), &kind);
        assert_eq!(cache.unsaved(), 1);
        puppet.0.is(Mood::Works);
        let again = app.acquire_token_for_client([SCOPE]).force_refresh().await;
        assert!(again.unwrap().persist_error().is_none());
        assert_eq!(cache.unsaved(), 0);
    }
}

#[test]
fn a_store_that_panics_fails_no_blocking_call() {
    let (stage, puppet) = (Stage::new(), Puppet::default());
    let cache = PersistentCache::new(puppet.clone());
    let app = stage.blocking().token_cache(cache.clone()).build().unwrap();
    puppet.is(Mood::Panics);
    let result = app.acquire_token_for_client([SCOPE]).send().unwrap();
    let kind = ErrorKind::CallbackPanicked("token cache save");
    assert_eq!(result.persist_error().unwrap().kind(), &kind);
    puppet.is(Mood::Works);
    cache.save().unwrap();
    assert_eq!(puppet.values(), 1);
}
