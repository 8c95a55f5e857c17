//! Many callers, impatient callers, and caches that outlive their application.

use std::time::{Duration, Instant};

use msal::ManagedIdentityId::SystemAssigned;
use msal::interactive::CancelHandle;
use msal::{ErrorKind, PersistentCache, TokenSource};
use msal_testing::{Endpoint, Fault, Machine};

use super::computer::*;
use crate::stage::{LONG, poll_once};

#[test]
fn ten_who_ask_at_once_make_one_request() {
    // 79
    let computer = Computer::new();
    let machine = computer.machine(Machine::Imds, &[]);
    let app = computer.asynchronous(&machine, &SystemAssigned);
    let app = app.build().unwrap();
    computer.runtime.block_on(async {
        let hold = computer.provider.hold(Endpoint::ManagedIdentity);
        let mut calls: Vec<_> = (0..10)
            .map(|_| app.acquire_token(VAULT).into_future())
            .collect();
        assert!(calls.iter_mut().all(|call| poll_once(call).is_pending()));
        hold.release();
        for call in calls {
            call.await.unwrap();
        }
    });
    assert_eq!(computer.requests(), 1);
    let hit = computer
        .runtime
        .block_on(app.acquire_token(VAULT).into_future());
    assert_eq!(hit.unwrap().token_source(), TokenSource::Cache);

    let app = computer
        .blocking(&machine, &SystemAssigned)
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| app.acquire_token(VAULT).send().unwrap());
        }
    });
    assert_eq!(computer.requests(), 2);
}

#[test]
fn a_call_that_is_given_up_in_a_pause_ends_at_once() {
    // 68: a service that is being updated is given ten seconds.
    let computer = Computer::new();
    let gone = || Fault::status(410).on(Endpoint::ManagedIdentity);
    let machine = computer.machine(Machine::Imds, &[]);
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .build()
        .unwrap();
    computer.provider.script(gone());
    let handle = CancelHandle::new();
    let begun = Instant::now();
    let error = std::thread::scope(|scope| {
        let call = scope.spawn(|| app.acquire_token(VAULT).send_until_cancelled(&handle));
        let arrived = computer
            .provider
            .wait_for(Endpoint::ManagedIdentity, 1, LONG);
        let request = arrived.unwrap();
        while request.status().is_none() {
            std::thread::yield_now();
        }
        handle.cancel();
        call.join().unwrap().unwrap_err()
    });
    assert_eq!(error.kind(), &ErrorKind::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(computer.requests(), 1);

    let app = computer.asynchronous(&machine, &SystemAssigned);
    let app = app.build().unwrap();
    computer.provider.script(gone());
    let begun = Instant::now();
    computer.runtime.block_on(async {
        let call = tokio::spawn(app.acquire_token(VAULT).into_future());
        let arrived = computer
            .provider
            .wait_for_async(Endpoint::ManagedIdentity, 2, LONG);
        arrived.await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        // Nobody is in the way of who comes next.
        app.acquire_token(VAULT).await.unwrap();
    });
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(computer.requests(), 3);
}

#[test]
fn a_service_that_is_not_well_is_asked_again() {
    // 53, 61
    let computer = Computer::new();
    for (played, status) in [(Machine::Imds, 404), (Machine::AppService, 500)] {
        let machine = computer.machine(played, &[]);
        let fault = || Fault::status(status).on(Endpoint::ManagedIdentity);
        let before = computer.requests();
        computer.provider.script(fault());
        let app = computer
            .blocking(&machine, &SystemAssigned)
            .build()
            .unwrap();
        app.acquire_token(VAULT).send().unwrap();
        computer.provider.script(fault());
        let app = computer.asynchronous(&machine, &SystemAssigned);
        let app = app.build().unwrap();
        let call = app.acquire_token(VAULT).into_future();
        computer.runtime.block_on(call).unwrap();
        assert_eq!(computer.requests(), before + 4);
    }
}

#[test]
fn an_answer_that_never_comes_ends_with_the_calls_own_time() {
    let computer = Computer::new();
    let machine = computer.machine(Machine::Imds, &[]);
    let hang = || Fault::hang().on(Endpoint::ManagedIdentity);
    computer.provider.script(hang().times(2));
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .build()
        .unwrap();
    let error = app.acquire_token(VAULT).timeout(limit).send().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    let app = computer.asynchronous(&machine, &SystemAssigned);
    let app = app.build().unwrap();
    let call = app.acquire_token(VAULT).timeout(limit).into_future();
    let error = computer.runtime.block_on(call).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_machines_token_outlives_its_application_in_a_file() {
    let computer = Computer::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.json");
    let cache = || PersistentCache::file(&path).unwrap();
    for (expected, id) in [(1, SystemAssigned), (2, client_id()), (3, object_id())] {
        let machine = computer.machine(Machine::Imds, &[]);
        let app = computer.blocking(&machine, &id).token_cache(cache());
        let first = app.build().unwrap().acquire_token(VAULT).send().unwrap();
        assert!(first.persist_error().is_none());
        assert_eq!(first.token_source(), TokenSource::IdentityProvider);
        let app = computer.asynchronous(&machine, &id).token_cache(cache());
        let app = app.build().unwrap();
        let call = app.acquire_token(VAULT).into_future();
        let second = computer.runtime.block_on(call).unwrap();
        assert_eq!(second.token_source(), TokenSource::Cache);
        assert_eq!(second.access_token(), first.access_token());
        assert_eq!(computer.requests(), expected);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("system_assigned_managed_identity"));
    assert!(text.contains("\"managed_identity\""));
    assert!(text.contains("login.microsoftonline.com"));
}

#[test]
fn a_long_life_is_renewed_beside_at_its_half() {
    // 82
    let computer = Computer::new();
    computer.provider.set_lifetime(10_800);
    let machine = computer.machine(Machine::AppService, &[]);
    let app = computer
        .blocking(&machine, &SystemAssigned)
        .build()
        .unwrap();
    let first = app.acquire_token(VAULT).send().unwrap();
    computer.clock.advance(5_500);
    computer.provider.set_clock_offset(5_500);
    let stale = app.acquire_token(VAULT).send().unwrap();
    assert_eq!(stale.access_token(), first.access_token());
    let renewal = computer
        .provider
        .wait_for(Endpoint::ManagedIdentity, 2, LONG);
    renewal.unwrap();
    let waited = app.acquire_token(VAULT).wait_for_refresh().send().unwrap();
    assert_ne!(waited.access_token(), first.access_token());
    assert!(computer.requests() <= 3);
}
