//! Many callers at once.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use msal::{AuthenticationResult, Error, TokenCache, TokenSource};
use msal_testing::{Endpoint, Fault, LocalIdentityProvider, Resource};

use crate::stage::{LONG, OTHER_SCOPE, SCOPE, Stage, WatchedStore, poll_once};

#[tokio::test]
async fn sixty_four_tasks_on_an_empty_cache_make_one_request() {
    tasks_make_one_request(64).await;
}

#[tokio::test]
async fn ten_thousand_tasks_on_an_empty_cache_make_one_request() {
    tasks_make_one_request(10_000).await;
}

async fn tasks_make_one_request(count: usize) {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let hold = stage.provider.hold(Endpoint::Token);
    let mut calls: Vec<_> = (0..count)
        .map(|_| app.acquire_token_for_client([SCOPE]).into_future())
        .collect();
    // Each has begun, and waits, before there is an answer.
    assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
    let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    stage.arrived(1).await;
    hold.release();
    let mut tokens = Vec::new();
    for call in calls {
        tokens.push(call.await.unwrap().unwrap());
    }
    assert_one_led(&tokens);
    assert_eq!(stage.token_requests(), 1);
}

#[test]
fn sixty_four_threads_on_an_empty_cache_make_one_request() {
    let stage = Stage::new();
    let store = WatchedStore::default();
    let app = stage
        .blocking()
        .token_store(Arc::new(store.clone()))
        .build()
        .unwrap();
    let hold = stage.provider.hold(Endpoint::Token);
    let tokens: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..64)
            .map(|_| scope.spawn(|| app.acquire_token_for_client([SCOPE]).send().unwrap()))
            .collect();
        // Each looks twice before it waits.
        store.looked_into(2 * 64);
        stage.provider.wait_for(Endpoint::Token, 1, LONG).unwrap();
        hold.release();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_one_led(&tokens);
    assert_eq!(stage.token_requests(), 1);
}

/// All have the same token, and one of them fetched it.
fn assert_one_led(tokens: &[AuthenticationResult]) {
    let first = tokens[0].access_token();
    assert!(tokens.iter().all(|token| token.access_token() == first));
    let led = |token: &&AuthenticationResult| token.token_source() == TokenSource::IdentityProvider;
    assert_eq!(tokens.iter().filter(led).count(), 1);
}

#[tokio::test]
async fn a_hundred_keys_of_a_hundred_tasks_make_a_hundred_requests() {
    let mut provider = LocalIdentityProvider::builder().opaque_access_tokens(40);
    for key in 0..100 {
        let id = format!("00000000-0000-4000-8000-0000000{key:05}");
        provider = provider.resource(Resource::new(&format!("api://{key}"), &id));
    }
    let stage = Stage::with(provider.start().unwrap());
    let app = stage.asynchronous().build().unwrap();
    let calls: Vec<_> = (0..10_000)
        .map(|n| format!("api://{}/.default", n % 100))
        .map(|scope| tokio::spawn(app.acquire_token_for_client([scope]).into_future()))
        .collect();
    let mut tokens = Vec::new();
    for call in calls {
        let token = call.await.unwrap().unwrap();
        tokens.push(token.access_token().expose().to_owned());
    }
    assert_eq!(stage.token_requests(), 100);
    for (n, token) in tokens.iter().enumerate() {
        assert_eq!(token, &tokens[n % 100]);
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 100);
}

#[tokio::test]
async fn no_key_waits_for_another() {
    let stage = Stage::new();
    let app = stage.asynchronous().build().unwrap();
    let slow =
        |request: &msal_testing::Request| request.form_field("scope").as_deref() == Some(SCOPE);
    stage.provider.script(Fault::hang().when(slow).forever());
    let stuck = tokio::spawn(app.acquire_token_for_client([SCOPE]).into_future());
    stage.arrived(1).await;
    app.acquire_token_for_client([OTHER_SCOPE]).await.unwrap();
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn a_refused_call_costs_the_waiters_nothing_and_all_get_the_same_error() {
    for (fault, requests) in [
        (Fault::json(401, r#"{"error":"invalid_client"}"#), 1),
        (Fault::status(500), 2),
        (Fault::close(), 2),
    ] {
        let stage = Stage::new();
        let app = stage.asynchronous().build().unwrap();
        stage.provider.script(fault.on(Endpoint::Token).forever());
        let hold = stage.provider.hold(Endpoint::Token);
        let mut calls: Vec<_> = (0..64)
            .map(|_| app.acquire_token_for_client([SCOPE]).into_future())
            .collect();
        assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
        let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
        stage.arrived(1).await;
        hold.release();
        let mut errors = Vec::new();
        for call in calls {
            errors.push(call.await.unwrap().unwrap_err());
        }
        assert_same(&errors);
        assert_eq!(stage.token_requests(), requests);
    }
}

#[test]
fn a_refused_call_costs_waiting_threads_nothing_and_all_get_the_same_error() {
    let stage = Stage::new();
    let store = WatchedStore::default();
    let app = stage
        .blocking()
        .token_store(Arc::new(store.clone()))
        .build()
        .unwrap();
    stage
        .provider
        .script(Fault::close().on(Endpoint::Token).forever());
    let hold = stage.provider.hold(Endpoint::Token);
    let errors: Vec<_> = thread::scope(|scope| {
        let call = || app.acquire_token_for_client([SCOPE]).send().unwrap_err();
        let calls: Vec<_> = (0..64).map(|_| scope.spawn(call)).collect();
        store.looked_into(2 * 64);
        // From the last look to the queue it is a few instructions, but a thread may be off the processor there.
        thread::sleep(Duration::from_millis(500));
        hold.release();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_same(&errors);
    assert_eq!(stage.token_requests(), 2);
}

fn assert_same(errors: &[Error]) {
    let first = format!("{:?}", errors[0]);
    for error in errors {
        assert_eq!(format!("{error:?}"), first);
    }
}

#[tokio::test]
async fn two_applications_share_a_cache_where_they_are_one_client_in_one_tenant() {
    let stage = Stage::new();
    let cache = TokenCache::new();
    let one = stage
        .asynchronous()
        .token_cache(cache.clone())
        .build()
        .unwrap();
    let other = stage.blocking().token_cache(cache.clone()).build().unwrap();
    let first = one.acquire_token_for_client([SCOPE]).await.unwrap();
    let second = other.acquire_token_for_client([SCOPE]).send().unwrap();
    assert_eq!(second.token_source(), TokenSource::Cache);
    assert_eq!(first.access_token(), second.access_token());

    let another = msal_testing::App::new("aaaaaaaa-0000-4000-8000-000000000001").secret("hush");
    stage.provider.register_app(another);
    let stranger =
        msal::ConfidentialClientApplication::builder("aaaaaaaa-0000-4000-8000-000000000001")
            .authority(crate::stage::authority())
            .credential(msal::ClientCredential::from_secret("hush"))
            .token_cache(cache)
            .transport(crate::transports::proxied(&stage.provider))
            .build()
            .unwrap();
    let third = stranger.acquire_token_for_client([SCOPE]).await.unwrap();
    assert_eq!(third.token_source(), TokenSource::IdentityProvider);
}
